package dev.clusca.kernels;

import dev.clusca.backend.Modulation;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LayerNormKernelTest {
    private static final float EPSILON = 1e-6f;

    /** One warp a row, ragged rows, two warps, four, and rows too wide to be held. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 31, 32, 33, 97, 128, 200, 257, 1152, 1540, 3072, 3076, 4096, 4100})
    void widths(int width) {
        try (Gpu gpu = new Gpu()) {
            run(gpu, DType.F32, DType.F32, DType.F32, 2, 3, width, 1);
            run(gpu, DType.F32, DType.BF16, DType.BF16, 1, 2, width, 1);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 9", "3, 17", "1, 33", "2, 97"})
    void rowsAndSpans(int rows, int tokens) {
        try (Gpu gpu = new Gpu()) {
            run(gpu, DType.F32, DType.F32, DType.F32, rows, tokens, 36, 1);
            run(gpu, DType.F32, DType.F32, DType.F32, rows, tokens, 36, 4);
        }
    }

    @Test
    void everyTypeOnBothPaths() {
        for (DType x : Types.FLOATS) {
            for (DType modulation : Types.FLOATS) {
                for (DType out : Types.FLOATS) {
                    try (Gpu gpu = new Gpu()) {
                        run(gpu, x, modulation, out, 2, 5, 96, 2);
                        gpu.skew();
                        run(gpu, x, modulation, out, 2, 5, 96, 2);
                    }
                }
            }
        }
    }

    @Test
    void constantRowGivesTheShiftAndNanStays() {
        try (Gpu gpu = new Gpu()) {
            double[] values = new double[3 * 64];
            java.util.Arrays.fill(values, 0, 64, 2);
            java.util.Arrays.fill(values, 64, 192, -1);
            values[70] = Double.NaN;
            run(gpu, gpu.host.of(DType.F32, new long[] {1, 3, 64}, values), DType.F32, DType.F32, 1);
        }
    }

    private static void run(
            Gpu gpu, DType xType, DType modulationType, DType outType, int rows, int tokens, int width, int span) {
        run(gpu, gpu.host.random(xType, rows, tokens, width), modulationType, outType, span);
    }

    private static void run(Gpu gpu, Tensor x, DType modulationType, DType outType, int span) {
        int rows = x.shape().size(0);
        int tokens = x.shape().size(1);
        int width = x.shape().size(2);
        Modulation m = gpu.host.modulation(modulationType, rows, width, gpu.host.step(Map.of()));
        Tensor out = gpu.host.poison(outType, rows, tokens, width);
        int rowsABlock = width <= 1536 ? 8 : width <= 3072 ? 4 : 2;
        gpu.launch(
                Types.entry("layer_norm_modulate", x, m.table(), out),
                Gpu.grid(Math.ceilDiv(tokens, rowsABlock * span), rows),
                x,
                m.table(),
                m.conditions(),
                m.steps().cursor(),
                out,
                tokens,
                width,
                2,
                4,
                3,
                1,
                span,
                EPSILON);
        gpu.host.ops.layerNormModulate(x, m, 3, 1, EPSILON, out);
        gpu.assertClose(out);
    }
}
