package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KMeansTest {
    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    private record Clustering(double[] centroids, int[] labels, int[] iterations) {}

    private Clustering cluster(Fixture on, Tensor x, Tensor centroids, KMeansOptions options) {
        long rows = x.shape().dim(0);
        Tensor labels = on.poison(DType.I32, rows, x.shape().dim(1));
        Tensor iterations = on.poison(DType.I32, rows);
        on.ops.kMeans(x, options, centroids, labels, iterations);
        return new Clustering(on.read(centroids), on.readInts(labels), on.readInts(iterations));
    }

    /** One row's clustering in float32 after the words of the contract, the sums built as a tree of values. */
    private static Clustering naive(float[][] x, float[][] start, KMeansOptions options) {
        float[][] centroids = start;
        for (int iteration = 1; ; iteration++) {
            float[][] old = centroids;
            int[] labels =
                    Arrays.stream(x).mapToInt(token -> nearest(token, old)).toArray();
            float[][] means = IntStream.range(0, old.length)
                    .mapToObj(k -> mean(
                            IntStream.range(0, x.length)
                                    .filter(n -> labels[n] == k)
                                    .mapToObj(n -> x[n])
                                    .toList(),
                            old[k].length))
                    .toArray(float[][]::new);
            boolean close = IntStream.range(0, old.length)
                    .allMatch(k -> IntStream.range(0, old[k].length)
                            .allMatch(c -> Math.abs(old[k][c] - means[k][c])
                                    <= options.absolute() + options.relative() * Math.abs(means[k][c])));
            centroids = close ? old : means;
            if (close || iteration == options.maxIterations()) {
                return new Clustering(flat(centroids), labels, new int[] {iteration});
            }
        }
    }

    private static int nearest(float[] token, float[][] centroids) {
        int nearest = 0;
        for (int k = 1; k < centroids.length; k++) {
            nearest = distance(token, centroids[k]) < distance(token, centroids[nearest]) ? k : nearest;
        }
        return nearest;
    }

    private static float distance(float[] a, float[] b) {
        List<Float> sums = new ArrayList<>();
        for (int lane = 0; lane < 32; lane++) {
            float sum = 0;
            for (int c = lane; c < a.length; c += 32) {
                sum += Math.abs(a[c] - b[c]);
            }
            sums.add(sum);
        }
        while (sums.size() > 1) {
            List<Float> folded = new ArrayList<>();
            for (int lane = 0; lane < sums.size() / 2; lane++) {
                folded.add(sums.get(lane) + sums.get(lane + sums.size() / 2));
            }
            sums = folded;
        }
        return sums.getFirst();
    }

    private static float[] mean(List<float[]> members, int width) {
        float[] mean = new float[width];
        for (int c = 0; c < width && !members.isEmpty(); c++) {
            float sum = 0;
            for (float[] member : members) {
                sum += member[c];
            }
            mean[c] = sum / members.size();
        }
        return mean;
    }

    private static double[] flat(float[][] values) {
        return Arrays.stream(values)
                .flatMapToDouble(v -> IntStream.range(0, v.length).mapToDouble(i -> v[i]))
                .toArray();
    }

    private static float[][] split(double[] values, int from, int count, int width) {
        float[][] out = new float[count][width];
        for (int i = 0; i < count * width; i++) {
            out[i / width][i % width] = (float) values[from + i];
        }
        return out;
    }

    @ParameterizedTest
    @CsvSource({
        "F32, 2, 33, 97, 5",
        "F32, 1, 31, 1, 3",
        "BF16, 3, 97, 33, 16",
        "F32, 2, 200, 31, 2",
        "F32, 1, 3, 128, 3"
    })
    void hasTheBitsOfTheContract(DType dtype, int rows, int tokens, int width, int clusters) {
        Tensor x = fixture.random(dtype, rows, tokens, width);
        double[] values = fixture.read(x);
        double[] start = new double[rows * clusters * width];
        for (int r = 0; r < rows; r++) {
            // The first tokens as the first centroids.
            System.arraycopy(values, r * tokens * width, start, r * clusters * width, clusters * width);
        }
        for (int limit : new int[] {1, 3, 100}) {
            KMeansOptions options = new KMeansOptions(limit, 1e-4f, 1e-8f, false);
            Tensor centroids = fixture.of(DType.F32, new long[] {rows, clusters, width}, start);
            Clustering found = cluster(fixture, x, centroids, options);
            for (int r = 0; r < rows; r++) {
                Clustering row = naive(
                        split(values, r * tokens * width, tokens, width),
                        split(start, r * clusters * width, clusters, width),
                        options);
                assertThat(Arrays.copyOfRange(found.labels, r * tokens, (r + 1) * tokens))
                        .isEqualTo(row.labels);
                assertThat(Arrays.copyOfRange(found.centroids, r * clusters * width, (r + 1) * clusters * width))
                        .isEqualTo(row.centroids);
                assertThat(found.iterations[r]).isEqualTo(row.iterations[0]);
            }
        }
    }

    /**
     * A token of zeros between centroid 0 at distance 2^24 + 2 and centroid 1, whose distance is the sum of 2^24, 1 and 1 in three channels: both ones are lost when they
     * meet 2^24 one by one, and count when they meet each other first.
     */
    @ParameterizedTest
    @CsvSource({
        "64, 0, 32, 0, one lane in ascending order: the ones meet first",
        "0, 32, 64, 1, one lane in ascending order: 2^24 comes first",
        "0, 1, 17, 0, lanes 1 and 17 are folded first",
        "16, 1, 2, 1, lane 16 meets 0 before lanes 1 and 2 meet",
        "0, 2, 10, 0, then those 8 apart",
        "0, 1, 3, 0, lanes 1 and 3 meet before 0 and 1",
        "2, 0, 1, 1, lanes 0 and 2 meet before 0 and 1",
    })
    void theOrderOfTheSumIsFixed(int large, int one, int other, int nearest, String why) {
        double[] centroids = new double[2 * 97];
        centroids[0] = 0x1p24 + 2;
        centroids[97 + large] = 0x1p24;
        centroids[97 + one] = 1;
        centroids[97 + other] = 1;
        Clustering found = cluster(
                fixture,
                fixture.of(DType.F32, new long[] {1, 2, 97}, new double[2 * 97]),
                fixture.of(DType.F32, new long[] {1, 2, 97}, centroids),
                new KMeansOptions(1, 0, 0, false));
        assertThat(found.labels).as(why).containsOnly(nearest);
    }

    @Test
    void convergenceKeepsTheOldCentroidsAndTheLimitTheNewOnes() {
        // Two pairs: the first means are 0.5 and 10.5, which the next iteration confirms.
        Tensor x = fixture.of(DType.F32, new long[] {1, 4, 1}, 0, 1, 10, 11);
        Clustering limited = cluster(
                fixture,
                x,
                fixture.of(DType.F32, new long[] {1, 2, 1}, 0, 10),
                new KMeansOptions(1, 1e-4f, 1e-8f, false));
        assertThat(limited.centroids).containsExactly(0.5, 10.5);
        assertThat(limited.iterations).containsExactly(1);
        Clustering settled =
                cluster(fixture, x, fixture.of(DType.F32, new long[] {1, 2, 1}, 0.49998, 10.5), KMeansOptions.DEFAULT);
        assertThat(settled.centroids).as("the start was close enough").containsExactly((double) 0.49998f, 10.5);
        assertThat(settled.iterations).containsExactly(1);
        assertThat(settled.labels).containsExactly(0, 0, 1, 1);
    }

    @Test
    void rowsStopAloneOrTogether() {
        // Row 0 starts settled but inexact, row 1 needs two iterations.
        double[] tokens = {0, 1, 10, 11, 0, 1, 10, 11};
        double[] start = {0.49998, 10.5, 0, 1};
        Tensor x = fixture.of(DType.F32, new long[] {2, 4, 1}, tokens);
        Clustering alone =
                cluster(fixture, x, fixture.of(DType.F32, new long[] {2, 2, 1}, start), KMeansOptions.DEFAULT);
        Clustering together =
                cluster(fixture, x, fixture.of(DType.F32, new long[] {2, 2, 1}, start), KMeansOptions.PUBLISHED);
        assertThat(alone.iterations[0]).isEqualTo(1);
        assertThat(alone.iterations[1]).isGreaterThan(1);
        assertThat(alone.centroids[0]).isEqualTo((double) 0.49998f);
        assertThat(together.iterations).containsOnly(alone.iterations[1]);
        assertThat(together.centroids[0]).as("iterated further").isEqualTo(0.5);
        assertThat(Arrays.copyOfRange(together.centroids, 2, 4)).isEqualTo(Arrays.copyOfRange(alone.centroids, 2, 4));
    }

    @Test
    void anEmptyClusterHasTheZeroVectorForItsCentroid() {
        // A repeated first centroid: the later one is never nearer.
        Tensor x = fixture.of(DType.F32, new long[] {1, 3, 2}, 4, 4, 5, 5, 9, 9);
        Clustering found = cluster(
                fixture, x, fixture.of(DType.F32, new long[] {1, 3, 2}, 4, 4, 4, 4, 9, 9), KMeansOptions.DEFAULT);
        assertThat(found.labels).containsExactly(0, 0, 2);
        assertThat(found.centroids).containsExactly(4.5, 4.5, 0, 0, 9, 9);
    }

    @Test
    void aSingleClusterIsTheMean() {
        Tensor x = fixture.of(DType.F32, new long[] {1, 3, 1}, 1, 2, 6);
        Clustering found = cluster(fixture, x, fixture.of(DType.F32, new long[] {1, 1, 1}, -50), KMeansOptions.DEFAULT);
        assertThat(found.labels).containsExactly(0, 0, 0);
        assertThat(found.centroids).containsExactly(3);
        assertThat(found.iterations).containsExactly(2);
    }

    @Test
    void equalTokensShareTheLowestCluster() {
        Tensor x = fixture.of(DType.F32, new long[] {1, 4, 1}, 7, 7, 7, 7);
        Clustering found =
                cluster(fixture, x, fixture.of(DType.F32, new long[] {1, 4, 1}, 7, 7, 7, 7), KMeansOptions.DEFAULT);
        assertThat(found.labels).containsExactly(0, 0, 0, 0);
        assertThat(found.centroids).containsExactly(7, 0, 0, 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aNaNComesOutAndNothingHangs(boolean together) {
        Tensor x = fixture.of(DType.F32, new long[] {2, 3, 1}, 1, Double.NaN, 5, 1, 2, 5);
        Clustering found = cluster(
                fixture,
                x,
                fixture.of(DType.F32, new long[] {2, 2, 1}, 1, 5, 1, 5),
                new KMeansOptions(7, 1e-4f, 1e-8f, together));
        assertThat(found.centroids[0]).isNaN();
        assertThat(found.iterations[0]).isEqualTo(7);
        assertThat(found.labels).startsWith(1, 0, 1);
        assertThat(found.centroids[2]).isEqualTo(1.5);
    }

    @Test
    void threadsDoNotChangeTheResult() {
        List<Clustering> results = new ArrayList<>();
        for (int threads : new int[] {1, 3}) {
            try (Fixture other = new Fixture(new BackendOptions(threads))) {
                Tensor x = other.random(DType.F32, 2, 97, 33);
                Tensor centroids = other.random(DType.F32, 2, 7, 33);
                results.add(cluster(other, x, centroids, KMeansOptions.DEFAULT));
            }
        }
        assertThat(results.get(1)).usingRecursiveComparison().isEqualTo(results.get(0));
    }
}
