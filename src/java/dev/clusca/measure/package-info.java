/**
 * Measurements that can be trusted: operations on a device ({@link dev.clusca.measure.KernelBenchmark}), what they cost where no device is ({@link dev.clusca.measure.StaticBenchmark}), cache
 * policies of whole models ({@link dev.clusca.measure.ModelBenchmark}); their tables and result files. {@code bench/METHOD.md} says how and why.
 */
@NullMarked
package dev.clusca.measure;

import org.jspecify.annotations.NullMarked;
