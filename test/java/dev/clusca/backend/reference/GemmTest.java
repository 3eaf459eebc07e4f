package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class GemmTest {
    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    /** {@code sum_k a[m, k] w[n, k] + b[n]}. */
    private double[] product(Tensor a, Tensor weight, double[] bias) {
        int inputs = weight.shape().size(1);
        int outputs = weight.shape().size(0);
        double[] x = fixture.read(a);
        double[] w = fixture.read(weight);
        return IntStream.range(0, x.length / inputs * outputs)
                .mapToDouble(i -> bias[i % outputs]
                        + IntStream.range(0, inputs)
                                .mapToDouble(k -> x[i / outputs * inputs + k] * w[i % outputs * inputs + k])
                                .sum())
                .toArray();
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "3, 31, 33", "33, 97, 31", "31, 3, 257", "97, 33, 300", "70, 6, 513"})
    void multiplies(int rows, int inputs, int outputs) {
        for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
            Tensor weight = fixture.random(dtype, outputs, inputs);
            Tensor bias = fixture.random(DType.F32, outputs);
            Linear layer = fixture.backend.linear(fixture.arena, weight, bias, dtype);
            Tensor a = fixture.random(dtype, rows, inputs);
            for (DType outType : new DType[] {DType.F32, DType.BF16}) {
                Tensor out = fixture.poison(outType, rows, outputs);
                fixture.ops.gemm(a, layer, Activation.NONE, out);
                fixture.assertRounded(out, product(a, weight, fixture.read(bias)));
            }
        }
    }

    @Test
    void takesRowsOfAnyRank() {
        Tensor weight = fixture.random(DType.F32, 5, 3);
        Linear layer = fixture.backend.linear(fixture.arena, weight, null, DType.F32);
        Tensor a = fixture.random(DType.F32, 2, 4, 3);
        Tensor out = fixture.poison(DType.F32, 8, 5);
        fixture.ops.gemm(a, layer, Activation.NONE, out);
        fixture.assertRounded(out, product(a, weight, new double[5]));
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void appliesTheActivationToTheUnroundedSum(Activation activation) {
        Tensor weight = fixture.random(DType.BF16, 33, 31);
        Tensor bias = fixture.random(DType.BF16, 33);
        Linear layer = fixture.backend.linear(fixture.arena, weight, bias, DType.BF16);
        Tensor a = fixture.random(DType.BF16, 3, 31);
        Tensor out = fixture.poison(DType.BF16, 3, 33);
        fixture.ops.gemm(a, layer, activation, out);
        double[] exact = product(a, weight, fixture.read(bias));
        for (int i = 0; i < exact.length; i++) {
            double v = exact[i];
            exact[i] = switch (activation) {
                case NONE -> v;
                case GELU_TANH -> 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * Math.pow(v, 3))));
                case SILU -> v / (1 + Math.exp(-v));
            };
        }
        fixture.assertRounded(out, exact);
    }

    @Test
    void aBfloat16LayerRoundsItsWeightsAndKeepsItsBias() {
        Tensor weight = fixture.of(DType.F32, new long[] {1, 1}, 1 + 0x1p-9);
        Tensor bias = fixture.floats(0x1p-9);
        Linear layer = fixture.backend.linear(fixture.arena, weight, bias, DType.BF16);
        Tensor out = fixture.poison(DType.F32, 1, 1);
        fixture.ops.gemm(fixture.of(DType.BF16, new long[] {1, 1}, 3), layer, Activation.NONE, out);
        assertThat(fixture.read(out)).containsExactly(3 + 0x1p-9);
        assertThat(Bf16.round(1 + 0x1p-9f)).isEqualTo(1f);
    }

    @Test
    void aLayerKeepsNothingOfItsArguments() {
        Linear layer;
        try (Arena confined = Arena.ofConfined()) {
            Tensor weight = Tensor.of(confined.allocate(8), DType.F32, Shape.of(2, 1));
            weight.memory().setAtIndex(ValueLayout.JAVA_FLOAT, 1, 5);
            layer = fixture.backend.linear(fixture.arena, weight, null, DType.F32);
        }
        assertThat(layer.inputs()).isEqualTo(1);
        assertThat(layer.outputs()).isEqualTo(2);
        assertThat(layer.hasBias()).isFalse();
        Tensor out = fixture.poison(DType.F32, 1, 2);
        fixture.ops.gemm(fixture.of(DType.F32, new long[] {1, 1}, 2), layer, Activation.NONE, out);
        assertThat(fixture.read(out)).containsExactly(0, 10);
    }

    @ParameterizedTest
    @CsvSource({"F32, F32, F32", "BF16, F32, BF16", "BF16, BF16, F32"})
    void storesTheFeatureAndAddsItGated(DType type, DType featureType, DType residualType) {
        int rows = 3;
        int tokens = 7;
        int outputs = 33;
        StepTable steps = fixture.step(Map.of());
        Modulation modulation = fixture.modulation(DType.F32, rows, outputs, steps);
        Tensor weight = fixture.random(type, outputs, 31);
        Tensor bias = fixture.random(DType.F32, outputs);
        Linear layer = fixture.backend.linear(fixture.arena, weight, bias, type);
        Tensor a = fixture.random(type, rows, tokens, 31);
        Tensor x = fixture.random(residualType, rows, tokens, outputs);
        double[] before = fixture.read(x);
        Tensor feature = fixture.poison(featureType, rows, tokens, outputs);
        fixture.ops.gemmResidual(a, layer, modulation, 3, feature, x);
        double[] exact = product(a, weight, fixture.read(bias));
        fixture.assertRounded(feature, exact);
        double[] sum = new double[exact.length];
        for (int i = 0; i < exact.length; i++) {
            double gate = fixture.modulated(modulation, i / (tokens * outputs), 3, i % outputs);
            sum[i] = before[i] + gate * exact[i];
        }
        fixture.assertRounded(x, sum);
    }

    @Test
    void theFeatureMayBeLeftOut() {
        Modulation modulation = fixture.modulation(DType.F32, 1, 2, fixture.step(Map.of()));
        Tensor weight = fixture.random(DType.F32, 2, 2);
        Linear layer = fixture.backend.linear(fixture.arena, weight, null, DType.F32);
        Tensor a = fixture.random(DType.F32, 1, 3, 2);
        Tensor with = fixture.of(DType.F32, new long[] {1, 3, 2}, 1, 2, 3, 4, 5, 6);
        Tensor without = fixture.of(DType.F32, new long[] {1, 3, 2}, 1, 2, 3, 4, 5, 6);
        fixture.ops.gemmResidual(a, layer, modulation, 0, fixture.poison(DType.F32, 1, 3, 2), with);
        fixture.ops.gemmResidual(a, layer, modulation, 0, null, without);
        assertThat(fixture.read(without)).isEqualTo(fixture.read(with));
    }

    @Test
    void aNaNStaysInItsRow() {
        Linear layer = fixture.backend.linear(fixture.arena, fixture.random(DType.F32, 33, 3), null, DType.F32);
        Tensor a = fixture.of(DType.F32, new long[] {3, 3}, 1, 1, 1, 0, Double.NaN, 0, 1, 1, 1);
        for (Activation activation : Activation.values()) {
            Tensor out = fixture.poison(DType.F32, 3, 33);
            fixture.ops.gemm(a, layer, activation, out);
            double[] values = fixture.read(out);
            for (int i = 0; i < values.length; i++) {
                assertThat(Double.isNaN(values[i])).as("row %d", i / 33).isEqualTo(i / 33 == 1);
            }
        }
    }
}
