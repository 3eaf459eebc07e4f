package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerKernelTest {
    @ParameterizedTest
    @CsvSource({"1, 3, 4", "2, 8, 8", "3, 1, 1"})
    void guidance(int images, int guided, int all) {
        try (Gpu gpu = new Gpu()) {
            Tensor output = gpu.host.random(DType.F32, 2L * images, all, 5, 7);
            gpu.launch("guidance", Gpu.grid(2, images), output, all * 35, guided * 35, 3.5f);
            gpu.host.ops.guidance(output, 3.5f, guided);
            gpu.assertClose(output);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, false", "0, true", "0.3, false", "0.3, true"})
    void ddim(double noiseWeight, boolean clip) {
        try (Gpu gpu = new Gpu()) {
            StepTable steps = steps(gpu, noiseWeight);
            Tensor x = gpu.host.random(DType.F32, 3, 4, 5, 6);
            Tensor output = gpu.host.random(DType.F32, 6, 8, 5, 6);
            Tensor noise = noiseWeight == 0 ? null : gpu.host.random(DType.F32, 3, 4, 5, 6);
            gpu.launch(
                    "ddim_update",
                    Gpu.grid(1, 3),
                    x,
                    output,
                    noise,
                    steps.rows(),
                    steps.cursor(),
                    120,
                    240,
                    clip ? 1 : 0);
            gpu.host.ops.ddimUpdate(x, output, noise, clip, steps);
            gpu.assertClose(x);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, false", "1, false", "1, true"})
    void ddpm(double noiseWeight, boolean clip) {
        try (Gpu gpu = new Gpu()) {
            StepTable steps = steps(gpu, noiseWeight);
            Tensor x = gpu.host.random(DType.F32, 3, 4, 5, 6);
            Tensor output = gpu.host.random(DType.F32, 6, 8, 5, 6);
            Tensor noise = gpu.host.random(DType.F32, 3, 4, 5, 6);
            if (noiseWeight == 0) {
                noise.memory().fill((byte) 0xff);
            }
            gpu.launch(
                    "ddpm_update",
                    Gpu.grid(1, 3),
                    x,
                    output,
                    noise,
                    steps.rows(),
                    steps.cursor(),
                    120,
                    240,
                    clip ? 1 : 0);
            gpu.host.ops.ddpmUpdate(x, output, noise, clip, steps);
            gpu.assertClose(x);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8, 31, 257, 4096})
    void casts(int count) {
        for (DType from : Types.FLOATS) {
            for (DType to : Types.FLOATS) {
                try (Gpu gpu = new Gpu()) {
                    Tensor source = gpu.host.random(from, count);
                    Tensor target = gpu.host.poison(to, count);
                    gpu.launch(Types.entry("cast", source, target), Gpu.grid(2), source, target, (long) count);
                    gpu.host.ops.cast(source, target);
                    gpu.assertSame(target);
                }
            }
        }
    }

    /** Ties go to the even neighbour, the largest numbers round to infinity, a NaN stays one. */
    @Test
    void roundingToBf16() {
        try (Gpu gpu = new Gpu()) {
            Tensor source = gpu.host.floats(
                    1 + 0x1p-8,
                    1 + 0x1p-7 + 0x1p-8,
                    -1 - 0x1p-8,
                    3.4e38,
                    -3.4e38,
                    Double.POSITIVE_INFINITY,
                    Double.NaN,
                    0x1p-149,
                    -0.0);
            Tensor target = gpu.host.poison(DType.BF16, 9);
            gpu.launch("cast_f32_bf16", Gpu.grid(1), source, target, 9L);
            gpu.host.ops.cast(source, target);
            gpu.assertSame(target);
        }
    }

    @Test
    void advance() {
        try (Gpu gpu = new Gpu()) {
            Tensor cursor = gpu.host.ints(41);
            gpu.launch("advance", Gpu.grid(1), cursor);
            assertThat(gpu.intResult(cursor)).containsExactly(42);
        }
    }

    private static StepTable steps(Gpu gpu, double noiseWeight) {
        return gpu.host.step(Map.of(
                Column.SAMPLE_TO_START, 1.5,
                Column.NOISE_TO_START, 1.1,
                Column.START_WEIGHT, 0.7,
                Column.SECOND_WEIGHT, 0.6,
                Column.NOISE_WEIGHT, noiseWeight,
                Column.LOG_VARIANCE_MIN, -9.5,
                Column.LOG_VARIANCE_MAX, -0.5));
    }
}
