package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionTest {
    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    /** One output number from the definition, without subtracting a maximum. */
    private static double attend(double[] qkv, int tokens, int heads, int d, int row, int query, int head, int c) {
        int width = heads * d;
        double above = 0;
        double below = 0;
        for (int key = 0; key < tokens; key++) {
            double dot = 0;
            for (int i = 0; i < d; i++) {
                dot += qkv[((row * tokens + query) * 3) * width + head * d + i]
                        * qkv[((row * tokens + key) * 3 + 1) * width + head * d + i];
            }
            double weight = Math.exp(dot / Math.sqrt(d));
            above += weight * qkv[((row * tokens + key) * 3 + 2) * width + head * d + c];
            below += weight;
        }
        return above / below;
    }

    @ParameterizedTest
    @CsvSource({"F32, 1, 1, 1, 1", "F32, 2, 3, 2, 31", "F32, 1, 33, 3, 3", "BF16, 2, 31, 1, 33", "BF16, 1, 97, 4, 8"})
    void isSoftmaxAttentionWithinEachRow(DType dtype, int rows, int tokens, int heads, int d) {
        Tensor qkv = fixture.random(dtype, rows, tokens, 3L * heads * d);
        Tensor out = fixture.poison(dtype, rows, tokens, (long) heads * d);
        fixture.ops.attention(qkv, heads, out);
        double[] packed = fixture.read(qkv);
        double[] exact = new double[rows * tokens * heads * d];
        for (int i = 0; i < exact.length; i++) {
            int c = i % d;
            int head = i / d % heads;
            int query = i / (d * heads) % tokens;
            exact[i] = attend(packed, tokens, heads, d, i / (d * heads * tokens), query, head, c);
        }
        fixture.assertRounded(out, exact);
    }

    @Test
    void largeScoresDoNotOverflow() {
        // One head of 1: the scores are 1e6 and 2e6, so the second value wins.
        Tensor qkv = fixture.of(DType.F32, new long[] {1, 2, 3}, 1e3, 1e3, 5, 1e3, 2e3, 7);
        Tensor out = fixture.poison(DType.F32, 1, 2, 1);
        fixture.ops.attention(qkv, 1, out);
        assertThat(fixture.read(out)).containsExactly(7, 7);
    }

    @Test
    void aNaNKeyReachesEveryQueryOfItsHeadAndNoOther() {
        int tokens = 33;
        Tensor qkv = fixture.random(DType.F32, 2, tokens, 12);
        // Row 0, token 5, key, head 1, channel 0.
        qkv.memory().setAtIndex(ValueLayout.JAVA_FLOAT, 5 * 12 + 4 + 2, Float.NaN);
        Tensor out = fixture.poison(DType.F32, 2, tokens, 4);
        fixture.ops.attention(qkv, 2, out);
        double[] values = fixture.read(out);
        for (int i = 0; i < values.length; i++) {
            boolean touched = i < tokens * 4 && i % 4 >= 2;
            assertThat(Double.isNaN(values[i])).as("element %d", i).isEqualTo(touched);
        }
    }
}
