package dev.clusca.cli.verify;

import dev.clusca.cache.Choices;
import dev.clusca.cache.StepKind;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The labels and representatives of a golden ClusCa run; every one that the run asks for must be in the file. Where ours has fewer batch rows, they are the first. */
final class InjectedChoices implements Choices {
    private final GoldenFile golden;
    private final String run;
    private final int layers;
    private final int goldenRows;
    private final int rows;

    /**
     * @param run the run's name in the file's keys, {@code clusca} or {@code clusca_gamma1}
     * @param goldenRows batch rows of the golden run
     * @param rows batch rows of ours, at most as many
     */
    InjectedChoices(GoldenFile golden, String run, int layers, int goldenRows, int rows) {
        this.golden = golden;
        this.run = run;
        this.layers = layers;
        this.goldenRows = goldenRows;
        this.rows = rows;
    }

    @Override
    public Optional<int[]> labels(int step) {
        return Optional.of(ints(labelsKey(run, step)));
    }

    /** The values of our rows. */
    private int[] ints(String key) {
        int[] all = golden.ints(key);
        if (all.length % goldenRows != 0) {
            throw new GoldenException(golden.source() + ": '" + key + "' has " + all.length + " values for "
                    + goldenRows + " batch rows");
        }
        return Arrays.copyOf(all, all.length / goldenRows * rows);
    }

    /** Whether a representative lies in another cluster than its own, as the published code's of an empty cluster does. */
    boolean hasStrangers(List<StepKind> kinds) {
        int[] labels = new int[0];
        for (int i = 0; i < kinds.size(); i++) {
            int step = kinds.size() - 1 - i;
            if (kinds.get(i) == StepKind.FULL) {
                labels = ints(labelsKey(run, step));
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
            parts[layer] = ints(run + ".representatives.step" + step + ".layer" + layer);
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
