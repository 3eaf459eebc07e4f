package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.CLUSTERS;
import static dev.clusca.kernels.Cost.ELEMENTS;
import static dev.clusca.kernels.Cost.FEW_ELEMENTS;
import static dev.clusca.kernels.Cost.LAYERS;
import static dev.clusca.kernels.Cost.ROWS;
import static dev.clusca.kernels.Cost.SECTOR;
import static dev.clusca.kernels.Cost.TOKENS;
import static dev.clusca.kernels.Cost.WARP_CHANNELS;
import static dev.clusca.kernels.Cost.WIDTH;

import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.emulator.report.LaunchReport;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** {@code prefix.cu}: the pass over two layers with five terms, which all further layers repeat; everything else at the last of 28 layers. */
final class PrefixCosts {
    private static final int PASS_LAYERS = 2;
    private static final int TERMS = 5;
    private static final int LAST = LAYERS - 1;
    private static final int CHUNKS = 6;
    private static final float RATIO = 0.1f;

    /** Where the last layer's representatives were drawn before. */
    private static final int SAME_AS_LAST = 13;

    private PrefixCosts() {}

    static Stream<Cost> all() {
        return Stream.of(
                        Types.tuples(2).map(PrefixCosts::pass),
                        Stream.of(gather(), refresh(), close()),
                        Types.tuples(2).map(PrefixCosts::gatherNorm),
                        Types.FLOATS.stream().map(PrefixCosts::materialise),
                        Types.tuples(2).map(PrefixCosts::update))
                .flatMap(costs -> costs);
    }

    /** Every cached plane once, x in and out, a layer's gates for each batch row, and the rows that it emits. */
    private static Cost pass(List<DType> types) {
        DType ladder = types.get(0);
        DType gate = types.get(1);
        String entry = Types.entry("prefix_pass", ladder, gate);
        long planes = ELEMENTS * PASS_LAYERS * 2 * TERMS * ladder.bytes();
        long gates = 2L * PASS_LAYERS * ROWS * WIDTH * gate.bytes();
        long emitted = PASS_LAYERS * FEW_ELEMENTS * 4;
        long stream = planes + ELEMENTS * 8 + emitted;
        return Cost.of(entry, stream + gates, gpu -> launchPass(gpu, entry, ladder, gate))
                .asking(
                        stream + gates * TOKENS / 2 + ELEMENTS / (2 * WARP_CHANNELS) * (2 + 2 * PASS_LAYERS) * SECTOR,
                        "both gates of a layer are read by every second token, and labels and representatives by each warp, from L1");
    }

