package dev.clusca.emulator.machine;

import dev.clusca.random.Philox;

/** A seeded order of the blocks of a grid: a Feistel network over the numbers, walked until it falls within the grid, so that no list of blocks is needed. */
final class BlockOrder {
    private static final int ROUNDS = 4;

    private final long blocks;
    private final long seed;
    private final int halfBits;

    BlockOrder(long blocks, long seed) {
        this.blocks = blocks;
        this.seed = seed;
        int bits = 64 - Long.numberOfLeadingZeros(Math.max(1, blocks - 1));
        halfBits = (bits + 1) / 2;
    }

    /** The {@code k}-th block to run. */
    long block(long k) {
        long number = k;
        do {
            number = shuffle(number);
        } while (number >= blocks);
        return number;
    }

    private long shuffle(long number) {
        int mask = (1 << halfBits) - 1;
        int left = (int) (number >>> halfBits) & mask;
        int right = (int) number & mask;
        for (int round = 0; round < ROUNDS; round++) {
            int mixed = left ^ Philox.draw(seed, right, round, 1, 0) & mask;
            left = right;
            right = mixed;
        }
        return (long) left << halfBits | right;
    }
}
