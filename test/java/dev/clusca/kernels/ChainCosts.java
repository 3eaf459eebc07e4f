package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.CLUSTERS;
import static dev.clusca.kernels.Cost.SECTOR;

import java.util.stream.Stream;

/** {@code chain.cu}: a layer on one block, which waits for nobody and has all tiles. */
final class ChainCosts {
    private static final int WIDTH = 384;
    private static final int DEPTH = 4;
    /** Tiles of 8 columns that are multiplied at a time, with one reading of the left operand. */
    private static final int TILES = 5;

    private ChainCosts() {}

    static Stream<Cost> all() {
        return Stream.of(chain());
    }

    /**
     * Weights and biases; of the modulations shift, scale and gate; a row, its sums and its correction, U and base in and out; normalised rows, hidden features and sums, which go to memory and come
     * back.
     */
    private static Cost chain() {
        int m = ChainLaunch.IMAGES * CLUSTERS;
        long elements = (long) m * WIDTH;
        long weights = 2L * WIDTH * WIDTH * 2 + 2 * WIDTH * 4;
        long modulations = 3L * ChainLaunch.IMAGES * WIDTH * 2;
        long state = elements * (2 * 4 + 4 + 2 * 4 + 2 * 2);
        long between = 2 * elements * (2 + 2 + 4);
        int turns = Math.ceilDiv(WIDTH / 8, TILES);
        return Cost.of(
                        ChainLaunch.ENTRY,
                        weights + modulations + state + between,
                        gpu -> ChainLaunch.of(gpu, 1, CLUSTERS, WIDTH, WIDTH).launch(1, DEPTH))
                .asking(
                        weights
                                + modulations * CLUSTERS
                                + (m - 1) * WIDTH * 4L
                                + state
                                + between
                                + 2L * (turns - 1) * elements * 2
                                + elements / 128 * 4 * SECTOR,
                        "a block with more tiles than it multiplies at a time reads the left operand again, from L2, and each cluster bias and its batch row's modulation, from L1");
    }
}
