package dev.clusca.emulator.machine;

import dev.clusca.random.Philox;

/** Seeded choices of the scheduler. */
final class Dice {
    private final long seed;
    private final int stream;
    private int throwsSoFar;

    Dice(long seed, long stream) {
        this.seed = seed;
        this.stream = (int) stream;
    }

    /** A number from 0 to {@code bound - 1}. */
    int below(int bound) {
        return Integer.remainderUnsigned(Philox.draw(seed, throwsSoFar++, stream, 0, 0), bound);
    }
}
