package dev.clusca.backend.reference;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;

/** L1 k-means with mean update, in float32 and in the one order of sums that gives every backend the same bits. */
final class KMeans {
    /** A distance sums channel c into accumulator c mod this, which is a lane of a GPU's warp. */
    private static final int LANES = 32;

    private final Workers workers;
    private final KMeansOptions options;
    private final int tokens;
    private final int clusters;
    private final int width;
    /** {@code [R][N * C]}. */
    private final float[][] x;
    /** {@code [R][K * C]}. */
    private final float[][] centroids;

    private final int[][] labels;
    private final int[] iterations;

    private KMeans(Workers workers, KMeansOptions options, Tensor x, Tensor centroids) {
        this.workers = workers;
        this.options = options;
        int rows = x.shape().size(0);
        tokens = x.shape().size(1);
        clusters = centroids.shape().size(1);
        width = x.shape().size(2);
        this.x = read(x);
        this.centroids = read(centroids);
        labels = new int[rows][tokens];
        iterations = new int[rows];
    }

    static void run(
            Workers workers, Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
        KMeans kMeans = new KMeans(workers, options, x, centroids);
        int rows = x.shape().size(0);
        if (options.together()) {
            kMeans.cluster(0, rows);
        } else {
            for (int r = 0; r < rows; r++) {
                kMeans.cluster(r, r + 1);
            }
        }
        kMeans.write(centroids, labels, iterations);
    }

    /** Clusters the batch rows {@code from .. to - 1}, which stop together. */
    private void cluster(int from, int to) {
        for (int made = 1; ; made++) {
            workers.each((to - from) * tokens, i -> assign(from + i / tokens, i % tokens));
            float[][] means = new float[to - from][];
            workers.each(to - from, i -> means[i] = means(from + i));
            boolean settled = true;
            for (int r = from; r < to; r++) {
                settled &= isSettled(centroids[r], means[r - from]);
            }
            if (!settled) {
                System.arraycopy(means, 0, centroids, from, to - from);
            }
            if (settled || made == options.maxIterations()) {
                Arrays.fill(iterations, from, to, made);
                return;
            }
        }
    }

    private void assign(int r, int n) {
        int nearest = 0;
        float least = Float.POSITIVE_INFINITY;
        for (int k = 0; k < clusters; k++) {
            float distance = distance(x[r], n * width, centroids[r], k * width);
            // Never true of NaN or infinity.
            if (distance < least) {
                least = distance;
                nearest = k;
            }
        }
        labels[r][n] = nearest;
    }

    private float distance(float[] a, int aFrom, float[] b, int bFrom) {
        float[] sums = new float[LANES];
        for (int c = 0; c < width; c++) {
            sums[c % LANES] += Math.abs(a[aFrom + c] - b[bFrom + c]);
        }
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                sums[lane] += sums[lane + half];
            }
        }
        return sums[0];
    }

    private float[] means(int r) {
        float[] means = new float[clusters * width];
        int[] members = new int[clusters];
        for (int n = 0; n < tokens; n++) {
            int k = labels[r][n];
            members[k]++;
            for (int c = 0; c < width; c++) {
                means[k * width + c] += x[r][n * width + c];
            }
        }
        for (int k = 0; k < clusters; k++) {
            for (int c = 0; members[k] > 0 && c < width; c++) {
                means[k * width + c] /= members[k];
            }
        }
        return means;
    }

    private boolean isSettled(float[] old, float[] mean) {
        for (int i = 0; i < mean.length; i++) {
            if (!(Math.abs(old[i] - mean[i]) <= options.absolute() + options.relative() * Math.abs(mean[i]))) {
                return false;
            }
        }
        return true;
    }

    private static float[][] read(Tensor tensor) {
        int rows = tensor.shape().size(0);
        int count = Math.toIntExact(tensor.shape().inner().elements());
        Floats from = new Floats(tensor);
        float[][] values = new float[rows][count];
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < count; i++) {
                values[r][i] = from.getFloat((long) r * count + i);
            }
        }
        return values;
    }

    private void write(Tensor centroidsOut, Tensor labelsOut, Tensor iterationsOut) {
        Floats toCentroids = new Floats(centroidsOut);
        Ints toLabels = new Ints(labelsOut);
        Ints toIterations = new Ints(iterationsOut);
        for (int r = 0; r < labels.length; r++) {
            toIterations.set(r, iterations[r]);
            for (int n = 0; n < tokens; n++) {
                toLabels.set((long) r * tokens + n, labels[r][n]);
            }
            for (int i = 0; i < clusters * width; i++) {
                toCentroids.set((long) r * clusters * width + i, centroids[r][i]);
            }
        }
    }
}
