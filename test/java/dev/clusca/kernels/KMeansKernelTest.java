package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Labels, iterations and centroids to the bit, whatever the grid. */
class KMeansKernelTest {
    private static final long SEED = Long.getLong("clusca.seed", 20);
    private static final KMeansOptions OWN = new KMeansOptions(12, 1e-4f, 1e-8f, false);
    private static final KMeansOptions TOGETHER = new KMeansOptions(12, 1e-4f, 1e-8f, true);

    @ParameterizedTest
    @CsvSource({
        "1, 3, 1, 1",
        "1, 3, 2, 1",
        "2, 31, 3, 3",
        "1, 33, 32, 2",
        "2, 32, 31, 17",
        "1, 97, 8, 33",
        "2, 128, 97, 5",
        "1, 40, 128, 16",
        "1, 33, 200, 4",
        "2, 35, 257, 3",
        "1, 70, 64, 64"
    })
    void shapes(int rows, int tokens, int width, int clusters) {
        try (Gpu gpu = new Gpu()) {
            for (int blocks : new int[] {1, 3}) {
                run(gpu, clumps(gpu, DType.F32, rows, tokens, width, clusters), clusters, OWN, blocks);
            }
            run(gpu, clumps(gpu, DType.BF16, rows, tokens, width, clusters), clusters, TOGETHER, 2);
        }
    }

    /** Many blocks get few tokens each, one block gets whole groups: the same bits. */
    @Test
    void manyBlocksTakeFewTokensEach() {
        try (Gpu gpu = new Gpu()) {
            run(gpu, clumps(gpu, DType.F32, 1, 50, 40, 5), 5, OWN, 9);
        }
    }

    @Test
    void addressesNeedNoAlignment() {
        try (Gpu gpu = new Gpu()) {
            gpu.skew();
            run(gpu, clumps(gpu, DType.F32, 2, 37, 64, 4), 4, OWN, 2);
            run(gpu, clumps(gpu, DType.BF16, 2, 37, 64, 4), 4, OWN, 2);
        }
    }

    /** More tokens than one list holds. */
    @Test
    void longRows() {
        try (Gpu gpu = new Gpu()) {
            run(gpu, clumps(gpu, DType.F32, 1, 4500, 4, 3), 3, new KMeansOptions(2, 1e-4f, 1e-8f, false), 1);
        }
    }

    @Test
    void rowsStopOnTheirOwnOrTogether() {
        try (Gpu gpu = new Gpu()) {
            Tensor x = clumps(gpu, DType.F32, 3, 40, 8, 5);
            // One row is settled at once.
            x.slice(1).memory().fill((byte) 0);
            int[] own = run(gpu, x, 5, OWN, 2);
            int[] together = run(gpu, x, 5, TOGETHER, 2);
            assertThat(own[1]).isLessThan(Math.max(own[0], own[2]));
            assertThat(together).containsOnly(together[0]);
        }
    }

    @Test
    void oneIterationKeepsTheNewCentroids() {
        try (Gpu gpu = new Gpu()) {
            run(gpu, clumps(gpu, DType.F32, 2, 20, 12, 3), 3, new KMeansOptions(1, 1e-4f, 1e-8f, false), 2);
        }
    }

    @Test
    void tiesEmptyClustersAndNumbersThatAreNone() {
        try (Gpu gpu = new Gpu()) {
            Tensor x = gpu.host.random(DType.F32, 1, 12, 5);
            float nan = Float.NaN;
            x.memory().setAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT, 7, nan);
            x.memory().setAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT, 22, Float.POSITIVE_INFINITY);
            // Equal centroids: the lower one takes all, the other is empty and becomes zero.
            double[] start = new double[4 * 5];
            Arrays.fill(start, 0, 10, 0.5);
            Arrays.fill(start, 10, 15, -1);
            Arrays.fill(start, 15, 20, 50);
            run(
                    gpu,
                    x,
                    gpu.host.of(DType.F32, new long[] {1, 4, 5}, start),
                    new KMeansOptions(3, 1e-4f, 1e-8f, false),
                    2);
        }
    }

    /** Tokens around a few centres, so that the clustering takes some iterations. */
    private static Tensor clumps(Gpu gpu, DType type, int rows, int tokens, int width, int centres) {
        SplittableRandom random = new SplittableRandom(SEED + tokens);
        double[][] centre = new double[centres][width];
        for (double[] c : centre) {
            Arrays.setAll(c, i -> random.nextDouble(-2, 2));
        }
        double[] values = new double[(int) Shape.of(rows, tokens, width).elements()];
        for (int n = 0; n < rows * tokens; n++) {
            double[] c = centre[random.nextInt(centres)];
            for (int i = 0; i < width; i++) {
                values[n * width + i] = c[i] + random.nextDouble(-1.5, 1.5);
            }
        }
        return gpu.host.of(type, new long[] {rows, tokens, width}, values);
    }

    private static int[] run(Gpu gpu, Tensor x, int clusters, KMeansOptions options, int blocks) {
        Shape s = x.shape();
        Tensor first = gpu.host.poison(DType.I32, s.dim(0), clusters);
        for (int i = 0; i < s.dim(0) * clusters; i++) {
            first.memory().setAtIndex(java.lang.foreign.ValueLayout.JAVA_INT, i, i % clusters * 2 % s.size(1));
        }
        Tensor centroids = gpu.host.poison(DType.F32, s.dim(0), clusters, s.dim(2));
        gpu.host.ops.gatherRows(x, first, centroids);
        gpu.host.backend.synchronize();
        return run(gpu, x, centroids, options, blocks);
    }

    private static int[] run(Gpu gpu, Tensor x, Tensor centroids, KMeansOptions options, int blocks) {
        Shape s = x.shape();
        int rows = s.size(0);
        int clusters = centroids.shape().size(1);
        Tensor labels = gpu.host.poison(DType.I32, rows, s.dim(1));
        Tensor iterations = gpu.host.poison(DType.I32, rows);
        Tensor scratch = gpu.host.poison(DType.F32, rows, clusters, s.dim(2));
        // What the last use left in the flags of rows must not matter.
        int[] flagWords = new int[rows + 2];
        Arrays.fill(flagWords, 2, rows + 2, 77);
        Tensor flags = gpu.host.ints(flagWords);
        gpu.launchCooperatively(
                Types.entry("kmeans", x),
                Gpu.grid(blocks),
                x,
                centroids,
                scratch,
                labels,
                iterations,
                flags,
                rows,
                s.size(1),
                clusters,
                s.size(2),
                options.maxIterations(),
                options.together() ? 1 : 0,
                options.relative(),
                options.absolute());
        gpu.host.ops.kMeans(x, options, centroids, labels, iterations);
        gpu.assertSame(labels);
        gpu.assertSame(iterations);
        gpu.assertSame(centroids);
        assertThat(gpu.intResult(flags)).as("the barrier's words").startsWith(0, 0);
        return gpu.intResult(iterations);
    }
}
