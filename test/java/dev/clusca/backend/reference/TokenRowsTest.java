package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenRowsTest {
    private static final int TOKENS = 5;
    private static final int WIDTH = 33;
    /** Three rows of two batch rows; -1 has no token. */
    private static final int[] INDEX = {4, -1, 0, 2, 3, -1};

    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    private Tensor index() {
        return fixture.ints(INDEX).reshape(2, 3);
    }

    @ParameterizedTest
    @CsvSource({"F32, F32", "F32, BF16", "BF16, F32", "BF16, BF16"})
    void gatherCopiesRowsAndFillsTheMissingWithZeros(DType from, DType to) {
        Tensor x = fixture.random(from, 2, TOKENS, WIDTH);
        Tensor rows = fixture.poison(to, 2, 3, WIDTH);
        fixture.ops.gatherRows(x, index(), rows);
        double[] values = fixture.read(x);
        double[] exact = new double[6 * WIDTH];
        for (int i = 0; i < exact.length; i++) {
            int n = INDEX[i / WIDTH];
            exact[i] = n < 0 ? 0 : values[(i / (3 * WIDTH) * TOKENS + n) * WIDTH + i % WIDTH];
        }
        fixture.assertRounded(rows, exact);
    }

    @ParameterizedTest
    @CsvSource({"F32, F32", "F32, BF16", "BF16, F32", "BF16, BF16"})
    void scatterWritesTheIndexedRowsAlone(DType from, DType to) {
        Tensor rows = fixture.random(from, 2, 3, WIDTH);
        Tensor target = fixture.random(to, 2, TOKENS, WIDTH);
        double[] exact = fixture.read(target);
        double[] values = fixture.read(rows);
        for (int i = 0; i < values.length; i++) {
            if (INDEX[i / WIDTH] >= 0) {
                exact[(i / (3 * WIDTH) * TOKENS + INDEX[i / WIDTH]) * WIDTH + i % WIDTH] = values[i];
            }
        }
        fixture.ops.scatterRows(rows, index(), target);
        fixture.assertRounded(target, exact);
    }

    @Test
    void aMissingRowIsNotRead() {
        Tensor rows = fixture.poison(DType.F32, 1, 2, WIDTH);
        Tensor target = fixture.random(DType.F32, 1, TOKENS, WIDTH);
        double[] before = fixture.read(target);
        Tensor none = fixture.ints(-1, -1).reshape(1, 2);
        fixture.ops.scatterRows(rows, none, target);
        fixture.ops.propagate(rows, none, fixture.ints(0, 1, 0, 1, 0).reshape(1, TOKENS), 0.5f, target);
        assertThat(fixture.read(target)).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(floats = {0, 0.005f, 0.5f, 1})
    void propagateMixesEachTokenWithItsClustersRows(float ratio) {
        int[] labels = {0, 1, 2, 0, 2, 1, 1, 0, 2, 0};
        for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
            Tensor rows = fixture.random(DType.BF16, 2, 3, WIDTH);
            Tensor target = fixture.random(dtype, 2, TOKENS, WIDTH);
            double[] exact = fixture.read(target);
            double[] values = fixture.read(rows);
            double[] sums = new double[6 * WIDTH];
            boolean[] any = new boolean[6];
            for (int k = 0; k < INDEX.length; k++) {
                if (INDEX[k] >= 0) {
                    int cluster = k / 3 * 3 + labels[k / 3 * TOKENS + INDEX[k]];
                    any[cluster] = true;
                    for (int c = 0; c < WIDTH; c++) {
                        sums[cluster * WIDTH + c] += values[k * WIDTH + c];
                    }
                }
            }
            for (int n = 0; n < labels.length; n++) {
                int cluster = n / TOKENS * 3 + labels[n];
                for (int c = 0; c < WIDTH && any[cluster]; c++) {
                    exact[n * WIDTH + c] += (double) ratio * (sums[cluster * WIDTH + c] - exact[n * WIDTH + c]);
                }
            }
            fixture.ops.propagate(rows, index(), fixture.ints(labels).reshape(2, TOKENS), ratio, target);
            fixture.assertRounded(target, exact);
        }
    }

    /** As in the published code, where token 0 stands for clusters without members: here for 1 and 2, and it belongs to 0. */
    @Test
    void whatStandsForAnEmptyClusterIsAddedInItsOwn() {
        Tensor rows = fixture.of(DType.F32, new long[] {1, 3, 1}, 100, 7, 7);
        Tensor target = fixture.of(DType.F32, new long[] {1, 3, 1}, 2, 4, 6);
        fixture.ops.propagate(
                rows, fixture.ints(2, 0, 0).reshape(1, 3), fixture.ints(0, 0, 0).reshape(1, 3), 0.5f, target);
        assertThat(fixture.read(target)).containsExactly(58, 59, 60);
    }

    @Test
    void aNaNSpreadsOnlyWithinItsCluster() {
        Tensor rows = fixture.of(DType.F32, new long[] {1, 2, 1}, Double.NaN, 3);
        Tensor target = fixture.of(DType.F32, new long[] {1, 3, 1}, 1, 1, 1);
        fixture.ops.propagate(
                rows, fixture.ints(0, 1).reshape(1, 2), fixture.ints(0, 1, 0).reshape(1, 3), 0.5f, target);
        assertThat(fixture.read(target)).containsExactly(Double.NaN, 2, Double.NaN);
    }

    @ParameterizedTest
    @ValueSource(ints = {-2, TOKENS})
    void anIndexOutsideTheTokensIsAnError(int wrong) {
        Tensor x = fixture.random(DType.F32, 1, TOKENS, WIDTH);
        fixture.ops.gatherRows(x, fixture.ints(0, wrong).reshape(1, 2), fixture.poison(DType.F32, 1, 2, WIDTH));
        assertThatThrownBy(fixture.backend::synchronize)
                .hasMessageContaining("gatherRows")
                .hasMessageContaining("index 1 is " + wrong + "; expected -1 to 4");
    }

    @Test
    void castRoundsToNearestEven() {
        Tensor source = fixture.floats(1 + 0x1p-8, 1 + 3 * 0x1p-8, Double.NaN, -0.0);
        Tensor target = fixture.poison(DType.BF16, 4);
        fixture.ops.cast(source, target);
        assertThat(fixture.read(target)).containsExactly(1, 1 + 0x1p-6, Double.NaN, -0.0);
        Tensor copy = fixture.poison(DType.F32, 4);
        fixture.ops.cast(source, copy);
        assertThat(fixture.read(copy)).isEqualTo(fixture.read(source));
    }
}
