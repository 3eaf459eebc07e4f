package dev.clusca.emulator;

import dev.clusca.emulator.memory.Allocation;
import dev.clusca.emulator.memory.DeviceMemory;

/** The memory that cooperative groups' grid barrier works in; kernels find it through {@code %envreg1} and {@code %envreg2}. It begins as zeros. */
final class GridBarrier {
    private static final int BYTES = 32;

    private GridBarrier() {}

    static long allocate(DeviceMemory memory) {
        Allocation barrier = memory.allocate(BYTES, "the grid barrier");
        memory.fill(barrier.address(), 0, 1, BYTES);
        return barrier.address();
    }
}
