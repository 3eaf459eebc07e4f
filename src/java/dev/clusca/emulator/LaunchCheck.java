package dev.clusca.emulator;

import dev.clusca.emulator.ptx.Entry;
import dev.clusca.emulator.report.Dim3;

/** Refuses launches that a GPU would refuse. */
final class LaunchCheck {
    private static final int MAX_GRID_X = Integer.MAX_VALUE;
    private static final int MAX_GRID_YZ = 65535;
    private static final int MAX_BLOCK_XY = 1024;
    private static final int MAX_BLOCK_Z = 64;

    private LaunchCheck() {}

    static void check(Entry entry, Dim3 grid, Dim3 block, int sharedBytes, byte[] parameters) {
        if (!within(grid, MAX_GRID_X, MAX_GRID_YZ, MAX_GRID_YZ) || grid.count() > Integer.MAX_VALUE) {
            throw refuse(
                    entry,
                    "a grid of " + grid + " blocks; up to (2147483647,65535,65535) and 2147483647 in all are possible");
        }
        if (!within(block, MAX_BLOCK_XY, MAX_BLOCK_XY, MAX_BLOCK_Z) || block.count() > entry.maxThreads()) {
            throw refuse(entry, "blocks of " + block + " threads; the kernel takes " + entry.maxThreads());
        }
        long shared = entry.sharedBytes() + sharedBytes;
        if (sharedBytes < 0 || shared > Emulator.MAX_SHARED_BYTES) {
            throw refuse(
                    entry,
                    sharedBytes + " bytes of dynamic shared memory beside " + entry.sharedBytes()
                            + " static; a block has " + Emulator.MAX_SHARED_BYTES);
        }
        if (parameters.length < entry.parameterBytes()) {
            throw refuse(entry, parameters.length + " bytes of parameters; the kernel reads " + entry.parameterBytes());
        }
    }

    private static boolean within(Dim3 extent, int x, int y, int z) {
        return extent.x() >= 1
                && extent.x() <= x
                && extent.y() >= 1
                && extent.y() <= y
                && extent.z() >= 1
                && extent.z() <= z;
    }

    private static IllegalArgumentException refuse(Entry entry, String what) {
        return new IllegalArgumentException("the launch of " + entry.name() + " has " + what);
    }
}
