/**
 * {@code clusca verify}: is a backend right? {@link dev.clusca.cli.verify.VerifyCommand} runs two kinds of cases, {@link dev.clusca.cli.verify.OpCheck every operation
 * against the reference backend}, and {@link dev.clusca.cli.verify.GoldenSets golden values} that other programs computed.
 *
 * <p>To add an operation: add its {@link dev.clusca.cli.verify.OpCase}s to the family that it belongs to. One case states inputs, outputs, the call and how exact the result
 * must be; everything else (random data, guards, poison, comparison, messages) follows from it.
 */
@NullMarked
package dev.clusca.cli.verify;

import org.jspecify.annotations.NullMarked;
