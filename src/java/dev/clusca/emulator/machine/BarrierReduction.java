package dev.clusca.emulator.machine;

/** What a warp does when the barrier that it waits at opens; for bar.red, with the predicates of all. */
@FunctionalInterface
public interface BarrierReduction {
    /** For bar.sync, which reduces nothing. */
    BarrierReduction NONE = (held, lanes) -> {};

    /** {@code held} of the {@code lanes} lanes that arrived had a true predicate. */
    void accept(int held, int lanes);
}
