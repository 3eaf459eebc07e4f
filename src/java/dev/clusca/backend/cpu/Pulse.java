package dev.clusca.backend.cpu;

import dev.clusca.backend.Activation;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.bindings.cpu.FloatMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A product of a fixed size, some tens of microseconds long, that stays in each core's own caches. It meets a neighbour on the core's other hardware thread as operations do: multiply-adds between registers,
 * which leave room for the neighbour's instructions, hardly notice one that makes products take 1.4 times as long.
 */
final class Pulse {
    /** Whole tasks at every level: rows, and columns for each thread. */
    private static final int ROWS = 144;

    private static final int COLUMNS = 96;
    private static final int INPUTS = 256;
    /** How far apart rows may be copied. */
    private static final int ROOM = 320;

    private static final long ALIGNMENT = 64;

    private final CpuKernels kernels;
    private final int outputs;
    private final MemorySegment rows;
    private final MemorySegment weights;
    private final MemorySegment out;
    private final MemorySegment room;

    /** @param threads a task for each of them */
    Pulse(CpuKernels kernels, Arena arena, int threads) {
        this.kernels = kernels;
        outputs = COLUMNS * threads;
        rows = floats(arena, ROWS * INPUTS);
        weights = floats(arena, (long) outputs * INPUTS);
        out = floats(arena, (long) ROWS * outputs);
        room = floats(arena, ROWS * ROOM);
    }

    /** Zeros, which take as long as any other numbers. */
    private static MemorySegment floats(Arena arena, long count) {
        return arena.allocate(count * Float.BYTES, ALIGNMENT);
    }

    void run() {
        kernels.multiply(
                rows.address(),
                ROWS,
                INPUTS,
                new FloatMemory(weights.address(), FloatMemory.F32),
                MemorySegment.NULL.address(),
                outputs,
                Activation.NONE.ordinal(),
                out.address(),
                FloatMemory.F32,
                room.address());
    }
}
