package dev.clusca.backend.cpu;

import dev.clusca.backend.HostMemory;
import dev.clusca.bindings.cpu.CpuMemory;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Allocates tensors. */
final class CpuTensors {
    private static final MemoryBudget BUDGET = new MemoryBudget(Processor::freeMemory, Processor::writtenMemory);

    private CpuTensors() {}

    /** @param settle waits for work that may still use the tensor when its arena is closed */
    static Tensor allocate(Arena arena, DType dtype, Shape shape, Runnable settle) {
        return Tensor.of(allocate(arena, shape.bytes(dtype), dtype + "" + shape, settle), dtype, shape);
    }

    /**
     * @param purpose for messages, as in {@code BF16[1152, 4608]}
     * @param settle as above
     */
    static MemorySegment allocate(Arena arena, long bytes, String purpose, Runnable settle) {
        HostMemory.checkOpen(arena, purpose);
        BUDGET.take(bytes, purpose);
        MemorySegment memory = CpuMemory.allocate(arena, bytes, settle, () -> BUDGET.release(bytes));
        if (memory == null) {
            BUDGET.release(bytes);
            throw BUDGET.exceeded(bytes, purpose);
        }
        return memory;
    }
}
