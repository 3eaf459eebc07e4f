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
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Stream;

/** {@code epilogue.cu}: sums once in, and what follows a product; types are told at run time, here BF16 where a model has it so. The residual fills a ladder of three terms. */
final class EpilogueCosts {
    private static final int CHUNKS = 6;
    private static final int TERMS = 3;
    private static final int PLANES = 5;
    private static final int LAST = LAYERS - 1;
    private static final int NARROW = 2;

    private EpilogueCosts() {}

    static Stream<Cost> all() {
        return Stream.of(activate(), residual(), refresh());
    }

    /** Scalars that each warp reads, a sector each. */
    private static long scalars(long elements, int each) {
        return elements / WARP_CHANNELS * each * SECTOR;
    }

    private static Gpu.Grid blocks(long elements) {
        return Gpu.grid(elements / (4 * 256));
    }

    private static Cost activate() {
        long streams = ELEMENTS * (4 + NARROW);
        return Cost.of(
                        "epilogue_activate",
                        streams + WIDTH * 4L,
                        gpu -> gpu.launch(
                                "epilogue_activate",
                                blocks(ELEMENTS),
                                gpu.host.random(DType.F32, ROWS * TOKENS, WIDTH),
                                gpu.host.random(DType.F32, WIDTH),
                                gpu.host.poison(DType.BF16, ROWS * TOKENS, WIDTH),
                                ROWS * TOKENS,
                                WIDTH,
                                0,
                                1))
                .asking(streams + ELEMENTS * 4, "each row reads the bias, from L1");
    }

    private static Cost residual() {
        long streams = ELEMENTS * (4 + 8 + 4 + (2L * TERMS - 1) * NARROW);
        return Cost.of("epilogue_residual", streams + WIDTH * 4L + (long) ROWS * WIDTH * NARROW, gpu -> {
                    StepTable steps = PrefixCosts.steps(gpu);
                    return gpu.launch(
                            "epilogue_residual",
                            blocks(ELEMENTS),
                            gpu.host.random(DType.F32, ROWS * TOKENS, WIDTH),
                            gpu.host.random(DType.F32, WIDTH),
                            gpu.host.random(DType.BF16, 3, 2, CHUNKS, WIDTH),
                            gpu.host.ints(0, 1),
                            gpu.host.of(
                                    DType.F32,
                                    steps.rows().shape().toArray(),
                                    ProductCosts.threeTerms(gpu.host.read(steps.rows()))),
                            steps.cursor(),
                            gpu.host.poison(DType.F32, ROWS * TOKENS, WIDTH),
                            gpu.host.random(DType.F32, ROWS * TOKENS, WIDTH),
                            gpu.host.random(DType.BF16, PLANES, ROWS * TOKENS, WIDTH),
                            null,
                            null,
                            null,
                            ROWS * TOKENS,
                            WIDTH,
                            TOKENS,
                            2,
                            CHUNKS,
                            5,
                            PLANES,
                            0,
                            2 | 16);
                })
                .asking(
                        streams + ELEMENTS * (4 + NARROW) + scalars(ELEMENTS, 5),
                        "each row reads bias and gate, and each warp the step, from L1");
    }

    private static Cost refresh() {
        long streams = FEW_ELEMENTS * (4 + 2 * NARROW + 5 * 4);
        return Cost.of(
                        "epilogue_refresh",
                        streams + WIDTH * 4L + (long) ROWS * WIDTH * NARROW,
                        gpu -> gpu.launch(
                                "epilogue_refresh",
                                blocks(FEW_ELEMENTS),
                                gpu.host.random(DType.F32, ROWS * CLUSTERS, WIDTH),
                                gpu.host.random(DType.F32, WIDTH),
                                representatives(gpu),
                                gpu.host.random(DType.BF16, 3, 2, CHUNKS, WIDTH),
                                gpu.host.ints(0, 1),
                                gpu.host.ints(1),
                                PrefixCosts.retained(gpu),
                                gpu.host.random(DType.BF16, ROWS, CLUSTERS, WIDTH),
                                gpu.host.random(DType.F32, LAYERS, ROWS, CLUSTERS, WIDTH),
                                gpu.host.random(DType.F32, ROWS, CLUSTERS, WIDTH),
                                gpu.host.random(DType.F32, LAYERS, ROWS, CLUSTERS, WIDTH),
                                ROWS * CLUSTERS,
                                WIDTH,
                                LAST,
                                CLUSTERS,
                                CLUSTERS,
                                2,
                                CHUNKS,
                                5,
                                2 | 16,
                                0.1f))
                .asking(
                        streams + FEW_ELEMENTS * (4 + NARROW) + scalars(FEW_ELEMENTS, 5),
                        "each row reads bias and gate, and each warp the step, from L1");
    }

    /** A cluster for each token. */
    private static Tensor representatives(Gpu gpu) {
        int[] tokens = new int[LAYERS * ROWS * CLUSTERS];
        Arrays.setAll(tokens, i -> i % CLUSTERS);
        return gpu.host.ints(tokens).reshape(LAYERS, ROWS, CLUSTERS);
    }
}
