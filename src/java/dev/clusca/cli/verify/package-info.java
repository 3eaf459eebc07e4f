/**
 * {@code clusca verify}: is a backend right? {@link dev.clusca.cli.verify.VerifyCommand} runs two kinds of cases, {@link dev.clusca.cases.OpCheck every operation
 * against the reference backend}, and {@link dev.clusca.cli.verify.GoldenSets golden values} that other programs computed.
 */
@NullMarked
package dev.clusca.cli.verify;

import org.jspecify.annotations.NullMarked;
