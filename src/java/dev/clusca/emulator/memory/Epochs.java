package dev.clusca.emulator.memory;

import java.util.Arrays;

/**
 * The order that barriers give to the warps of a block, as vector clocks. A warp's epoch is the number of the last barrier that it passed, counted over the block;
 * accesses of warp v in epoch e are ordered before warp w's if {@code e < view(w)[v]}. A warp that arrives at a barrier and does not wait is taken to have waited.
 */
public final class Epochs {
    private final int warps;
    private final int[][] view;
    private final int[] joined;
    private final SharedMemory memory;
    private int last;
    private int settled;
    private boolean onlyFullBarriers = true;

    public Epochs(int warps, SharedMemory memory) {
        this.warps = warps;
        this.memory = memory;
        // One more place than warps can be named, so that "several" has a view too.
        view = new int[warps][64];
        joined = new int[64];
        begin();
    }

    /** All warps begin, at epoch 1, and no access has been made. */
    public void begin() {
        last = 1;
        settled = 1;
        onlyFullBarriers = true;
        for (int w = 0; w < warps; w++) {
            Arrays.fill(view[w], 0);
            view[w][w] = 1;
        }
    }

    /** Warp {@code w}'s own epoch. */
    int now(int w) {
        return view[w][w];
    }

    int[] view(int w) {
        return view[w];
    }

    /** Accesses of earlier epochs are ordered before everything that comes. */
    int settled() {
        return settled;
    }

    boolean onlyFullBarriers() {
        return onlyFullBarriers;
    }

    /** The lanes of warp {@code w} pass a bar.warp.sync. */
    public void warpBarrier(int w) {
        view[w][w] = tick();
    }

    /** The warps in a set (bit w: warp w) pass a barrier together; {@code full} says that these are all of the block. */
    public void barrier(int set, boolean full) {
        int now = tick();
        Arrays.fill(joined, 0);
        for (int w = 0; w < warps; w++) {
            if ((set >>> w & 1) != 0) {
                for (int v = 0; v < warps; v++) {
                    joined[v] = Math.max(joined[v], view[w][v]);
                }
            }
        }
        for (int w = 0; w < warps; w++) {
            if ((set >>> w & 1) != 0) {
                joined[w] = now;
            }
        }
        for (int w = 0; w < warps; w++) {
            if ((set >>> w & 1) != 0) {
                System.arraycopy(joined, 0, view[w], 0, warps);
            }
        }
        if (full) {
            settled = now;
        } else {
            onlyFullBarriers = false;
        }
    }

    private int tick() {
        if (last == SharedMemory.MAX_EPOCH) {
            // Records cannot count further: forget the accesses so far rather than report what is not there.
            memory.forgetAccesses();
            begin();
        }
        return ++last;
    }
}
