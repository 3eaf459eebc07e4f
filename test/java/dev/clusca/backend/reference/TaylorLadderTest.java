package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.BackendException;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TaylorLadderTest {
    private static final int ROWS = 2;
    private static final int TOKENS = 3;
    private static final int WIDTH = 31;
    private static final int PLANE = ROWS * TOKENS * WIDTH;

    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    private StepTable ladder(int terms, double divisor) {
        return fixture.step(Map.of(Column.LADDER_TERMS, (double) terms, Column.LADDER_DIVISOR, divisor));
    }

    /** A ladder whose planes from {@code terms} on are NaN, as if they had never been written. */
    private Tensor planes(DType dtype, int terms) {
        Tensor ladder = fixture.random(dtype, 5, ROWS, TOKENS, WIDTH);
        for (int order = terms; order < 5; order++) {
            ladder.slice(order).memory().fill((byte) 0xff);
        }
        return ladder;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void updateTakesRepeatedDifferencesAndLeavesTheRest(int terms) {
        for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
            // The plane that first exists after this update does not exist before it.
            Tensor ladder = planes(dtype, terms - 1);
            double[] before = fixture.read(ladder);
            Tensor feature = fixture.random(DType.F32, ROWS, TOKENS, WIDTH);
            double[] fresh = fixture.read(feature);
            fixture.ops.ladderUpdate(feature, ladder, ladder(terms, -4));
            double[] exact = new double[5 * PLANE];
            for (int order = 0; order < 5; order++) {
                for (int i = 0; i < PLANE; i++) {
                    exact[order * PLANE + i] = order < terms ? difference(order, i, fresh, before) : Double.NaN;
                }
            }
            fixture.assertRounded(ladder, exact);
        }
    }

    /** {@code G_order}, by its recursion. */
    private static double difference(int order, int i, double[] fresh, double[] before) {
        return order == 0 ? fresh[i] : (difference(order - 1, i, fresh, before) - before[(order - 1) * PLANE + i]) / -4;
    }

    @Test
    void theFeatureMayLieInPlaneZeroWhenItIsTheOnlyTerm() {
        Tensor ladder = planes(DType.F32, 1);
        double[] fresh = fixture.read(ladder.slice(0));
        fixture.ops.ladderUpdate(ladder.slice(0), ladder, ladder(1, 0));
        assertThat(fixture.read(ladder.slice(0))).isEqualTo(fresh);
        fixture.ops.ladderUpdate(ladder.slice(0), ladder, ladder(2, 1));
        assertThatThrownBy(fixture.backend::synchronize)
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("ladderUpdate")
                .hasMessageContaining("LADDER_TERMS is 2");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void forecastSumsTheTermsThatExistAndAddsThemGated(int terms) {
        double[] factor = {1, -3, 4.5, -4.5, 3.375};
        Map<Column, Double> step = new HashMap<>(Map.of(Column.TERMS, (double) terms));
        for (int order = 0; order < terms; order++) {
            step.put(Column.values()[Column.FACTOR_0.ordinal() + order], factor[order]);
        }
        Modulation modulation = fixture.modulation(DType.F32, ROWS, WIDTH, fixture.step(step));
        for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
            Tensor ladder = planes(dtype, terms);
            double[] t = fixture.read(ladder);
            Tensor x = fixture.random(DType.BF16, ROWS, TOKENS, WIDTH);
            double[] exact = fixture.read(x);
            for (int i = 0; i < PLANE; i++) {
                double forecast = 0;
                for (int order = 0; order < terms; order++) {
                    forecast += factor[order] * t[order * PLANE + i];
                }
                exact[i] += fixture.modulated(modulation, i / (TOKENS * WIDTH), 2, i % WIDTH) * forecast;
            }
            fixture.ops.forecastResidual(ladder, modulation, 2, x);
            fixture.assertRounded(x, exact);
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 6, 1.5, Double.NaN})
    void aNumberOfTermsThatTheLadderLacksIsAnError(double terms) {
        Modulation modulation = fixture.modulation(DType.F32, ROWS, WIDTH, fixture.step(Map.of(Column.TERMS, terms)));
        fixture.ops.forecastResidual(
                planes(DType.F32, 5), modulation, 0, fixture.random(DType.F32, ROWS, TOKENS, WIDTH));
        assertThatThrownBy(fixture.backend::synchronize)
                .hasMessageContaining("TERMS = " + terms)
                .hasMessageContaining("expected 1 to 5");
    }

    @Test
    void aPolynomialIsForecastExactly() {
        // f(s) = 3 - 2 s at full steps 8 and 4, forecast for step 1.
        Tensor ladder = fixture.poison(DType.F32, 2, 1, 1, 1);
        fixture.ops.ladderUpdate(fixture.of(DType.F32, new long[] {1, 1, 1}, -13), ladder, ladder(1, 0));
        fixture.ops.ladderUpdate(fixture.of(DType.F32, new long[] {1, 1, 1}, -5), ladder, ladder(2, -4));
        StepTable steps = fixture.step(Map.of(Column.TERMS, 2.0, Column.FACTOR_0, 1.0, Column.FACTOR_1, -3.0));
        Modulation modulation =
                new Modulation(fixture.of(DType.F32, new long[] {3, 1, 1, 1}, 9, 1, 9), fixture.ints(0), steps);
        Tensor x = fixture.of(DType.F32, new long[] {1, 1, 1}, 100);
        fixture.ops.forecastResidual(ladder, modulation, 0, x);
        assertThat(fixture.read(x)).containsExactly(100 + 3 - 2);
    }
}
