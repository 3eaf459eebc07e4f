package dev.clusca.emulator.machine;

/** An instruction, decoded once and run for a whole warp at a time. Holds no state: several warps run it on several threads. */
@FunctionalInterface
public interface Op {
    /** Runs for the lanes in {@code mask} (bit l: lane l), of which there is at least one. */
    void run(Warp warp, int mask);
}
