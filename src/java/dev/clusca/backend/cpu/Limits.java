package dev.clusca.backend.cpu;

import dev.clusca.backend.DeviceLimits;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.DoubleSupplier;

/** Measures what the processor can do at most, with all threads: multiply-adds between registers, reading memory, and updating it in place. For the worker's thread. */
final class Limits {
    /** Long enough for clocks to rise, and for the JVM's compilers to leave the cores alone for a moment. */
    private static final long NANOS = 300_000_000;
    /** Some milliseconds of multiply-adds. */
    private static final long ROUNDS = 3_000_000;
    /** Memory that is read: many times the caches of most processors, and whole blocks of the kernel that reads it. */
    private static final long LEAST_BYTES = 256L << 20;

    private static final int BLOCK = 4096;

    private Limits() {}

    static DeviceLimits measure(CpuKernels kernels, DType dtype) {
        long cache = Processor.lastLevelCache();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment result = arena.allocate(2 * ValueLayout.JAVA_DOUBLE.byteSize(), 64);
            double flops = best(() -> {
                kernels.multiplyAdds(ROUNDS, Engine.type(dtype), result.address());
                return result.get(ValueLayout.JAVA_DOUBLE, 0);
            });
            long elements = Math.max(LEAST_BYTES, 4 * cache) / Float.BYTES / BLOCK * BLOCK;
            Tensor data = CpuTensors.allocate(arena, DType.F32, Shape.of(elements), Worker.NOTHING);
            data.memory().fill((byte) 0); // pages that were never written are all one and the same
            double read = best(() -> {
                kernels.sum(data.address(), elements, result.address());
                return data.bytes();
            });
            double updated = best(() -> {
                kernels.negate(data.address(), elements);
                return 2.0 * data.bytes();
            });
            return new DeviceLimits(
                    Math.max(read, updated),
                    flops,
                    cache,
                    "measured: multiply-adds between registers, reading and updating " + (data.bytes() >> 20) + " MiB");
        }
    }

    /** The most that work, which tells how much it did, did in a second. */
    private static double best(DoubleSupplier work) {
        double best = 0;
        long begin = System.nanoTime();
        long start;
        do {
            start = System.nanoTime();
            double done = work.getAsDouble();
            best = Math.max(best, done / ((System.nanoTime() - start) * 1e-9));
        } while (start - begin < NANOS);
        return best;
    }
}
