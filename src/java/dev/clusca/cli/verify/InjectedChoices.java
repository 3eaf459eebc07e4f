package dev.clusca.cli.verify;

import dev.clusca.cache.Choices;
import java.util.Optional;

/** The labels and representatives of a golden ClusCa run; every one that the run asks for must be in the file. */
final class InjectedChoices implements Choices {
    private final GoldenFile golden;
    private final String run;
    private final int layers;

    /** @param run the run's name in the file's keys, {@code clusca} or {@code clusca_gamma1} */
    InjectedChoices(GoldenFile golden, String run, int layers) {
        this.golden = golden;
        this.run = run;
        this.layers = layers;
    }

    @Override
    public Optional<int[]> labels(int step) {
        return Optional.of(golden.ints(labelsKey(run, step)));
    }

    @Override
    public Optional<int[]> representatives(int step) {
        int[][] parts = new int[layers][];
        int size = 0;
        for (int layer = 0; layer < layers; layer++) {
            parts[layer] = golden.ints(run + ".representatives.step" + step + ".layer" + layer);
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
