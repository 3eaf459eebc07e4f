package dev.clusca.backend.cpu;

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

    static Tensor allocate(Arena arena, DType dtype, Shape shape) {
        return Tensor.of(allocate(arena, shape.bytes(dtype), dtype + "" + shape), dtype, shape);
    }

    /** @param purpose for messages, as in {@code BF16[1152, 4608]} */
    static MemorySegment allocate(Arena arena, long bytes, String purpose) {
        BUDGET.take(bytes, purpose);
        MemorySegment memory = CpuMemory.allocate(arena, bytes, () -> BUDGET.release(bytes));
        if (memory == null) {
            BUDGET.release(bytes);
            throw BUDGET.exceeded(bytes, purpose);
        }
        return memory;
    }
}
