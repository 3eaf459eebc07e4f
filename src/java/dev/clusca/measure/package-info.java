/**
 * Measurements that can be trusted: one operation ({@link dev.clusca.measure.KernelBenchmark}) on a device, and what it costs where no device is ({@link
 * dev.clusca.measure.StaticBenchmark}). {@code bench/METHOD.md} says how and why.
 */
@NullMarked
package dev.clusca.measure;

import org.jspecify.annotations.NullMarked;
