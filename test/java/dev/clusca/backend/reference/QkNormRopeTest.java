package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QkNormRopeTest {
    private static final float EPSILON = 1e-6f;

    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    /** Element {@code c} of a normalised vector that begins at {@code at}, without a scale the element itself. */
    private static double normal(double[] packed, int at, int c, int d, double @Nullable [] scale) {
        double squares = 0;
        for (int i = 0; i < d; i++) {
            squares += packed[at + i] * packed[at + i];
        }
        return scale == null ? packed[at + c] : packed[at + c] * scale[c] / Math.sqrt(squares / d + EPSILON);
    }

    /** Every number of the result, from the definition. */
    private static double[] exact(
            double[] packed,
            int tokens,
            int heads,
            int d,
            double @Nullable [] queryScale,
            double @Nullable [] keyScale,
            double @Nullable [] rotations) {
        double[] exact = packed.clone();
        int width = heads * d;
        for (int i = 0; i < exact.length; i++) {
            int part = i / width % 3;
            if (part == 2) {
                continue;
            }
            double[] scale = part == 0 ? queryScale : keyScale;
            int c = i % d;
            exact[i] = normal(packed, i - c, c, d, scale);
            if (rotations != null) {
                int token = i / (3 * width) % tokens;
                double cosine = rotations[token * d + (c & ~1)];
                double sine = rotations[token * d + (c | 1)];
                double other = normal(packed, i - c, c ^ 1, d, scale);
                exact[i] = c % 2 == 0 ? cosine * exact[i] - sine * other : sine * other + cosine * exact[i];
            }
        }
        return exact;
    }

    @ParameterizedTest
    @CsvSource({"F32, 1, 1, 1, 2", "F32, 2, 3, 2, 72", "F32, 1, 33, 3, 32", "BF16, 2, 31, 1, 34", "BF16, 1, 9, 4, 128"})
    void normalisesAndTurnsQueriesAndKeys(DType dtype, int rows, int tokens, int heads, int d) {
        Tensor queryScale = fixture.random(DType.F32, d);
        Tensor keyScale = fixture.random(DType.F32, d);
        Tensor rotations = fixture.random(DType.F32, tokens, d / 2, 2);
        double[] q = fixture.read(queryScale);
        double[] k = fixture.read(keyScale);
        double[] angles = fixture.read(rotations);

        Tensor both = fixture.random(dtype, rows, tokens, 3L * heads * d);
        double[] expected = exact(fixture.read(both), tokens, heads, d, q, k, angles);
        fixture.ops.qkNormRope(both, heads, queryScale, keyScale, EPSILON, rotations);
        fixture.assertRounded(both, expected);

        Tensor turned = fixture.random(dtype, rows, tokens, 3L * heads * d);
        expected = exact(fixture.read(turned), tokens, heads, d, null, null, angles);
        fixture.ops.qkNormRope(turned, heads, null, null, 0, rotations);
        fixture.assertRounded(turned, expected);
    }

    @ParameterizedTest
    @CsvSource({"F32, 1, 1, 1, 1", "F32, 2, 5, 3, 33", "BF16, 1, 3, 2, 97"})
    void normalisesAlone(DType dtype, int rows, int tokens, int heads, int d) {
        Tensor queryScale = fixture.random(DType.F32, d);
        Tensor keyScale = fixture.random(DType.F32, d);
        Tensor qkv = fixture.random(dtype, rows, tokens, 3L * heads * d);
        double[] expected =
                exact(fixture.read(qkv), tokens, heads, d, fixture.read(queryScale), fixture.read(keyScale), null);
        fixture.ops.qkNormRope(qkv, heads, queryScale, keyScale, EPSILON, null);
        fixture.assertRounded(qkv, expected);
    }

    /** A quarter turn puts the first channel into the second, as a multiplication by i does. */
    @Test
    void turnsFromTheFirstChannelToTheSecond() {
        Tensor qkv = fixture.of(DType.F32, new long[] {1, 1, 6}, 1, 0, 0, 1, 5, 6);
        fixture.ops.qkNormRope(qkv, 1, null, null, 0, fixture.of(DType.F32, new long[] {1, 1, 2}, 0, 1));
        assertThat(fixture.read(qkv)).containsExactly(0, 1, -1, 0, 5, 6);
    }

    @Test
    void anEmptyQueryStaysFiniteAndANaNStaysInItsHead() {
        int d = 4;
        Tensor scale = fixture.floats(1, 2, 3, 4);
        Tensor qkv = fixture.of(DType.F32, new long[] {1, 2, 6L * d}, new double[12 * d]);
        // Token 1, the second head's key.
        qkv.memory().setAtIndex(ValueLayout.JAVA_FLOAT, 6 * d + 3 * d + 1, Float.NaN);
        fixture.ops.qkNormRope(qkv, 2, scale, scale, EPSILON, fixture.random(DType.F32, 2, d / 2, 2));
        double[] values = fixture.read(qkv);
        for (int i = 0; i < values.length; i++) {
            boolean touched = i / d == 9;
            assertThat(touched ? Double.isNaN(values[i]) : values[i] == 0)
                    .as("element %d is %s", i, values[i])
                    .isTrue();
        }
    }
}
