package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.random.Philox;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TimingsTest {
    @Test
    void orderStatistics() {
        Timings timings = new Timings(5, 1, 4, 2, 3);
        assertThat(timings.samples()).isEqualTo(5);
        assertThat(timings.min()).isEqualTo(1);
        assertThat(timings.median()).isEqualTo(3);
        assertThat(timings.iqr()).isEqualTo(2);
        assertThat(timings.p95()).isCloseTo(4.8, within(1e-12));
    }

    @Test
    void evenlyManySamplesHaveTheirMedianInBetween() {
        assertThat(new Timings(1, 2, 3, 10).median()).isEqualTo(2.5);
    }

    @Test
    void oneDisturbedSampleMovesNothingButTheTail() {
        double[] calm = IntStream.range(0, 41).mapToDouble(i -> 100 + i % 5).toArray();
        double[] disturbed = calm.clone();
        disturbed[7] = 1e6;
        assertThat(new Timings(disturbed).median()).isCloseTo(new Timings(calm).median(), within(1.0));
        assertThat(new Timings(disturbed).noise()).isLessThan(0.02);
    }

    /** Half of what lies between the ranks {@code n/2 -+ 1.96 sqrt(n)/2}, rounded outwards, of samples that are 1 to n: the 10th and the 22nd of 31, the 40th and the 61st of 100. */
    @Test
    void theIntervalLiesBetweenRanksAroundTheMedian() {
        assertThat(oneTo(31).noise()).isCloseTo((22 - 10) / 2.0 / 16, within(1e-12));
        assertThat(oneTo(100).noise()).isCloseTo((61 - 40) / 2.0 / 50.5, within(1e-12));
        assertThat(oneTo(6).noise()).isCloseTo((6 - 1) / 2.0 / 3.5, within(1e-12));
    }

    private static Timings oneTo(int n) {
        return new Timings(IntStream.rangeClosed(1, n).mapToDouble(i -> i).toArray());
    }

    @Test
    void tooFewSamplesSayNothingAboutNoise() {
        assertThat(new Timings(1, 1, 1, 1, 1).noise()).isEqualTo(1);
        assertThat(new Timings(1, 1, 1, 1, 1, 1).noise()).isZero();
    }

    /** The interval is what it claims to be: of many measurements, 95 % enclose the true median (ranks are rounded outwards, so a little more). */
    @Test
    void theIntervalHoldsTheTrueMedian() {
        int enclosed = 0;
        int runs = 2000;
        for (int run = 0; run < runs; run++) {
            double[] samples = new double[31];
            for (int i = 0; i < samples.length; i++) {
                double u = (Philox.draw(5, i, run, 0, 0) >>> 1) * 0x1p-31;
                samples[i] = 100 + 20 * u * u; // skewed to the right, as times are; the median is 105
            }
            Timings timings = new Timings(samples);
            double half = timings.noise() * timings.median();
            if (Math.abs(timings.median() - 105) <= half) {
                enclosed++;
            }
        }
        assertThat((double) enclosed / runs).isBetween(0.92, 1.0);
    }

    @Test
    void impossibleSamplesAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(Timings::new);
        assertThatIllegalArgumentException().isThrownBy(() -> new Timings(1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Timings(1, Double.NaN));
    }
}
