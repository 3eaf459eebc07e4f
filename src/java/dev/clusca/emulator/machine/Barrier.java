package dev.clusca.emulator.machine;

import java.util.ArrayList;
import java.util.List;

/** One of a block's 16 barriers: who has arrived, and the reduction that bar.red asks for. */
final class Barrier {
    /** A warp that waits; {@code onRelease} runs when the barrier opens, with the number of lanes whose predicate held. */
    record Waiting(Warp warp, BarrierReduction onRelease) {}

    private final List<Waiting> waiting = new ArrayList<>();
    private int arrivedWarps;
    private int lanes;
    private int held;
    private int expected;

    /** A warp arrives; {@code threads} of them are expected, as counted in whole warps. Gives whether that opens the barrier. */
    boolean arrive(int warp, int arrivedLanes, int heldLanes, int threads) {
        arrivedWarps |= 1 << warp;
        lanes += arrivedLanes;
        held += heldLanes;
        expected = threads;
        return Integer.bitCount(arrivedWarps) * Warp.LANES >= threads;
    }

    void await(Waiting one) {
        waiting.add(one);
    }

    int arrivedWarps() {
        return arrivedWarps;
    }

    int arrivedLanes() {
        return lanes;
    }

    boolean isIdle() {
        return arrivedWarps == 0;
    }

    int expected() {
        return expected;
    }

    /** Lets everyone go. */
    void open() {
        for (Waiting one : waiting) {
            one.onRelease.accept(held, lanes);
            one.warp.status(Warp.Status.READY);
        }
        clear();
    }

    void clear() {
        waiting.clear();
        arrivedWarps = 0;
        lanes = 0;
        held = 0;
    }
}
