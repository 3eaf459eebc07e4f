package dev.clusca.backend.reference;

import dev.clusca.tensor.Tensor;

/** Softmax attention over packed queries, keys and values. */
final class Attention {
    /** Queries that one task answers. */
    private static final int TILE = 32;

    private Attention() {}

    static void run(Workers workers, Tensor qkv, int heads, Tensor out) {
        int rows = qkv.shape().size(0);
        int tokens = qkv.shape().size(1);
        int width = out.shape().size(2);
        int d = width / heads;
        int tiles = Math.ceilDiv(tokens, TILE);
        Floats packed = new Floats(qkv);
        Floats to = new Floats(out);
        float[][] keys = new float[rows * heads][];
        float[][] values = new float[rows * heads][];
        workers.each(rows * heads, head -> {
            long first = (long) (head / heads) * tokens * 3 * width + head % heads * d;
            float[] key = new float[d * tokens];
            float[] value = new float[tokens * d];
            for (int n = 0; n < tokens; n++) {
                for (int c = 0; c < d; c++) {
                    key[c * tokens + n] = packed.getFloat(first + (3L * n + 1) * width + c);
                    value[n * d + c] = packed.getFloat(first + (3L * n + 2) * width + c);
                }
            }
            keys[head] = key;
            values[head] = value;
        });
        workers.each(rows * heads * tiles, tile -> {
            int head = tile / tiles;
            int from = tile % tiles * TILE;
            int count = Math.min(TILE, tokens - from);
            int row = head / heads;
            int channel = head % heads * d;
            double[][] query = new double[count][d];
            for (int m = 0; m < count; m++) {
                packed.read(((long) row * tokens + from + m) * 3 * width + channel, query[m], 0, d);
            }
            double[][] scores = new double[count][tokens];
            Product.add(query, keys[head], scores);
            for (int m = 0; m < count; m++) {
                softmax(scores[m], 1 / Math.sqrt(d));
            }
            double[][] result = new double[count][d];
            Product.add(scores, values[head], result);
            for (int m = 0; m < count; m++) {
                to.write(((long) row * tokens + from + m) * width + channel, result[m]);
            }
        });
    }

    /** Replaces scores by the softmax of {@code scale} times them. */
    private static void softmax(double[] scores, double scale) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < scores.length; i++) {
            scores[i] *= scale;
            largest = Math.max(largest, scores[i]);
        }
        double sum = 0;
        for (int i = 0; i < scores.length; i++) {
            scores[i] = Math.exp(scores[i] - largest);
            sum += scores[i];
        }
        for (int i = 0; i < scores.length; i++) {
            scores[i] /= sum;
        }
    }
}
