package dev.clusca.cli.verify;

import java.util.Arrays;

/**
 * The choices of a golden ClusCa run for one stream of tokens and some of its batch rows.
 *
 * @param run the run's name in the file's keys, {@code clusca} or {@code clusca_gamma1}
 * @param stream what keys end with, as {@code .img_mlp}; nothing for the one stream of a DiT
 * @param all batch rows of the golden run
 * @param first which of them is our first
 * @param rows how many are ours
 */
record GoldenStream(GoldenFile golden, String run, String stream, int all, int first, int rows) {

    /** The labels that a full step made, I32 {@code [rows, N]}. */
    int[] labels(int step) {
        return ints(run + ".labels.step" + step + stream);
    }

    /** The tokens that the first centroids were, I32 {@code [rows, K]}. */
    int[] firstTokens() {
        return ints(run + ".kmeans_init" + stream);
    }

    /** The representatives of a cached step in one layer, I32 {@code [rows, K]}. */
    int[] representatives(int step, int layer) {
        return ints(run + ".representatives.step" + step + ".layer" + layer + stream);
    }

    /** Whether the file tells centroids at all: a DiT's must, the published one of FLUX has none of any step. */
    boolean tellsCentroids() {
        return stream.isEmpty()
                || golden.keys().stream()
                        .anyMatch(key -> key.startsWith(run + ".centroids.step") && key.endsWith(stream));
    }

    /** Whether the file has those of a step. */
    boolean hasCentroids(int step) {
        return golden.has(centroidsKey(step));
    }

    /** The centroids that a full step left, F32 {@code [rows, K, C]}. */
    float[] centroids(int step) {
        String key = centroidsKey(step);
        float[] values = golden.floats(key);
        int each = each(key, values.length);
        return Arrays.copyOfRange(values, first * each, (first + rows) * each);
    }

    private String centroidsKey(int step) {
        return run + ".centroids.step" + step + stream;
    }

    private int[] ints(String key) {
        int[] values = golden.ints(key);
        int each = each(key, values.length);
        return Arrays.copyOfRange(values, first * each, (first + rows) * each);
    }

    private int each(String key, int values) {
        if (values % all != 0) {
            throw new GoldenException(
                    golden.source() + ": '" + key + "' has " + values + " values for " + all + " batch rows");
        }
        return values / all;
    }
}