    private static LaunchReport launchPass(Gpu gpu, String entry, DType ladder, DType gate) {
        Tensor table = gpu.host.random(gate, PASS_LAYERS, 3, 2, CHUNKS, WIDTH);
        StepTable steps = steps(gpu);
        return gpu.launch(
                entry,
                Gpu.grid(TOKENS / 2 * WIDTH / 512, ROWS),
                gpu.host.random(ladder, PASS_LAYERS, TERMS, ROWS, TOKENS, WIDTH),
                gpu.host.random(ladder, PASS_LAYERS, TERMS, ROWS, TOKENS, WIDTH),
                table,
                gpu.host.ints(0, 1),
                steps.rows(),
                steps.cursor(),
                retained(gpu),
                RowCosts.labels(gpu),
                representatives(gpu, PASS_LAYERS),
                gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH),
                gpu.host.poison(DType.F32, PASS_LAYERS, ROWS, CLUSTERS, WIDTH),
                TERMS * ELEMENTS,
                table.slice(0).shape().elements(),
                TERMS,
                PASS_LAYERS,
                TOKENS,
                WIDTH,
                CLUSTERS,
                2,
                CHUNKS,
                2,
                5,
                RATIO);
    }

    /** A row, its spread, its one correction, and the row made of them. */
    private static Cost gather() {
        return Cost.of(
                        "prefix_gather",
                        FEW_ELEMENTS * 4 * 4,
                        gpu -> gpu.launch(
                                "prefix_gather",
                                Gpu.grid(Math.ceilDiv(FEW_ELEMENTS, 1024)),
                                gpu.host.random(DType.F32, LAYERS, ROWS, CLUSTERS, WIDTH),
                                representatives(gpu, LAYERS),
                                gpu.host.random(DType.F32, ROWS, CLUSTERS, WIDTH),
                                gpu.host.poison(DType.F32, ROWS, CLUSTERS, WIDTH),
                                LAST,
                                ROWS,
                                CLUSTERS,
                                WIDTH))
                .asking(
                        FEW_ELEMENTS * 4 * 4 + FEW_ELEMENTS / WARP_CHANNELS * LAYERS * SECTOR,
                        "each warp reads the representatives of all earlier layers, from L1");
    }

    /** x in and out, and each layer's corrections, every one of which belongs to one token. */
    private static Cost close() {
        return Cost.of(
                        "prefix_close",
                        ELEMENTS * 8 + FEW_ELEMENTS * 4 + LAYERS * FEW_ELEMENTS * 4,
                        gpu -> gpu.launch(
                                "prefix_close",
                                Gpu.grid(TOKENS * WIDTH / 1024, ROWS),
                                gpu.host.random(DType.F32, LAYERS, ROWS, CLUSTERS, WIDTH),
                                representatives(gpu, LAYERS),
                                RowCosts.labels(gpu),
                                gpu.host.random(DType.F32, ROWS, CLUSTERS, WIDTH),
                                gpu.host.random(DType.F32, ROWS, TOKENS, WIDTH),
                                LAYERS,
                                TOKENS,
                                CLUSTERS,
                                WIDTH))
                .asking(
                        ELEMENTS * 12 + LAYERS * FEW_ELEMENTS * 4 + ELEMENTS / WARP_CHANNELS * (1 + LAYERS) * SECTOR,
                        "each warp reads its token's label and the representatives of all layers, from L1, and spread with every token, from L2");
    }

    /** As {@code prefix_gather}, the norm's shift and scale for each row of the batch, and what the MLP multiplies. */
    private static Cost gatherNorm(List<DType> types) {
        DType table = types.get(0);
        DType out = types.get(1);
        String entry = Types.entry("prefix_gather_norm", table, out);
        long rows = FEW_ELEMENTS * (3 * 4 + out.bytes());
        return Cost.of(
                        entry,
                        rows + 2L * ROWS * WIDTH * table.bytes(),
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(ROWS * CLUSTERS),
                                gpu.host.random(DType.F32, LAYERS, ROWS, CLUSTERS, WIDTH),
                                representatives(gpu, LAYERS),
                                gpu.host.random(DType.F32, ROWS, CLUSTERS, WIDTH),
                                gpu.host.random(table, 3, 2, CHUNKS, WIDTH),
                                gpu.host.ints(0, 1),
                                gpu.host.ints(1),
                                gpu.host.poison(out, ROWS, CLUSTERS, WIDTH),
                                LAST,
                                ROWS,
                                CLUSTERS,
                                WIDTH,
                                2,
                                CHUNKS,
                                3,
                                4,
                                1e-6f))
                .asking(
                        rows + 2 * FEW_ELEMENTS * table.bytes() + (long) ROWS * CLUSTERS * (LAYERS + 8 * 3) * SECTOR,
                        "each cluster reads its batch row's modulation, from L2, and each block the representatives of all earlier layers");
    }

    /** F in, base and the layer's U in and out, S in and out, the correction out, and the gate for each row of the batch. */
    private static Cost refresh() {
        long rows = FEW_ELEMENTS * (4 + 2 * 2 + 5 * 4);
        return Cost.of(
                        "prefix_refresh",
                        rows + (long) ROWS * WIDTH * 2,
                        gpu -> gpu.launch(
                                "prefix_refresh",
                                Gpu.grid(Math.ceilDiv(FEW_ELEMENTS, 1024)),
                                gpu.host.random(DType.F32, ROWS, CLUSTERS, WIDTH),
                                representatives(gpu, LAYERS),
                                gpu.host.random(DType.BF16, 3, 2, CHUNKS, WIDTH),
                                gpu.host.ints(0, 1),
                                gpu.host.ints(1),
                                retained(gpu),
                                gpu.host.random(DType.BF16, ROWS, TOKENS, WIDTH),
                                gpu.host.random(DType.F32, LAYERS, ROWS, CLUSTERS, WIDTH),
                                gpu.host.random(DType.F32, ROWS, CLUSTERS, WIDTH),
                                gpu.host.random(DType.F32, LAYERS, ROWS, CLUSTERS, WIDTH),
                                LAST,
                                ROWS,
                                TOKENS,
                                CLUSTERS,
                                WIDTH,
                                2,
                                CHUNKS,
                                5,
                                2 | 16,
                                RATIO))
                .asking(
                        rows + FEW_ELEMENTS * 2 + FEW_ELEMENTS / WARP_CHANNELS * 6 * SECTOR,
                        "each cluster reads its batch row's gate, from L2, and each warp the representative, the condition, the cursor and a, from L1");
    }

    /** In a step that makes T0 explicit: base in and out, and U. */
    private static Cost materialise(DType base) {
        String entry = Types.entry("prefix_materialise", base);
        return Cost.of(
                        entry,
                        PASS_LAYERS * (2 * ELEMENTS * base.bytes() + FEW_ELEMENTS * 4),
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(TOKENS * WIDTH / 1024, ROWS, PASS_LAYERS),
                                gpu.host.random(base, PASS_LAYERS, ROWS, TOKENS, WIDTH),
                                gpu.host.random(DType.F32, PASS_LAYERS, ROWS, CLUSTERS, WIDTH),
                                RowCosts.labels(gpu),
                                gpu.host.ints(1),
                                gpu.host.of(DType.F32, new long[] {3, 2}, 1, 1, 0.001, 1, 1, 1),
                                ELEMENTS,
                                TOKENS,
                                CLUSTERS,
                                WIDTH))
                .asking(
                        PASS_LAYERS * (ELEMENTS * (2 * base.bytes() + 4) + ELEMENTS / WARP_CHANNELS * 4 * SECTOR),
                        "U comes with every token, from L2, and each warp reads its label, the cursor and a, from L1");
    }

    /** As {@code ladder_update}, and U. */
    private static Cost update(List<DType> types) {
        DType feature = types.get(0);
        DType ladder = types.get(1);
        String entry = Types.entry("prefix_update", feature, ladder);
        long planes = ELEMENTS * (feature.bytes() + (2 * TERMS - 1) * ladder.bytes());
        return Cost.of(entry, planes + FEW_ELEMENTS * 4, gpu -> launchUpdate(gpu, entry, feature, ladder))
                .asking(
                        planes + ELEMENTS * 4 + ELEMENTS / WARP_CHANNELS * 7 * SECTOR,
                        "U comes with every token, from L2, and each warp reads its label, the cursor, a and the step's scalars, from L1");
    }

    private static LaunchReport launchUpdate(Gpu gpu, String entry, DType feature, DType ladder) {
        StepTable steps = steps(gpu);
        return gpu.launch(
                entry,
                Gpu.grid(TOKENS * WIDTH / 1024, ROWS),
                gpu.host.random(feature, ROWS, TOKENS, WIDTH),
                gpu.host.random(ladder, TERMS, ROWS, TOKENS, WIDTH),
                gpu.host.random(DType.F32, ROWS, CLUSTERS, WIDTH),
                RowCosts.labels(gpu),
                steps.rows(),
                steps.cursor(),
                retained(gpu),
                TERMS,
                TOKENS,
                CLUSTERS,
                WIDTH);
    }

    static StepTable steps(Gpu gpu) {
        return gpu.host.step(Map.of(
                Column.TERMS,
                (double) TERMS,
                Column.FACTOR_0,
                1.0,
                Column.FACTOR_1,
                -1.0,
                Column.FACTOR_2,
                0.5,
                Column.FACTOR_3,
                -0.2,
                Column.FACTOR_4,
                0.1,
                Column.LADDER_TERMS,
                (double) TERMS,
                Column.LADDER_DIVISOR,
                -5.0));
    }

    /** Some steps after a full one. */
    static Tensor retained(Gpu gpu) {
        return gpu.host.of(DType.F32, new long[] {3, 2}, 1, 1, 0.81, 0.81, 1, 1);
    }

    /** One of each cluster's four members; that of the last layer was drawn once before. */
    static Tensor representatives(Gpu gpu, int layers) {
        return gpu.host
                .ints(IntStream.range(0, layers * ROWS * CLUSTERS)
                        .map(i -> i % CLUSTERS + CLUSTERS * member(i / (ROWS * CLUSTERS)))
                        .toArray())
                .reshape(layers, ROWS, CLUSTERS);
    }

    private static int member(int layer) {
        return layer == LAST || layer == SAME_AS_LAST ? 0 : 1 + layer % 3;
    }
}
