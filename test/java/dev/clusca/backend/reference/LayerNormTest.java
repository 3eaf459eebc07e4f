package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Modulation;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LayerNormTest {
    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @ParameterizedTest
    @CsvSource({
        "F32, F32, F32, 1, 1, 3",
        "F32, BF16, BF16, 3, 5, 33",
        "BF16, F32, BF16, 2, 31, 97",
        "BF16, F32, F32, 4, 1, 31"
    })
    void normalisesAndModulates(DType type, DType tableType, DType outType, int rows, int tokens, int width) {
        Modulation modulation = fixture.modulation(tableType, rows, width, fixture.step(Map.of()));
        Tensor x = fixture.random(type, rows, tokens, width);
        Tensor out = fixture.poison(outType, rows, tokens, width);
        fixture.ops.layerNormModulate(x, modulation, 2, 1, 1e-6f, out);
        double[] exact = new double[rows * tokens * width];
        double[] values = fixture.read(x);
        for (int t = 0; t < rows * tokens; t++) {
            double[] v = Arrays.copyOfRange(values, t * width, (t + 1) * width);
            double mean = Arrays.stream(v).average().orElseThrow();
            double variance =
                    Arrays.stream(v).map(e -> Math.pow(e - mean, 2)).average().orElseThrow();
            for (int c = 0; c < width; c++) {
                double normal = (v[c] - mean) / Math.sqrt(variance + 1e-6f);
                exact[t * width + c] = normal * (1 + fixture.modulated(modulation, t / tokens, 1, c))
                        + fixture.modulated(modulation, t / tokens, 2, c);
            }
        }
        fixture.assertRounded(out, exact);
    }

    @Test
    void aConstantTokenBecomesTheShift() {
        Modulation modulation = fixture.modulation(DType.F32, 1, 3, fixture.step(Map.of()));
        Tensor out = fixture.poison(DType.F32, 1, 1, 3);
        fixture.ops.layerNormModulate(
                fixture.of(DType.F32, new long[] {1, 1, 3}, 7, 7, 7), modulation, 0, 1, 1e-6f, out);
        for (int c = 0; c < 3; c++) {
            assertThat(fixture.read(out)[c]).isEqualTo(fixture.modulated(modulation, 0, 0, c));
        }
    }

    @Test
    void aLargeMeanCostsNoPrecision() {
        Modulation modulation = fixture.modulation(DType.F32, 1, 2, fixture.step(Map.of()));
        Tensor out = fixture.poison(DType.F32, 1, 1, 2);
        fixture.ops.layerNormModulate(
                fixture.of(DType.F32, new long[] {1, 1, 2}, 8388607, 8388609), modulation, 0, 1, 0, out);
        for (int c = 0; c < 2; c++) {
            double normal = c == 0 ? -1 : 1;
            double exact =
                    normal * (1 + fixture.modulated(modulation, 0, 1, c)) + fixture.modulated(modulation, 0, 0, c);
            assertThat(fixture.read(out)[c]).isEqualTo((float) exact);
        }
    }

    @Test
    void aNaNFillsItsTokenOnly() {
        Modulation modulation = fixture.modulation(DType.F32, 1, 3, fixture.step(Map.of()));
        Tensor out = fixture.poison(DType.F32, 1, 2, 3);
        fixture.ops.layerNormModulate(
                fixture.of(DType.F32, new long[] {1, 2, 3}, 1, Double.NaN, 3, 4, 5, 7), modulation, 0, 1, 1e-6f, out);
        assertThat(Arrays.stream(fixture.read(out)).mapToObj(Double::isNaN).toList())
                .containsExactly(true, true, true, false, false, false);
    }
}
