package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.CLUSTERS;
import static dev.clusca.kernels.Cost.ELEMENTS;
import static dev.clusca.kernels.Cost.FEW_ELEMENTS;
import static dev.clusca.kernels.Cost.LAYERS;
import static dev.clusca.kernels.Cost.ROWS;
import static dev.clusca.kernels.Cost.SECTOR;
import static dev.clusca.kernels.Cost.TOKENS;
import static dev.clusca.kernels.Cost.WIDTH;

import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.emulator.report.LaunchReport;
import dev.clusca.tensor.DType;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** {@code kmeans.cu}, one iteration, and {@code draws.cu}. */
final class ClusterCosts {
    private static final int WARPS = 8;

    /** What every warp of a draw reads first: batch row, cursor and step. */
    private static final int WORDS = 3;

    private ClusterCosts() {}

    static Stream<Cost> all() {
        return Stream.concat(
                Types.FLOATS.stream().map(ClusterCosts::kMeans), Stream.of(firstTokens(), representatives()));
    }

    /** Distances: tokens, and the centroids for every 32 of them. Means: tokens, the old and the new centroids, and the labels for each of 2 slices of a cluster. Then the copy from scratch. */
    private static Cost kMeans(DType type) {
        String entry = Types.entry("kmeans", type);
        long centroids = FEW_ELEMENTS * 4;
        // A thread holds 4 channels of a slice.
        int slices = Math.ceilDiv(WIDTH, 1024);
        long assign = ELEMENTS * type.bytes() + centroids * TOKENS / 32;
        long update = ELEMENTS * type.bytes() + 2 * centroids + (long) ROWS * CLUSTERS * slices * TOKENS * 4;
        return Cost.of(
                entry,
                assign + update + 2 * centroids,
                gpu -> gpu.launch(
                        entry,
                        Gpu.grid(1),
                        gpu.host.random(type, ROWS, TOKENS, WIDTH),
                        gpu.host.random(DType.F32, ROWS, CLUSTERS, WIDTH),
                        gpu.host.poison(DType.F32, ROWS, CLUSTERS, WIDTH),
                        gpu.host.poison(DType.I32, ROWS, TOKENS),
                        gpu.host.poison(DType.I32, ROWS),
                        gpu.host.ints(0, 0, 0, 0),
                        ROWS,
                        TOKENS,
                        CLUSTERS,
                        WIDTH,
                        1,
                        0,
                        1e-4f,
                        1e-8f));
    }

    private static Cost firstTokens() {
        return Cost.of("draw_first_tokens", ROWS * (WORDS + CLUSTERS) * 4, ClusterCosts::drawFirstTokens)
                .asking(
                        ROWS * (WARPS * WORDS + CLUSTERS) * SECTOR,
                        "each of 8 warps reads batch row, cursor and step, from L1, and each token is a store of its own");
    }

    private static LaunchReport drawFirstTokens(Gpu gpu) {
        StepTable steps = gpu.host.step(Map.of(Column.STEP, 7.0));
        return gpu.launch(
                "draw_first_tokens",
                Gpu.grid(ROWS),
                gpu.host.ints(6, 7),
                steps.rows(),
                steps.cursor(),
                gpu.host.poison(DType.I32, ROWS, CLUSTERS),
                0x7edcba9876543210L,
                TOKENS,
                CLUSTERS,
                1);
    }

    /** Neighbours mostly belong to one cluster, as in an image. */
    private static Cost representatives() {
        long least = (long) ROWS * TOKENS * 4 + (long) LAYERS * ROWS * CLUSTERS * 4;
        return Cost.of("draw_representatives", least, ClusterCosts::drawRepresentatives)
                .asking(
                        LAYERS * ROWS * (WARPS * WORDS * SECTOR + (TOKENS + CLUSTERS) * 4),
                        "each layer's block reads the labels, from L2, and each of its 8 warps row, cursor and step")
                .conflicting(
                        "lanes whose tokens belong to one cluster meet at the slot of its best draw, and take turns there");
    }

    private static LaunchReport drawRepresentatives(Gpu gpu) {
        StepTable steps = gpu.host.step(Map.of(Column.STEP, 7.0));
        return gpu.launch(
                "draw_representatives",
                Gpu.grid(ROWS, LAYERS),
                gpu.host.ints(6, 7),
                steps.rows(),
                steps.cursor(),
                gpu.host
                        .ints(IntStream.range(0, ROWS * TOKENS)
                                .map(i -> i % TOKENS * CLUSTERS / TOKENS)
                                .toArray())
                        .reshape(ROWS, TOKENS),
                gpu.host.poison(DType.I32, LAYERS, ROWS, CLUSTERS),
                0x7edcba9876543210L,
                TOKENS,
                CLUSTERS,
                1);
    }
}
