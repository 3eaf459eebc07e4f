package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LadderKernelTest {
    private static final int ROWS = 2;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void everyNumberOfTerms(int terms) {
        try (Gpu gpu = new Gpu()) {
            update(gpu, DType.F32, DType.F32, terms, 5, 3, 40);
            forecast(gpu, DType.F32, DType.F32, DType.F32, terms, 5, 3, 40, 2);
            gpu.skew();
            update(gpu, DType.F32, DType.BF16, terms, terms, 3, 40);
            forecast(gpu, DType.BF16, DType.BF16, DType.F32, terms, terms, 3, 40, 1);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 3", "31, 8", "32, 31", "33, 32", "2, 33", "1, 97", "97, 8", "1, 128", "5, 200", "2, 257"})
    void shapes(int tokens, int width) {
        try (Gpu gpu = new Gpu()) {
            update(gpu, DType.F32, DType.F32, 3, 4, tokens, width);
            forecast(gpu, DType.F32, DType.F32, DType.F32, 3, 4, tokens, width, 8);
        }
    }

    @Test
    void everyType() {
        for (DType first : Types.FLOATS) {
            for (DType second : Types.FLOATS) {
                try (Gpu gpu = new Gpu()) {
                    update(gpu, first, second, 3, 3, 3, 48);
                    for (DType x : Types.FLOATS) {
                        forecast(gpu, first, second, x, 3, 3, 5, 48, 4);
                    }
                }
            }
        }
    }

    /** A ladder of order 0 takes the feature in place: the GEMM has put it there. */
    @Test
    void oneTermMayBeUpdatedInPlace() {
        try (Gpu gpu = new Gpu()) {
            Tensor ladder = gpu.host.random(DType.F32, 1, ROWS, 3, 16);
            StepTable steps = steps(gpu, 1);
            gpu.launch(
                    "ladder_update_f32_f32",
                    Gpu.grid(1),
                    ladder.slice(0),
                    ladder,
                    steps.rows(),
                    steps.cursor(),
                    96L,
                    1);
            gpu.assertSame(ladder);
        }
    }

    private static void update(
            Gpu gpu, DType featureType, DType ladderType, int terms, int planes, int tokens, int width) {
        StepTable steps = steps(gpu, terms);
        Tensor feature = gpu.host.random(featureType, ROWS, tokens, width);
        Tensor ladder = ladder(gpu, ladderType, Math.max(1, terms - 1), planes, tokens, width);
        long count = feature.shape().elements();
        gpu.launch(
                Types.entry("ladder_update", feature, ladder),
                Gpu.grid(Math.ceilDiv(count, 1024)),
                feature,
                ladder,
                steps.rows(),
                steps.cursor(),
                count,
                planes);
        gpu.host.ops.ladderUpdate(feature, ladder, steps);
        gpu.assertClose(ladder);
    }

    private static void forecast(
            Gpu gpu,
            DType ladderType,
            DType gateType,
            DType xType,
            int terms,
            int planes,
            int tokens,
            int width,
            int span) {
        StepTable steps = steps(gpu, terms);
        Modulation m = gpu.host.modulation(gateType, ROWS, width, steps);
        Tensor ladder = ladder(gpu, ladderType, terms, planes, tokens, width);
        Tensor x = gpu.host.random(xType, ROWS, tokens, width);
        gpu.launch(
                Types.entry("forecast_residual", ladder, m.table(), x),
                Gpu.grid(Math.ceilDiv(Math.ceilDiv(tokens, span) * width, 1024), ROWS),
                ladder,
                m.table(),
                m.conditions(),
                steps.rows(),
                steps.cursor(),
                x,
                planes,
                tokens,
                width,
                2,
                4,
                1,
                span);
        gpu.host.ops.forecastResidual(ladder, m, 1, x);
        assertThat(gpu.result(x)).doesNotContain(Double.NaN);
        gpu.assertClose(x);
    }

    /** Planes from {@code existing} on hold no number. */
    private static Tensor ladder(Gpu gpu, DType type, int existing, int planes, int tokens, int width) {
        Tensor ladder = gpu.host.random(type, planes, ROWS, tokens, width);
        for (int plane = existing; plane < planes; plane++) {
            ladder.slice(plane).memory().fill((byte) 0xff);
        }
        return ladder;
    }

    private static StepTable steps(Gpu gpu, int terms) {
        Map<Column, Double> row = new HashMap<>(Map.of(
                Column.TERMS, (double) terms,
                Column.LADDER_TERMS, (double) terms,
                Column.LADDER_DIVISOR, -3.0));
        double[] factors = {1, -2, 2, -1.5, 0.75};
        for (int i = 0; i < terms; i++) {
            row.put(Column.values()[Column.FACTOR_0.ordinal() + i], factors[i]);
        }
        return gpu.host.step(row);
    }
}
