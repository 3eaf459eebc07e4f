package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.Draws;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.random.Philox;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TokenDrawsTest {
    private static final long SEED = 0x1234_5678_9abc_def0L;
    private static final int STEP = 41;

    private final Fixture fixture = new Fixture();
    private final StepTable steps = fixture.step(Map.of(Column.STEP, (double) STEP));

    @AfterEach
    void close() {
        fixture.close();
    }

    private static long draw(int token, int row, int layer, int stream, int purpose) {
        int[] words = new int[4];
        Philox.words(SEED, token, row, layer + stream * 65536, STEP + purpose * 0x1000000, words);
        return words[0] & 0xffffffffL;
    }

    @Test
    void firstTokensAreThoseOfTheLargestDraws() {
        int count = 97;
        Tensor tokens = fixture.poison(DType.I32, 3, 16);
        fixture.ops.drawFirstTokens(new Draws(SEED, fixture.ints(0, 6, 7), 2, steps), count, tokens);
        int[] found = fixture.readInts(tokens);
        int[] rows = {0, 6, 7};
        for (int r = 0; r < 3; r++) {
            for (int k = 0; k < 16; k++) {
                int token = found[r * 16 + k];
                long mine = draw(token, rows[r], 0, 2, 2);
                int row = rows[r];
                long larger = IntStream.range(0, count)
                        .filter(n -> draw(n, row, 0, 2, 2) > mine)
                        .count();
                assertThat(larger)
                        .as("row %d: tokens with a larger draw than token %d", r, token)
                        .isEqualTo(k);
            }
        }
    }

    @Test
    void allTokensMayBeDrawn() {
        Tensor tokens = fixture.poison(DType.I32, 1, 33);
        fixture.ops.drawFirstTokens(new Draws(SEED, fixture.ints(4), 0, steps), 33, tokens);
        assertThat(Arrays.stream(fixture.readInts(tokens)).sorted().toArray())
                .isEqualTo(IntStream.range(0, 33).toArray());
    }

    @Test
    void aRepresentativeIsTheMemberWithTheLargestDrawInEveryLayer() {
        int clusters = 5;
        int tokens = 31;
        int[] rows = {2, 3};
        // Cluster 3 of row 0 and cluster 0 of row 1 have no members.
        double[] labels = new double[2 * tokens];
        for (int n = 0; n < tokens; n++) {
            labels[n] = n % 4 == 3 ? 4 : n % 4;
            labels[tokens + n] = 1 + n * 7 % 4;
        }
        Tensor out = fixture.poison(DType.I32, 3, 2, clusters);
        fixture.ops.drawRepresentatives(
                new Draws(SEED, fixture.ints(rows), 1, steps),
                fixture.of(DType.I32, new long[] {2, tokens}, labels),
                out);
        int[] found = fixture.readInts(out);
        for (int layer = 0; layer < 3; layer++) {
            for (int r = 0; r < 2; r++) {
                for (int k = 0; k < clusters; k++) {
                    int expected = -1;
                    for (int n = tokens - 1; n >= 0; n--) {
                        if (labels[r * tokens + n] == k
                                && (expected < 0
                                        || draw(n, rows[r], layer, 1, 3) >= draw(expected, rows[r], layer, 1, 3))) {
                            expected = n;
                        }
                    }
                    assertThat(found[(layer * 2 + r) * clusters + k])
                            .as("layer %d, row %d, cluster %d", layer, r, k)
                            .isEqualTo(expected);
                }
            }
        }
        assertThat(found[3]).isEqualTo(-1);
        assertThat(found[clusters]).isEqualTo(-1);
    }

    @Test
    void layersDrawAnew() {
        Tensor labels = fixture.of(DType.I32, new long[] {1, 64}, new double[64]);
        Tensor out = fixture.poison(DType.I32, 8, 1, 1);
        fixture.ops.drawRepresentatives(new Draws(SEED, fixture.ints(0), 0, steps), labels, out);
        assertThat(Arrays.stream(fixture.readInts(out)).distinct().count()).isGreaterThan(4);
    }

    @Test
    void aLabelOutsideTheClustersIsAnError() {
        Tensor labels = fixture.of(DType.I32, new long[] {1, 3}, 0, 2, 1);
        fixture.ops.drawRepresentatives(
                new Draws(SEED, fixture.ints(0), 0, steps), labels, fixture.poison(DType.I32, 1, 1, 2));
        assertThatThrownBy(fixture.backend::synchronize).hasMessageContaining("label 1 is 2; expected 0 to 1");
    }
}
