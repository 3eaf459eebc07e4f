package dev.clusca.backend.reference;

import dev.clusca.backend.Draws;
import dev.clusca.random.Philox;
import dev.clusca.random.Purpose;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Random choices of tokens: the larger draw wins, ties go to the lower token. */
final class TokenDraws {
    private TokenDraws() {}

    static void firstTokens(Draws draws, int count, Tensor tokens) {
        int k = tokens.shape().size(1);
        int step = Step.of(draws.steps()).number();
        Ints rows = new Ints(draws.rows());
        Ints first = new Ints(tokens);
        for (int r = 0; r < tokens.shape().size(0); r++) {
            int row = rows.get(r);
            Comparator<Integer> larger =
                    Comparator.comparingLong(n -> -draw(draws, n, row, 0, step, Purpose.FIRST_CENTROIDS));
            // The sort is stable, so of equal draws the lower token stays first.
            List<Integer> ranked =
                    IntStream.range(0, count).boxed().sorted(larger).toList();
            for (int i = 0; i < k; i++) {
                first.set((long) r * k + i, ranked.get(i));
            }
        }
    }

    static void representatives(Draws draws, Tensor labels, Tensor representatives) {
        int layers = representatives.shape().size(0);
        int rowCount = representatives.shape().size(1);
        int clusters = representatives.shape().size(2);
        int tokens = labels.shape().size(1);
        int step = Step.of(draws.steps()).number();
        Ints rows = new Ints(draws.rows());
        Ints label = new Ints(labels);
        Ints out = new Ints(representatives);
        for (int layer = 0; layer < layers; layer++) {
            for (int r = 0; r < rowCount; r++) {
                long[] best = new long[clusters];
                int[] member = new int[clusters];
                Arrays.fill(best, -1);
                Arrays.fill(member, -1);
                for (int n = 0; n < tokens; n++) {
                    int k = label.get((long) r * tokens + n, "label", 0, clusters - 1);
                    long drawn = draw(draws, n, rows.get(r), layer, step, Purpose.REPRESENTATIVE);
                    if (drawn > best[k]) {
                        best[k] = drawn;
                        member[k] = n;
                    }
                }
                for (int k = 0; k < clusters; k++) {
                    out.set(((long) layer * rowCount + r) * clusters + k, member[k]);
                }
            }
        }
    }

    /** One draw as a number from 0 to 2^32 - 1. */
    private static long draw(Draws draws, int token, int row, int layer, int step, Purpose purpose) {
        return Integer.toUnsignedLong(
                Philox.draw(draws.seed(), token, row, layer | draws.stream() << 16, purpose.word(step)));
    }
}
