package dev.clusca.cli.verify;

import dev.clusca.cache.Choices;
import dev.clusca.cache.StepKind;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;

/** The labels and representatives of a golden ClusCa run; every one that the run asks for must be in the file. */
final class InjectedChoices implements Choices {
    private final GoldenFile golden;
    private final String run;
    private final String stream;
    private final int layers;
    private final int goldenRows;
    private final int firstRow;
    private final int rows;

    /**
     * Of the one stream of a DiT. Where ours has fewer batch rows, they are the first.
     *
     * @param run the run's name in the file's keys, {@code clusca} or {@code clusca_gamma1}
     * @param goldenRows batch rows of the golden run
     * @param rows batch rows of ours, at most as many
     */
    InjectedChoices(GoldenFile golden, String run, int layers, int goldenRows, int rows) {
        this(golden, run, "", layers, goldenRows, 0, rows);
    }

    /**
     * @param stream what keys end with, as {@code .img_mlp}; or nothing
     * @param firstRow which of the golden rows is our first
     */
    InjectedChoices(GoldenFile golden, String run, String stream, int layers, int goldenRows, int firstRow, int rows) {
        this.golden = golden;
        this.run = run;
        this.stream = stream;
        this.layers = layers;
        this.goldenRows = goldenRows;
        this.firstRow = firstRow;
        this.rows = rows;
    }

    @Override
    public Optional<int[]> labels(int step) {
        return Optional.of(ints(labelsKey(run, step) + stream));
    }

    /** The values of our rows. */
    private int[] ints(String key) {
        int[] all = golden.ints(key);
        if (all.length % goldenRows != 0) {
            throw new GoldenException(golden.source() + ": '" + key + "' has " + all.length + " values for "
                    + goldenRows + " batch rows");
        }
        int each = all.length / goldenRows;
        return Arrays.copyOfRange(all, firstRow * each, (firstRow + rows) * each);
    }

    /**
     * Whether a representative lies in another cluster than its own, as the published code's of an empty cluster does.
     *
     * @param index the index by which the file names the step at a place in the run
     */
    boolean hasStrangers(List<StepKind> kinds, IntUnaryOperator index) {
        int[] labels = new int[0];
        for (int i = 0; i < kinds.size(); i++) {
            int step = index.applyAsInt(i);
            if (kinds.get(i) == StepKind.FULL) {
                labels = ints(labelsKey(run, step) + stream);
            } else if (hasStrangers(representatives(step).orElseThrow(), labels)) {
                return true;
            }
        }
        return false;
    }

    private boolean hasStrangers(int[] representatives, int[] labels) {
        int clusters = representatives.length / layers / rows;
        int tokens = labels.length / rows;
        for (int i = 0; i < representatives.length; i++) {
            int n = representatives[i];
            // What is out of range is told by the run.
            if (n >= 0 && n < tokens && labels[i / clusters % rows * tokens + n] != i % clusters) {
                return true;
            }
        }
        return false;
    }

    @Override
    public Optional<int[]> representatives(int step) {
        int[][] parts = new int[layers][];
        int size = 0;
        for (int layer = 0; layer < layers; layer++) {
            parts[layer] = ints(run + ".representatives.step" + step + ".layer" + layer + stream);
            size += parts[layer].length;
        }
        int[] all = new int[size];
        int at = 0;
        for (int[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return Optional.of(all);
    }

    static String labelsKey(String run, int step) {
        return run + ".labels.step" + step;
    }
}
