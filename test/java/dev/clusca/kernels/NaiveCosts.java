package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.CLUSTERS;
import static dev.clusca.kernels.Cost.ELEMENTS;
import static dev.clusca.kernels.Cost.FEW_ELEMENTS;
import static dev.clusca.kernels.Cost.ROWS;
import static dev.clusca.kernels.Cost.SECTOR;
import static dev.clusca.kernels.Cost.TOKENS;
import static dev.clusca.kernels.Cost.WIDTH;

import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** {@code naive.cu}, at the extents of the tuned kernels' costs, so that the table shows both. A warp asks for a whole sector even where its lanes want one number. */
final class NaiveCosts {
    private static final int LANES = 32;
    /** As in {@link ProductCosts}. */
    private static final int M = ROWS * TOKENS;

    private static final int INPUTS = 384;
    private static final int OUTPUTS = 288;
    private static final Gpu.Grid OUTPUT_BLOCKS = Gpu.grid(M, Math.ceilDiv(OUTPUTS, 256));
    /** As in {@link AttentionCosts}, of float32. */
    private static final int HEAD = 64;

    private static final int HEADS = WIDTH / HEAD;
    private static final long SCORES = (long) ROWS * HEADS * TOKENS * TOKENS;

    private static final int PLANES = 5;
    private static final int GATE = 2;
    private static final int COUNT = 2;
    private static final int CHUNKS = 4;

    private NaiveCosts() {}

    static Stream<Cost> all() {
        return Stream.concat(
                Types.FLOATS.stream()
                        .flatMap(t -> Stream.of(
                                gemm(t),
                                gemmResidual(t),
                                scores(t),
                                values(t),
                                kMeansAssign(t),
                                kMeansMeans(t),
                                convolve(t))),
                Stream.of(
                        softmax(),
                        layerNorm(),
                        qkNormRope(),
                        ladderUpdate(),
                        forecast(),
                        kMeansSettle(),
                        groupNormMoments(),
                        groupNorm()));
    }

    // ---- products: a number of a for the whole warp, and one of W for each lane, which bf16's tiles keep in sectors
    // of their own

    private static final String ROWS_AND_COLUMNS =
            "each output reads its whole row of a and of the weights, from L1 and L2";

    private static long operands(DType type) {
        return (long) M * INPUTS * type.bytes()
                + Math.ceilDiv(OUTPUTS, 64) * 64L * INPUTS * (type == DType.F32 ? 4 : 0)
                + (type == DType.BF16 ? 2L * OUTPUTS * INPUTS : 0);
    }

    private static long multiplied(DType type) {
        int sectors = 1 + (type == DType.F32 ? LANES * type.bytes() / SECTOR : LANES);
        return (long) M * OUTPUTS / LANES * INPUTS * sectors * SECTOR;
    }

    private static List<Object> begin(Gpu gpu, DType type) {
        Tensor weight = type == DType.BF16
                ? gpu.host.random(type, OUTPUTS / 8, INPUTS / 32, 8, 32)
                : gpu.host.random(type, Math.ceilDiv(OUTPUTS, 64), INPUTS, 64);
        return new ArrayList<>(List.of(gpu.host.random(type, M, INPUTS), weight, gpu.host.random(DType.F32, OUTPUTS)));
    }

    private static Cost gemm(DType type) {
        String entry = Types.entry("naive_gemm", type);
        long elements = (long) M * OUTPUTS;
        return Cost.of(entry, operands(type) + OUTPUTS * 4L + elements * type.bytes(), gpu -> {
                    List<Object> arguments = begin(gpu, type);
                    arguments.addAll(List.of(gpu.host.poison(type, M, OUTPUTS), OUTPUTS, INPUTS, 0, narrow(type, 1)));
                    return gpu.launch(entry, OUTPUT_BLOCKS, arguments.toArray());
                })
                .asking(multiplied(type) + elements * (4 + type.bytes()), ROWS_AND_COLUMNS);
    }

