package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.BackendException;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplerUpdatesTest {
    private static final int BATCH = 2;
    private static final int CHANNELS = 3;
    private static final int PIXELS = 5 * 3;
    private static final int IMAGE = CHANNELS * PIXELS;

    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    /** DDIM's coefficients from two noise levels, as the paper writes them. */
    private StepTable ddim(double alphaBar, double alphaBarPrevious, double sigma) {
        return fixture.step(new HashMap<>(Map.of(
                Column.SAMPLE_TO_START, Math.sqrt(1 / alphaBar),
                Column.NOISE_TO_START, Math.sqrt(1 / alphaBar - 1),
                Column.START_WEIGHT, Math.sqrt(alphaBarPrevious),
                Column.SECOND_WEIGHT, Math.sqrt(1 - alphaBarPrevious - sigma * sigma),
                Column.NOISE_WEIGHT, sigma)));
    }

    private double[] column(StepTable steps) {
        return Arrays.copyOfRange(fixture.read(steps.rows()), Column.COUNT, 2 * Column.COUNT);
    }

    private static double at(double[] step, Column column) {
        return step[column.ordinal()];
    }

    @ParameterizedTest
    @CsvSource({"false, 0", "true, 0", "false, 0.3", "true, 0.3"})
    void ddimMovesTowardsTheStart(boolean clip, double sigma) {
        StepTable steps = ddim(0.3, 0.6, sigma);
        Tensor x = fixture.random(DType.F32, BATCH, CHANNELS, 5, 3);
        Tensor output = fixture.random(DType.F32, 2 * BATCH, CHANNELS + 1, 5, 3);
        // What is masked may hold anything.
        Tensor noise = sigma == 0
                ? fixture.poison(DType.F32, BATCH, CHANNELS, 5, 3)
                : fixture.random(DType.F32, BATCH, CHANNELS, 5, 3);
        double[] s = column(steps);
        double[] exact = fixture.read(x);
        for (int i = 0; i < exact.length; i++) {
            double eps = fixture.read(output)[i / IMAGE * (CHANNELS + 1) * PIXELS + i % IMAGE];
            double start = at(s, Column.SAMPLE_TO_START) * exact[i] - at(s, Column.NOISE_TO_START) * eps;
            if (clip) {
                start = Math.clamp(start, -1, 1);
                eps = (at(s, Column.SAMPLE_TO_START) * exact[i] - start) / at(s, Column.NOISE_TO_START);
            }
            exact[i] = at(s, Column.START_WEIGHT) * start + at(s, Column.SECOND_WEIGHT) * eps;
            if (sigma > 0) {
                exact[i] += at(s, Column.NOISE_WEIGHT) * fixture.read(noise)[i];
            }
        }
        fixture.ops.ddimUpdate(x, output, noise, clip, steps);
        fixture.assertRounded(x, exact);
    }

    @Test
    void ddimNeedsNoiseOnlyWhereItsWeightIsNotZero() {
        Tensor x = fixture.random(DType.F32, 1, 1, 1, 1);
        Tensor output = fixture.random(DType.F32, 1, 1, 1, 1);
        fixture.ops.ddimUpdate(x, output, null, false, ddim(0.3, 0.6, 0));
        assertThat(fixture.read(x)[0]).isFinite();
        fixture.ops.ddimUpdate(x, output, null, false, ddim(0.3, 0.6, 0.5));
        assertThatThrownBy(fixture.backend::synchronize)
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("NOISE_WEIGHT = 0.5")
                .hasMessageContaining("no noise tensor");
    }

    @ParameterizedTest
    @CsvSource({"false, 1", "true, 1", "false, 0"})
    void ddpmSamplesThePosteriorWithTheLearnedVariance(boolean clip, double noiseWeight) {
        StepTable steps = fixture.step(new HashMap<>(Map.of(
                Column.SAMPLE_TO_START, 1.8,
                Column.NOISE_TO_START, 1.5,
                Column.START_WEIGHT, 0.4,
                Column.SECOND_WEIGHT, 0.6,
                Column.NOISE_WEIGHT, noiseWeight,
                Column.LOG_VARIANCE_MIN, -4.0,
                Column.LOG_VARIANCE_MAX, -1.0)));
        Tensor x = fixture.random(DType.F32, BATCH, CHANNELS, 5, 3);
        Tensor output = fixture.random(DType.F32, BATCH, 2 * CHANNELS, 5, 3);
        Tensor noise = noiseWeight == 0
                ? fixture.poison(DType.F32, BATCH, CHANNELS, 5, 3)
                : fixture.random(DType.F32, BATCH, CHANNELS, 5, 3);
        double[] s = column(steps);
        double[] exact = fixture.read(x);
        double[] out = fixture.read(output);
        for (int i = 0; i < exact.length; i++) {
            double eps = out[i / IMAGE * 2 * IMAGE + i % IMAGE];
            double fraction = (out[i / IMAGE * 2 * IMAGE + IMAGE + i % IMAGE] + 1) / 2;
            double start = at(s, Column.SAMPLE_TO_START) * exact[i] - at(s, Column.NOISE_TO_START) * eps;
            start = clip ? Math.clamp(start, -1, 1) : start;
            exact[i] = at(s, Column.START_WEIGHT) * start + at(s, Column.SECOND_WEIGHT) * exact[i];
            if (noiseWeight != 0) {
                double deviation = Math.sqrt(Math.exp(fraction * -1.0 + (1 - fraction) * -4.0));
                exact[i] += deviation * fixture.read(noise)[i];
            }
        }
        fixture.ops.ddpmUpdate(x, output, noise, clip, steps);
        fixture.assertRounded(x, exact);
    }

    @Test
    void clippingKeepsNaN() {
        Tensor x = fixture.of(DType.F32, new long[] {1, 1, 1, 2}, Double.NaN, 0.5);
        Tensor output = fixture.of(DType.F32, new long[] {1, 1, 1, 2}, 0.5, 0.5);
        fixture.ops.ddimUpdate(x, output, null, true, ddim(0.3, 0.6, 0));
        assertThat(fixture.read(x)[0]).isNaN();
        assertThat(fixture.read(x)[1]).isFinite();
    }

    @ParameterizedTest
    @CsvSource({"1, 3", "3, 1.5", "4, 0"})
    void guidanceActsOnTheFirstChannelsOfBothHalves(int channels, float scale) {
        int image = 4 * PIXELS;
        Tensor output = fixture.random(DType.F32, 2 * BATCH, 4, 5, 3);
        double[] before = fixture.read(output);
        double[] exact = before.clone();
        for (int i = 0; i < before.length; i++) {
            if (i % image < channels * PIXELS) {
                double conditional = before[i % (BATCH * image)];
                double unconditional = before[BATCH * image + i % (BATCH * image)];
                exact[i] = (1 - scale) * unconditional + scale * conditional;
            }
        }
        fixture.ops.guidance(output, scale, channels);
        fixture.assertRounded(output, exact);
    }

    @Test
    void advanceMovesTheCursor() {
        StepTable steps = ddim(0.3, 0.6, 0);
        fixture.ops.advance(steps);
        assertThat(fixture.read(steps.cursor())).containsExactly(2);
        fixture.ops.advance(steps);
        Tensor x = fixture.random(DType.F32, 1, 1, 1, 1);
        fixture.ops.ddimUpdate(x, fixture.random(DType.F32, 1, 1, 1, 1), null, false, steps);
        assertThatThrownBy(fixture.backend::synchronize)
                .hasMessageContaining("the step table's cursor is 3; expected 0 to 2");
    }
}
