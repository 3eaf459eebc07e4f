package dev.clusca.cli.verify;

import dev.clusca.cache.Choices;
import dev.clusca.cache.StepKind;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * The labels and representatives of a golden ClusCa run; every one that the run asks for must be in the file.
 *
 * @param layers how many have representatives
 */
record InjectedChoices(GoldenStream golden, int layers) implements Choices {
    @Override
    public Optional<int[]> labels(int step) {
        return Optional.of(golden.labels(step));
    }

    @Override
    public Optional<int[]> representatives(int step) {
        return Optional.of(IntStream.range(0, layers)
                .flatMap(layer -> IntStream.of(golden.representatives(step, layer)))
                .toArray());
    }

    /**
     * Whether only the published order takes these choices: a representative lies in another cluster than its own, as the published code's of an empty cluster does, or a
     * cluster with members has none.
     *
     * @param index the index by which the file names the step at a place in the run
     */
    boolean needPublishedOrder(List<StepKind> kinds, IntUnaryOperator index) {
        int[] labels = new int[0];
        for (int i = 0; i < kinds.size(); i++) {
            int step = index.applyAsInt(i);
            if (kinds.get(i) == StepKind.FULL) {
                labels = golden.labels(step);
            } else if (needPublishedOrder(representatives(step).orElseThrow(), labels)) {
                return true;
            }
        }
        return false;
    }

    private boolean needPublishedOrder(int[] representatives, int[] labels) {
        int rows = golden.rows();
        int clusters = representatives.length / layers / rows;
        int tokens = labels.length / rows;
        for (int i = 0; i < representatives.length; i++) {
            int cluster = i % clusters;
            int first = i / clusters % rows * tokens;
            int n = representatives[i];
            // What is out of range is told by the run.
            boolean stranger = n >= 0 && n < tokens && labels[first + n] != cluster;
            if (stranger || n == -1 && IntStream.range(first, first + tokens).anyMatch(t -> labels[t] == cluster)) {
                return true;
            }
        }
        return false;
    }
}
