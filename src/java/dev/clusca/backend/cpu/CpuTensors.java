package dev.clusca.backend.cpu;

import dev.clusca.backend.BackendException;
import dev.clusca.bindings.cpu.CpuMemory;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Allocates tensors. */
final class CpuTensors {
    /** Asking Linux how much memory is free takes 30 microseconds; smaller pieces do not ask. */
    private static final long ASK_FROM = 32L << 20;

    private CpuTensors() {}

    static Tensor allocate(Arena arena, DType dtype, Shape shape) {
        long bytes;
        try {
            bytes = Math.multiplyExact(shape.elements(), (long) dtype.bytes());
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(dtype + "" + shape + " has more bytes than a 64-bit count holds", e);
        }
        return Tensor.of(allocate(arena, bytes, dtype + "" + shape), dtype, shape);
    }

    /** Linux grants memory that it does not have and kills the process when it is touched, so large pieces are held against what is free. */
    static MemorySegment allocate(Arena arena, long bytes, String purpose) {
        if (bytes >= ASK_FROM && bytes > Processor.freeMemory()) {
            throw outOfMemory(bytes, purpose);
        }
        MemorySegment memory = CpuMemory.allocate(arena, bytes);
        if (memory == null) {
            throw outOfMemory(bytes, purpose);
        }
        return memory;
    }

    private static BackendException outOfMemory(long bytes, String purpose) {
        return new BackendException(
                "out of memory: " + purpose + " needs " + mebibytes(bytes) + " MiB, the machine has "
                        + mebibytes(Processor.freeMemory())
                        + " MiB free; sample fewer images at a time, use --dtype bf16, or close other programs");
    }

    private static long mebibytes(long bytes) {
        return (bytes + (1 << 20) - 1) >> 20;
    }
}
