package dev.clusca.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class NormalsTest {
    private static float[] noise(int count, long seed, int image, int step, Purpose purpose) {
        float[] out = new float[count];
        Normals.fill(out, seed, image, step, purpose);
        return out;
    }

    @Test
    void hasTheMomentsOfTheStandardNormal() {
        int n = 200_000;
        float[] x = noise(n, 7, 0, 0, Purpose.INITIAL_NOISE);
        double[] moment = new double[5];
        for (float v : x) {
            for (int p = 1; p <= 4; p++) {
                moment[p] += Math.pow(v, p) / n;
            }
        }
        // Five standard errors of each moment: sqrt(1, 2, 15, 96 / n).
        assertThat(moment[1]).isCloseTo(0, within(5 * Math.sqrt(1.0 / n)));
        assertThat(moment[2]).isCloseTo(1, within(5 * Math.sqrt(2.0 / n)));
        assertThat(moment[3]).isCloseTo(0, within(5 * Math.sqrt(15.0 / n)));
        assertThat(moment[4]).isCloseTo(3, within(5 * Math.sqrt(96.0 / n)));
    }

    @Test
    void imagesStepsPurposesAndSeedsAreIndependent() {
        float[] base = noise(50_000, 7, 3, 4, Purpose.STEP_NOISE);
        for (float[] other : new float[][] {
            noise(50_000, 7, 4, 4, Purpose.STEP_NOISE),
            noise(50_000, 7, 3, 5, Purpose.STEP_NOISE),
            noise(50_000, 7, 3, 4, Purpose.INITIAL_NOISE),
            noise(50_000, 8, 3, 4, Purpose.STEP_NOISE),
            noise(50_000, 7 + (1L << 32), 3, 4, Purpose.STEP_NOISE)
        }) {
            double correlation = 0;
            for (int i = 0; i < base.length; i++) {
                correlation += (double) base[i] * other[i] / base.length;
            }
            assertThat(correlation).isCloseTo(0, within(5 / Math.sqrt(base.length)));
        }
    }

    @Test
    void aShorterImageIsAPrefix() {
        float[] whole = noise(16, 1, 2, 0, Purpose.INITIAL_NOISE);
        for (int count = 0; count < 16; count++) {
            assertThat(noise(count, 1, 2, 0, Purpose.INITIAL_NOISE)).isEqualTo(Arrays.copyOf(whole, count));
        }
    }

    /** What a seed means, in every version and on every machine; the values were computed once more in Python. */
    @Test
    void keepsItsBits() {
        assertThat(noise(5, 7, 1, 0, Purpose.INITIAL_NOISE))
                .containsExactly(0x1.6ecca8p0f, 0x1.cfce8cp-2f, -0x1.c2cd28p-5f, -0x1.c9fabp-2f, 0x1.949c42p-1f);
    }
}
