package dev.clusca.cli.verify;

import dev.clusca.cache.Choices;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.StepKind;
import dev.clusca.cases.Verdict;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
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
        return anyCluster(
                kinds,
                index,
                (labels, cluster, token) -> isStranger(labels, cluster, token)
                        || token == -1 && IntStream.of(labels).anyMatch(label -> label == cluster));
    }

    /**
     * What a comparison with the golden samples says of the backend: nothing, if they part in a run in which a cluster is empty and spreads another one's token. The published code adds that token's
     * output to what its own cluster's members take over, once more for each empty cluster; an empty cluster of clusca spreads nothing.
     */
    Verdict judge(Verdict verdict, ClusCa policy, List<StepKind> kinds, IntUnaryOperator index) {
        if (verdict instanceof Verdict.Failed failed
                && Double.isFinite(failed.error())
                && policy.gamma() > 0
                && anyCluster(kinds, index, InjectedChoices::isStranger)) {
            return new Verdict.Skipped(String.format(
                    Locale.ROOT,
                    "the run is %.1e off, and has a cluster without members: the published code then adds the output of the token that it takes for it to that token's own cluster, clusca spreads nothing; a run without empty clusters, or with gamma 0, can be compared",
                    failed.error()));
        }
        return verdict;
    }

    private static boolean isStranger(int[] labels, int cluster, int token) {
        // What is out of range is told by the run.
        return token >= 0 && token < labels.length && labels[token] != cluster;
    }

    /** Of a batch row's labels, one of its clusters, and the token that is given for it. */
    private interface OneCluster {
        boolean test(int[] labels, int cluster, int token);
    }

    /** Whether it holds of any cluster in any layer of any cached step. */
    private boolean anyCluster(List<StepKind> kinds, IntUnaryOperator index, OneCluster condition) {
        int[][] labels = {};
        for (int i = 0; i < kinds.size(); i++) {
            int step = index.applyAsInt(i);
            if (kinds.get(i) == StepKind.FULL) {
                labels = rows(golden.labels(step));
            } else if (anyCluster(representatives(step).orElseThrow(), labels, condition)) {
                return true;
            }
        }
        return false;
    }

    private boolean anyCluster(int[] representatives, int[][] labels, OneCluster condition) {
        int clusters = representatives.length / layers / golden.rows();
        for (int i = 0; i < representatives.length; i++) {
            if (condition.test(labels[i / clusters % golden.rows()], i % clusters, representatives[i])) {
                return true;
            }
        }
        return false;
    }

    private int[][] rows(int[] labels) {
        int tokens = labels.length / golden.rows();
        return IntStream.range(0, golden.rows())
                .mapToObj(row -> Arrays.copyOfRange(labels, row * tokens, (row + 1) * tokens))
                .toArray(int[][]::new);
    }
}
