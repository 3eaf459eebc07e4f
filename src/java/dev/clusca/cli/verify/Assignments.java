package dev.clusca.cli.verify;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.tensor.Shape;
import java.util.Arrays;

/**
 * Tokens {@code [R, N, C]} and centroids {@code [R, K, C]}, for telling rounding from mistakes where two clusterings differ. L1 distances in float64.
 *
 * @param shape of the centroids
 */
record Assignments(float[] tokens, float[] centroids, Shape shape) {
    /** Two centroids are as near to a token as its label can tell, in float32 and with centroids that were rounded otherwise. */
    private static final double TIE = 1e-4;
    /** The same where nothing was rounded but the distances. */
    private static final double ROUNDING = 5e-7;

    private int rows() {
        return shape.size(0);
    }

    private int clusters() {
        return shape.size(1);
    }

    private int width() {
        return shape.size(2);
    }

    private int tokensInRow() {
        return tokens.length / width() / rows();
    }

    /** Whether a token, counted through all rows, lies as near to one centroid as to the other. */
    boolean isTie(int token, int a, int b) {
        double da = distance(centroids, token, a);
        double db = distance(centroids, token, b);
        return Math.abs(da - db) <= TIE * Math.max(da, db);
    }

    /** Whether no centroid is nearer to any token than its label's. */
    boolean explain(int[] labels) {
        for (int token = 0; token < labels.length; token++) {
            double own = distance(centroids, token, labels[token]);
            for (int k = 0; k < clusters(); k++) {
                if (distance(centroids, token, k) < own * (1 - TIE)) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * Whether two clusterings that started from these centroids are both right though their labels differ: a tie on the way may have let them part, and labels belong to the centroids that each
     * ended with.
     */
    boolean bothRight(KMeansOptions options, float[] ends, int[] labels, float[] otherEnds, int[] otherLabels) {
        return mayPart(options) && at(ends).explain(labels) && at(otherEnds).explain(otherLabels);
    }

    /** The same tokens and other centroids. */
    Assignments at(float[] others) {
        return new Assignments(tokens, others, shape);
    }

    /** Whether a clustering that starts from these centroids meets a token whose label is a matter of rounding: from there on two right ones may part. */
    boolean mayPart(KMeansOptions options) {
        float[] means = centroids.clone();
        for (int iteration = 0; iteration < options.maxIterations(); iteration++) {
            int[] labels = new int[tokens.length / width()];
            for (int token = 0; token < labels.length; token++) {
                double nearest = Double.POSITIVE_INFINITY;
                double second = Double.POSITIVE_INFINITY;
                for (int k = 0; k < clusters(); k++) {
                    double distance = distance(means, token, k);
                    if (distance < nearest) {
                        second = nearest;
                        nearest = distance;
                        labels[token] = k;
                    } else {
                        second = Math.min(second, distance);
                    }
                }
                if (second - nearest <= ROUNDING * nearest) {
                    return true;
                }
            }
            float[] next = means(labels);
            if (Arrays.equals(next, means)) {
                return false;
            }
            means = next;
        }
        return false;
    }

    private float[] means(int[] labels) {
        double[] sums = new double[centroids.length];
        int[] counts = new int[centroids.length / width()];
        for (int token = 0; token < labels.length; token++) {
            int centroid = token / tokensInRow() * clusters() + labels[token];
            counts[centroid]++;
            for (int c = 0; c < width(); c++) {
                sums[centroid * width() + c] += tokens[token * width() + c];
            }
        }
        float[] means = new float[sums.length];
        for (int i = 0; i < means.length; i++) {
            means[i] = (float) (sums[i] / Math.max(1, counts[i / width()]));
        }
        return means;
    }

    private double distance(float[] to, int token, int cluster) {
        int centroid = token / tokensInRow() * clusters() + cluster;
        double sum = 0;
        for (int c = 0; c < width(); c++) {
            sum += Math.abs(tokens[token * width() + c] - to[centroid * width() + c]);
        }
        return sum;
    }
}
