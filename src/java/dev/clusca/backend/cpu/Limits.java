package dev.clusca.backend.cpu;

import dev.clusca.backend.DeviceLimits;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Measures what the processor can do at most, with all threads: multiply-adds between registers, and reading memory. For the worker's thread. */
final class Limits {
    private static final int RUNS = 5;
    /** Some milliseconds of multiply-adds. */
    private static final long ROUNDS = 3_000_000;
    /** Memory that is read: many times the caches of most processors, and whole blocks of the kernel that reads it. */
    private static final long LEAST_BYTES = 256L << 20;

    private Limits() {}

    static DeviceLimits measure(CpuKernels kernels) {
        long cache = Processor.lastLevelCache();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment result = arena.allocate(2 * ValueLayout.JAVA_DOUBLE.byteSize(), 64);
            double flops = 0;
            for (int run = 0; run < RUNS; run++) {
                long start = System.nanoTime();
                kernels.multiplyAdds(ROUNDS, result.address());
                double seconds = (System.nanoTime() - start) * 1e-9;
                flops = Math.max(flops, result.get(ValueLayout.JAVA_DOUBLE, 0) / seconds);
            }
            long elements = Math.max(LEAST_BYTES, 4 * cache) / Float.BYTES / 4096 * 4096;
            Tensor data = CpuTensors.allocate(arena, DType.F32, Shape.of(elements));
            data.memory().fill((byte) 0); // pages that were never written are all one and the same
            double bytes = 0;
            for (int run = 0; run < RUNS; run++) {
                long start = System.nanoTime();
                kernels.sum(data.address(), elements, result.address());
                double seconds = (System.nanoTime() - start) * 1e-9;
                bytes = Math.max(bytes, data.bytes() / seconds);
            }
            return new DeviceLimits(
                    bytes,
                    flops,
                    cache,
                    "measured: multiply-adds between registers, and reading " + (data.bytes() >> 20) + " MiB");
        }
    }
}
