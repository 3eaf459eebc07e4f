/**
 * One operation at one size: a test, a cost and a benchmark in one object. {@link dev.clusca.cases.OpCase} states inputs, outputs, the call and how exact the result must be; everything
 * else follows from it: random data, guards, poison, comparison and messages ({@link dev.clusca.cases.OpCheck}), bytes and FLOPs, and what is timed.
 *
 * <p>To add an operation: add its cases to the family that it belongs to, and its size in a model to {@link dev.clusca.cases.ModelCases}.
 */
@NullMarked
package dev.clusca.cases;

import org.jspecify.annotations.NullMarked;
