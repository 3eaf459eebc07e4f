package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.emulator.report.LaunchReport;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * What the kernels ask of memory at the width of DiT-XL, in sectors of 32 bytes: at most 1.05 times the bytes that their contract needs, and no bank conflicts. Where a kernel
 * asks for more, the test says why; what L1 or L2 serve again counts each time.
 */
class CostTest {
    private static final int ROWS = 2;
    private static final int TOKENS = 64;
    private static final int WIDTH = 1152;
    private static final long ELEMENTS = (long) ROWS * TOKENS * WIDTH;

    @Test
    void layerNorm() {
        try (Gpu gpu = new Gpu()) {
            Modulation m = gpu.host.modulation(DType.BF16, ROWS, WIDTH, gpu.host.step(Map.of()));
            LaunchReport report = gpu.launch(
                    "layer_norm_modulate_f32_bf16_bf16",
                    Gpu.grid(2, ROWS),
                    gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH),
                    m.table(),
                    m.conditions(),
                    m.steps().cursor(),
                    gpu.host.poison(DType.BF16, ROWS, TOKENS, WIDTH),
                    TOKENS,
                    WIDTH,
                    2,
                    4,
                    0,
                    1,
                    4,
                    1e-6f);
            assertBytes(report, ELEMENTS * (4 + 2) + ROWS * WIDTH * 2 * 2, 1.05);
            assertNoConflicts(report);
        }
    }

    @Test
    void ladder() {
        try (Gpu gpu = new Gpu()) {
            StepTable steps = steps(gpu);
            Modulation m = gpu.host.modulation(DType.BF16, ROWS, WIDTH, steps);
            Tensor ladder = gpu.host.random(DType.BF16, 3, ROWS, TOKENS, WIDTH);
            Tensor feature = gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH);
            Tensor x = gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH);
            assertBytes(
                    gpu.launch(
                            "ladder_update_f32_bf16",
                            Gpu.grid(ELEMENTS / 2048),
                            feature,
                            ladder,
                            steps.rows(),
                            steps.cursor(),
                            ELEMENTS,
                            3),
                    ELEMENTS * (4 + 5 * 2),
                    1.05);
            assertBytes(
                    gpu.launch(
                            "forecast_residual_bf16_bf16_f32",
                            Gpu.grid(9, ROWS),
                            ladder,
                            m.table(),
                            m.conditions(),
                            steps.rows(),
                            steps.cursor(),
                            x,
                            3,
                            TOKENS,
                            WIDTH,
                            2,
                            4,
                            1,
                            8),
                    ELEMENTS * (3 * 2 + 2 * 4),
                    1.05);
            assertBytes(
                    gpu.launch(
                            "gate_residual_bf16_f32_f32",
                            Gpu.grid(9, ROWS),
                            gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH),
                            m.table(),
                            m.conditions(),
                            steps.cursor(),
                            feature,
                            x,
                            TOKENS,
                            WIDTH,
                            2,
                            4,
                            1,
                            8),
                    ELEMENTS * (4 + 4 + 2 * 4),
                    1.05);
        }
    }

    /** The planes once each. Both gates of a layer are asked for again by every second token: 4 bytes on top of 40, from L1. */
    @Test
    void prefixPass() {
        try (Gpu gpu = new Gpu()) {
            int layers = 2;
            int clusters = 16;
            int terms = 5;
            StepTable steps = gpu.host.step(Map.of(
                    Column.TERMS, 5.0,
                    Column.FACTOR_0, 1.0,
                    Column.FACTOR_1, -1.0,
                    Column.FACTOR_2, 0.5,
                    Column.FACTOR_3, -0.2,
                    Column.FACTOR_4, 0.1));
            int[] labels = new int[ROWS * TOKENS];
            int[] representatives = new int[layers * ROWS * clusters];
            Arrays.setAll(labels, i -> i % clusters);
            Arrays.setAll(representatives, i -> i % clusters);
            Tensor table = gpu.host.random(DType.BF16, layers, 3, 2, 6, WIDTH);
            LaunchReport report = gpu.launch(
                    "prefix_pass_bf16_bf16",
                    Gpu.grid(TOKENS / 2 * WIDTH / 512, ROWS),
                    gpu.host.random(DType.BF16, layers, terms, ROWS, TOKENS, WIDTH),
                    gpu.host.random(DType.BF16, layers, terms, ROWS, TOKENS, WIDTH),
                    table,
                    gpu.host.ints(0, 1),
                    steps.rows(),
                    steps.cursor(),
                    gpu.host.of(DType.F32, new long[] {3, 2}, 1, 1, 1, 1, 1, 1),
                    gpu.host.ints(labels).reshape(ROWS, TOKENS),
                    gpu.host.ints(representatives).reshape(layers, ROWS, clusters),
                    gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH),
                    gpu.host.poison(DType.F32, layers, ROWS, clusters, WIDTH),
                    terms * ELEMENTS,
                    table.slice(0).shape().elements(),
                    terms,
                    layers,
                    TOKENS,
                    WIDTH,
                    clusters,
                    2,
                    6,
                    2,
                    5,
                    0.1f);
            long emitted = (long) layers * ROWS * clusters * WIDTH * 4;
            assertBytes(report, ELEMENTS * (layers * 2 * terms * 2 + 8) + emitted, 1.13);
        }
    }

    @Test
    void rows() {
        try (Gpu gpu = new Gpu()) {
            int clusters = 16;
            int[] index = new int[ROWS * clusters];
            Arrays.setAll(index, i -> i % clusters * 3);
            int[] labels = new int[ROWS * TOKENS];
            Arrays.setAll(labels, i -> i % clusters);
            Tensor chosen = gpu.host.ints(index).reshape(ROWS, clusters);
            Tensor x = gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH);
            Tensor few = gpu.host.random(DType.F32, ROWS, clusters, WIDTH);
            Tensor ladder = gpu.host.random(DType.BF16, ROWS, TOKENS, WIDTH);
            long fewElements = (long) ROWS * clusters * WIDTH;
            assertBytes(
                    gpu.launch("gather_rows_f32_f32", Gpu.grid(4), x, chosen, few, ROWS, TOKENS, clusters, WIDTH),
                    fewElements * 8,
                    1.05);
            assertBytes(
                    gpu.launch(
                            "scatter_rows_f32_bf16", Gpu.grid(4), few, chosen, ladder, ROWS, TOKENS, clusters, WIDTH),
                    fewElements * 6,
                    1.05);
            // Each token asks for its cluster's row, which L2 serves: counted with every token.
            assertBytes(
                    gpu.launch(
                            "propagate_f32_bf16",
                            Gpu.grid(ROWS * TOKENS / 8),
                            few,
                            chosen,
                            gpu.host.ints(labels).reshape(ROWS, TOKENS),
                            ladder,
                            ROWS,
                            TOKENS,
                            clusters,
                            WIDTH,
                            0.1f),
                    ELEMENTS * (4 + 2 * 2),
                    1.05);
        }
    }

    /** Tokens twice an iteration: once against all 16 centroids, once into the means. Centroids come from L2, once for 32 tokens. */
    @Test
    void kMeans() {
        try (Gpu gpu = new Gpu()) {
            int clusters = 16;
            LaunchReport report = gpu.launch(
                    "kmeans_f32",
                    Gpu.grid(1),
                    gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH),
                    gpu.host.random(DType.F32, ROWS, clusters, WIDTH),
                    gpu.host.poison(DType.F32, ROWS, clusters, WIDTH),
                    gpu.host.poison(DType.I32, ROWS, TOKENS),
                    gpu.host.poison(DType.I32, ROWS),
                    gpu.host.ints(0, 0, 0, 0),
                    ROWS,
                    TOKENS,
                    clusters,
                    WIDTH,
                    1,
                    0,
                    1e-4f,
                    1e-8f);
            long centroids = (long) ROWS * clusters * WIDTH * 4;
            // Distances: tokens, and the centroids for each group of 32. Means: tokens, old and new centroids, and
            // labels for each of 2 slices of each cluster. Then the
            // copy from scratch.
            long assign = ELEMENTS * 4 + centroids * TOKENS / 32;
            long update = ELEMENTS * 4 + 2 * centroids + ROWS * clusters * 2 * TOKENS * 4;
            assertBytes(report, assign + update + 2 * centroids, 1.05);
            assertNoConflicts(report);
        }
    }

    /** Positions come from L2, and weights once for 16 tokens; a thread reads its row of weights in pieces of 8 bytes, each time a sector that L1 holds. */
    @Test
    void patchEmbed() {
        try (Gpu gpu = new Gpu()) {
            Tensor images = gpu.host.random(DType.F32, 1, 4, 16, 16);
            LaunchReport report = gpu.launch(
                    "patch_embed_bf16_f32",
                    Gpu.grid(5, TOKENS / 16, 1),
                    images,
                    gpu.host.random(DType.BF16, WIDTH, 16),
                    gpu.host.random(DType.BF16, WIDTH),
                    gpu.host.random(DType.F32, TOKENS, WIDTH),
                    gpu.host.poison(DType.F32, ROWS, TOKENS, WIDTH),
                    ROWS,
                    TOKENS,
                    WIDTH,
                    4,
                    16,
                    16,
                    2);
            long weights = WIDTH * (16 * 32 / 8 + 1) * 2L * (TOKENS / 16);
            assertBytes(report, ELEMENTS * 4 + TOKENS * WIDTH * 4 + weights + 5 * images.bytes(), 1.05);
            assertNoConflicts(report);
        }
    }

    private static StepTable steps(Gpu gpu) {
        return gpu.host.step(Map.of(
                Column.TERMS, 3.0,
                Column.FACTOR_0, 1.0,
                Column.FACTOR_1, -1.0,
                Column.FACTOR_2, 0.5,
                Column.LADDER_TERMS, 3.0,
                Column.LADDER_DIVISOR, -5.0));
    }

    private static void assertBytes(LaunchReport report, long least, double factor) {
        assertThat(report.total().sectors() * 32)
                .as(
                        "bytes of the sectors that %s asked of global memory; its contract needs %d",
                        report.kernel(), least)
                .isBetween((long) (0.99 * least), (long) (factor * least));
    }

    private static void assertNoConflicts(LaunchReport report) {
        assertThat(report.total().extraWavefronts())
                .as("bank conflicts of %s", report.kernel())
                .isZero();
    }
}