    private static Cost gemmResidual(DType type) {
        String entry = Types.entry("naive_gemm_residual", type);
        long elements = (long) M * OUTPUTS;
        long streams = elements * (type.bytes() + 8);
        return Cost.of(entry, operands(type) + OUTPUTS * 4L + (long) ROWS * OUTPUTS * type.bytes() + streams, gpu -> {
                    Modulation m = gpu.host.modulation(type, ROWS, OUTPUTS, PrefixCosts.steps(gpu));
                    List<Object> arguments = begin(gpu, type);
                    arguments.addAll(List.of(
                            m.table(),
                            m.conditions(),
                            m.steps().cursor(),
                            gpu.host.poison(type, M, OUTPUTS),
                            gpu.host.random(DType.F32, M, OUTPUTS),
                            OUTPUTS,
                            INPUTS,
                            TOKENS,
                            COUNT,
                            CHUNKS,
                            GATE,
                            narrow(type, 2 | 4)));
                    return gpu.launch(entry, OUTPUT_BLOCKS, arguments.toArray());
                })
                .asking(multiplied(type) + streams + elements * (4 + type.bytes()), ROWS_AND_COLUMNS);
    }

    // ---- attention

    private static Cost scores(DType type) {
        String entry = Types.entry("naive_attention_scores", type);
        return Cost.of(
                        entry,
                        2 * ELEMENTS * type.bytes() + SCORES * 4,
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(Math.ceilDiv(TOKENS * TOKENS, 256), HEADS, ROWS),
                                gpu.host.random(type, ROWS, TOKENS, 3 * WIDTH),
                                gpu.host.poison(DType.F32, ROWS, HEADS, TOKENS, TOKENS),
                                TOKENS,
                                WIDTH,
                                HEAD,
                                0.125f))
                .asking(
                        SCORES * HEAD * (1 + LANES) + SCORES * 4,
                        "each score reads its query and key, and keys lie in sectors of their own, from L1 and L2");
    }

    private static Cost softmax() {
        return Cost.of(
                        "naive_attention_softmax",
                        2 * SCORES * 4,
                        gpu -> gpu.launch(
                                "naive_attention_softmax",
                                threads(SCORES / TOKENS),
                                gpu.host.random(DType.F32, ROWS, HEADS, TOKENS, TOKENS),
                                SCORES / TOKENS,
                                TOKENS))
                .asking(
                        5 * SCORES * SECTOR,
                        "a thread has a row, so that neighbours lie in different sectors, read three times and written twice");
    }

    private static Cost values(DType type) {
        String entry = Types.entry("naive_attention_values", type);
        return Cost.of(
                        entry,
                        SCORES * 4 + 2 * ELEMENTS * type.bytes(),
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(Math.ceilDiv(TOKENS * HEAD, 256), HEADS, ROWS),
                                gpu.host.random(DType.F32, ROWS, HEADS, TOKENS, TOKENS),
                                gpu.host.random(type, ROWS, TOKENS, 3 * WIDTH),
                                gpu.host.poison(type, ROWS, TOKENS, WIDTH),
                                TOKENS,
                                WIDTH,
                                HEAD))
                .asking(
                        ELEMENTS * TOKENS * (1 + type.bytes()) + ELEMENTS * type.bytes(),
                        "each output reads its head's values and its query's weights, from L1 and L2");
    }

    // ---- LayerNorm and the ladder, all of float32

    private static Cost layerNorm() {
        return Cost.of("naive_layer_norm_modulate", 2 * ELEMENTS * 4 + 2L * ROWS * WIDTH * 4, gpu -> {
                    Modulation m = gpu.host.modulation(DType.F32, ROWS, WIDTH, PrefixCosts.steps(gpu));
                    return gpu.launch(
                            "naive_layer_norm_modulate",
                            Gpu.grid(Math.ceilDiv(TOKENS, 256), ROWS),
                            gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH),
                            m.table(),
                            m.conditions(),
                            m.steps().cursor(),
                            gpu.host.poison(DType.F32, ROWS, TOKENS, WIDTH),
                            TOKENS,
                            WIDTH,
                            COUNT,
                            CHUNKS,
                            0,
                            1,
                            0,
                            1e-6f);
                })
                .asking(
                        4 * ELEMENTS * SECTOR + 2 * ELEMENTS / LANES * SECTOR,
                        "a thread has a row, so that neighbours lie in different sectors, read three times and written once");
    }

    private static Cost qkNormRope() {
        int d = NormCosts.HEAD;
        return Cost.of(
                        "naive_qk_norm_rope",
                        NormCosts.qkNormRopeBytes(DType.F32),
                        gpu -> gpu.launch(
                                "naive_qk_norm_rope",
                                Gpu.grid(Math.ceilDiv(2 * ROWS * TOKENS * (WIDTH / d), 256)),
                                gpu.host.random(DType.F32, ROWS, TOKENS, 3 * WIDTH),
                                gpu.host.random(DType.F32, d),
                                gpu.host.random(DType.F32, d),
                                gpu.host.random(DType.F32, TOKENS, d / 2, 2),
                                ROWS * TOKENS,
                                TOKENS,
                                WIDTH / d,
                                d,
                                0,
                                1e-6f))
                .asking(
                        6 * ELEMENTS * SECTOR + 8 * ELEMENTS / LANES * SECTOR,
                        "a thread has a query, so that neighbours lie in different sectors, read twice and written once");
    }

    private static Cost ladderUpdate() {
        long least = ELEMENTS * 4 * 2 * PLANES;
        return Cost.of("naive_ladder_update", least, gpu -> {
                    StepTable steps = PrefixCosts.steps(gpu);
                    return gpu.launch(
                            "naive_ladder_update",
                            threads(ELEMENTS),
                            gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH),
                            gpu.host.random(DType.F32, PLANES, ROWS, TOKENS, WIDTH),
                            steps.rows(),
                            steps.cursor(),
                            ELEMENTS,
                            PLANES,
                            0);
                })
                .asking(least + words(3), "each warp reads the cursor and two numbers of the step, from L1");
    }

    private static Cost forecast() {
        long least = ELEMENTS * 4 * (PLANES + 2) + (long) ROWS * WIDTH * 4;
        return Cost.of("naive_forecast_residual", least, gpu -> {
                    Modulation m = gpu.host.modulation(DType.F32, ROWS, WIDTH, PrefixCosts.steps(gpu));
                    return gpu.launch(
                            "naive_forecast_residual",
                            Gpu.grid(Math.ceilDiv(TOKENS * WIDTH, 256), ROWS),
                            gpu.host.random(DType.F32, PLANES, ROWS, TOKENS, WIDTH),
                            m.table(),
                            m.conditions(),
                            m.steps().rows(),
                            m.steps().cursor(),
                            null,
                            gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH),
                            PLANES,
                            TOKENS,
                            WIDTH,
                            COUNT,
                            CHUNKS,
                            GATE,
                            0,
                            0f);
                })
                .asking(
                        least + ELEMENTS * 4 + words(4 + PLANES),
                        "each token reads the gate, and each warp the cursor twice, the condition and the step's numbers, from L1");
    }

    /** What each warp of a thread an element reads in {@code count} numbers that all its lanes share. */
    private static long words(int count) {
        return ELEMENTS / LANES * count * SECTOR;
    }

    // ---- k-means, the first iteration

    private static Cost kMeansAssign(DType type) {
        String entry = Types.entry("naive_kmeans_assign", type);
        return Cost.of(
                        entry,
                        ELEMENTS * type.bytes() + FEW_ELEMENTS * 4 + ROWS * TOKENS * 4L,
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(Math.ceilDiv(TOKENS * LANES, 256), ROWS),
                                gpu.host.random(type, ROWS, TOKENS, WIDTH),
                                gpu.host.random(DType.F32, ROWS, CLUSTERS, WIDTH),
                                gpu.host.poison(DType.I32, ROWS, TOKENS),
                                null,
                                TOKENS,
                                CLUSTERS,
                                WIDTH,
                                0,
                                1))
                .asking(
                        ELEMENTS * CLUSTERS * (type.bytes() + 4) + (long) ROWS * TOKENS * SECTOR,
                        "each distance reads its token and its centroid, from L1 and L2");
    }

    private static Cost kMeansMeans(DType type) {
        String entry = Types.entry("naive_kmeans_means", type);
        return Cost.of(
                        entry,
                        ELEMENTS * type.bytes() + ROWS * TOKENS * 4L + FEW_ELEMENTS * 4,
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(Math.ceilDiv(CLUSTERS * WIDTH, 256), ROWS),
                                gpu.host.random(type, ROWS, TOKENS, WIDTH),
                                gpu.host.poison(DType.F32, ROWS, CLUSTERS, WIDTH),
                                labels(gpu),
                                null,
                                TOKENS,
                                CLUSTERS,
                                WIDTH,
                                0,
                                1))
                .asking(
                        ELEMENTS * type.bytes() + FEW_ELEMENTS * (TOKENS + 4),
                        "each channel of each cluster looks at every label, from L1");
    }

    private static Tensor labels(Gpu gpu) {
        int[] labels = new int[ROWS * TOKENS];
        Arrays.setAll(labels, i -> i % CLUSTERS);
        return gpu.host.ints(labels).reshape(ROWS, TOKENS);
    }

    private static Cost kMeansSettle() {
        long least = FEW_ELEMENTS * 3 * 4;
        return Cost.of(
                        "naive_kmeans_settle",
                        least,
                        gpu -> gpu.launch(
                                "naive_kmeans_settle",
                                Gpu.grid(ROWS),
                                gpu.host.random(DType.F32, ROWS, CLUSTERS, WIDTH),
                                gpu.host.random(DType.F32, ROWS, CLUSTERS, WIDTH),
                                gpu.host.poison(DType.I32, ROWS),
                                gpu.host.poison(DType.I32, ROWS),
                                ROWS,
                                CLUSTERS,
                                WIDTH,
                                0,
                                1,
                                1e-4f,
                                1e-8f))
                .asking(FEW_ELEMENTS * 4 * 4, "the new centroids are read to compare and to copy, from L2")
                .conflicting("threads whose channel moved take turns at one word");
    }

    // ---- the decoder: 8 x 8 pixels

    private static final int SIDE = 8;
    private static final int PIXELS = SIDE * SIDE;
    private static final int CHANNELS = 64;
    private static final int FILTERS = 128;
    private static final int GROUPED = 256;
    private static final int GROUPS = 32;

    private static Cost convolve(DType type) {
        String entry = Types.entry("naive_convolve", type);
        int inputs = 9 * CHANNELS;
        long elements = (long) PIXELS * FILTERS;
        long neighbours = (3L * SIDE - 2) * (3L * SIDE - 2) * CHANNELS;
        int sectors = 1 + (type == DType.F32 ? LANES * type.bytes() / SECTOR : LANES);
        return Cost.of(
                        entry,
                        ((long) PIXELS * CHANNELS + (long) FILTERS * inputs) * type.bytes()
                                + FILTERS * 4L
                                + elements * (4 + type.bytes()),
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(PIXELS, 1),
                                gpu.host.random(type, 1, SIDE, SIDE, CHANNELS),
                                type == DType.BF16
                                        ? gpu.host.random(type, FILTERS / 8, inputs / 32, 8, 32)
                                        : gpu.host.random(type, FILTERS / 64, inputs, 64),
                                gpu.host.random(DType.F32, FILTERS),
                                gpu.host.random(DType.F32, PIXELS, FILTERS),
                                gpu.host.poison(type, PIXELS, FILTERS),
                                FILTERS,
                                SIDE,
                                SIDE,
                                CHANNELS,
                                3,
                                0,
                                narrow(type, 1)))
                .asking(
                        neighbours * FILTERS / LANES * sectors * SECTOR + elements * (8 + type.bytes()),
                        "each output reads all pixels around its own and its row of the weights, from L1 and L2");
    }

    private static Cost groupNormMoments() {
        long elements = (long) PIXELS * GROUPED;
        return Cost.of(
                        "naive_group_norm_moments",
                        elements * 4 + GROUPS * 8L,
                        gpu -> gpu.launch(
                                "naive_group_norm_moments",
                                Gpu.grid(1),
                                gpu.host.random(DType.F32, 1, PIXELS, GROUPED),
                                gpu.host.poison(DType.F32, GROUPS, 2),
                                1,
                                PIXELS,
                                GROUPED,
                                GROUPS,
                                0,
                                1e-6f))
                .asking(
                        2 * elements * SECTOR,
                        "a thread has a group, so that neighbours lie in different sectors, read twice");
    }

    private static Cost groupNorm() {
        long elements = (long) PIXELS * GROUPED;
        return Cost.of(
                        "naive_group_norm",
                        2 * elements * 4 + GROUPED * 8L + GROUPS * 8L,
                        gpu -> gpu.launch(
                                "naive_group_norm",
                                threads(elements),
                                gpu.host.random(DType.F32, 1, PIXELS, GROUPED),
                                gpu.host.poison(DType.F32, 1, PIXELS, GROUPED),
                                gpu.host.random(DType.F32, GROUPS, 2),
                                gpu.host.random(DType.F32, GROUPED),
                                gpu.host.random(DType.F32, GROUPED),
                                PIXELS,
                                GROUPED,
                                GROUPS,
                                0,
                                0))
                .asking(
                        4 * elements * 4 + elements / LANES * 2 * SECTOR,
                        "each element reads its channel's weight and bias and its group's numbers, from L1");
    }

    private static Gpu.Grid threads(long count) {
        return Gpu.grid(Math.ceilDiv(count, 256));
    }

    /** These bits of {@code types} if the tensors are BF16. */
    private static int narrow(DType type, int bits) {
        return type == DType.BF16 ? bits : 0;
    }
}
