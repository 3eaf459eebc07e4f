package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Activation;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GroupNormTest {
    private static final float EPSILON = 1e-5f;

    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @ParameterizedTest
    @CsvSource({
        "F32, F32, 1, 1, 3, 3, 1, NONE",
        "F32, BF16, 2, 3, 5, 8, 4, SILU",
        "BF16, BF16, 1, 4, 1, 6, 6, SILU",
        "BF16, F32, 3, 2, 2, 12, 2, NONE"
    })
    void normalisesEachGroup(
            DType type, DType outType, int images, int height, int width, int channels, int groups, Activation last) {
        Tensor x = fixture.random(type, images, height, width, channels);
        Tensor weight = fixture.random(DType.F32, channels);
        Tensor bias = fixture.random(DType.F32, channels);
        Tensor out = fixture.poison(outType, images, height, width, channels);
        fixture.ops.groupNorm(x, groups, weight, bias, EPSILON, last, out);

        double[] v = fixture.read(x);
        int image = height * width * channels;
        IntFunction<Integer> group = i -> i / image * groups + i % channels / (channels / groups);
        double[] exact = new double[v.length];
        for (int i = 0; i < v.length; i++) {
            int mine = group.apply(i);
            double[] members = IntStream.range(0, v.length)
                    .filter(other -> group.apply(other) == mine)
                    .mapToDouble(other -> v[other])
                    .toArray();
            double mean = Arrays.stream(members).average().orElseThrow();
            double variance = Arrays.stream(members)
                    .map(m -> (m - mean) * (m - mean))
                    .average()
                    .orElseThrow();
            double normal = (v[i] - mean) / Math.sqrt(variance + EPSILON);
            double y = normal * fixture.read(weight)[i % channels] + fixture.read(bias)[i % channels];
            exact[i] = last == Activation.SILU ? y / (1 + Math.exp(-y)) : y;
        }
        fixture.assertRounded(out, exact);
    }

    @Test
    void worksInPlace() {
        Tensor x = fixture.random(DType.F32, 2, 2, 3, 4);
        Tensor out = fixture.poison(DType.F32, 2, 2, 3, 4);
        Tensor ones = fixture.floats(1, 1, 1, 1);
        fixture.ops.groupNorm(x, 2, ones, ones, EPSILON, Activation.SILU, out);
        fixture.ops.groupNorm(x, 2, ones, ones, EPSILON, Activation.SILU, x);
        assertThat(fixture.read(x)).isEqualTo(fixture.read(out));
    }

    @Test
    void aNaNFillsItsGroupOnly() {
        Tensor x = fixture.of(DType.F32, new long[] {1, 1, 2, 4}, 1, Double.NaN, 3, 4, 5, 6, 7, 8);
        Tensor out = fixture.poison(DType.F32, 1, 1, 2, 4);
        Tensor ones = fixture.floats(1, 1, 1, 1);
        fixture.ops.groupNorm(x, 2, ones, ones, EPSILON, Activation.NONE, out);
        assertThat(Arrays.stream(fixture.read(out)).mapToObj(Double::isNaN).toList())
                .containsExactly(true, true, false, false, true, true, false, false);
    }
}
