package dev.clusca.kernels;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmbedKernelTest {
    /** Height and width differ, so that a swap shows; 9 x 4 x 4 inputs are more than shared memory holds at a time. */
    @ParameterizedTest
    @CsvSource({
        "1, 1, 4, 4, 2, 2, 33, true",
        "2, 4, 4, 4, 6, 2, 257, true",
        "2, 2, 3, 6, 4, 1, 97, false",
        "1, 3, 5, 12, 8, 2, 31, true",
        "1, 2, 9, 8, 12, 4, 128, true",
        "3, 3, 1, 3, 3, 3, 1, true"
    })
    void patches(
            int images, int rows, int channels, int height, int width, int patch, int features, boolean positioned) {
        for (DType weightType : Types.FLOATS) {
            for (DType xType : Types.FLOATS) {
                try (Gpu gpu = new Gpu()) {
                    patches(gpu, images, rows, channels, height, width, patch, features, positioned, weightType, xType);
                    gpu.skew();
                    patches(gpu, images, rows, channels, height, width, patch, features, positioned, weightType, xType);
                }
            }
        }
    }

    private static void patches(
            Gpu gpu,
            int images,
            int rows,
            int channels,
            int height,
            int width,
            int patch,
            int features,
            boolean positioned,
            DType weightType,
            DType xType) {
        int tokens = height / patch * (width / patch);
        Tensor image = gpu.host.random(DType.F32, images, channels, height, width);
        Tensor weight = gpu.host.random(weightType, features, channels * patch * patch);
        Tensor bias = gpu.host.random(weightType, features);
        Tensor positions = positioned ? gpu.host.random(DType.F32, tokens, features) : null;
        Tensor x = gpu.host.poison(xType, rows, tokens, features);
        gpu.launch(
                Types.entry("patch_embed", weight, x),
                Gpu.grid(Math.ceilDiv(features, 256), Math.ceilDiv(tokens, 16), images),
                image,
                weight,
                bias,
                positions,
                x,
                rows,
                tokens,
                features,
                channels,
                height,
                width,
                patch);
        gpu.host.ops.patchEmbed(image, weight, bias, positions, patch, x);
        gpu.assertClose(x);

        Tensor out = gpu.host.random(xType, rows, tokens, patch * patch * channels);
        Tensor back = gpu.host.poison(DType.F32, rows, channels, height, width);
        gpu.launch(Types.entry("unpatchify", out), Gpu.grid(1, rows), out, back, channels, height, width, patch);
        gpu.host.ops.unpatchify(out, patch, back);
        gpu.assertSame(back);
    }

    /** Up to the largest timestep of DiT, where rounding the angle to float32 shows: the kernel rounds it as the reference does. */
    @ParameterizedTest
    @CsvSource({"128, 0", "128, 1", "3, 0", "1, 0"})
    void timesteps(int half, int shift) {
        try (Gpu gpu = new Gpu()) {
            Tensor timesteps = gpu.host.floats(0, 1, 17, 500, 999, 998.5, Double.NaN);
            double[] frequencies = new double[half];
            for (int i = 0; i < half; i++) {
                frequencies[i] = (float) Math.exp((float) -Math.log(10000) * i / (half - shift));
            }
            for (DType type : Types.FLOATS) {
                Tensor out = gpu.host.poison(type, 7, 2 * half);
                gpu.launch(
                        Types.entry("timestep_features", out),
                        Gpu.grid(Math.ceilDiv(7 * half, 256)),
                        timesteps,
                        gpu.host.of(DType.F32, new long[] {half}, frequencies),
                        out,
                        7,
                        half);
                gpu.host.ops.timestepFeatures(timesteps, shift, out);
                gpu.assertClose(out);
            }
        }
    }

    @Test
    void conditions() {
        for (DType timeType : Types.FLOATS) {
            for (DType tableType : Types.FLOATS) {
                for (DType outType : Types.FLOATS) {
                    try (Gpu gpu = new Gpu()) {
                        Tensor time = gpu.host.random(timeType, 3, 97);
                        Tensor table = gpu.host.random(tableType, 5, 97);
                        Tensor labels = gpu.host.ints(4, 0, 5, -1);
                        Tensor out = gpu.host.poison(outType, 3, 4, 97);
                        gpu.launch(
                                Types.entry("conditioning", time, table, out),
                                Gpu.grid(5),
                                time,
                                table,
                                labels,
                                out,
                                3,
                                4,
                                97,
                                5);
                        gpu.host.ops.conditioning(time, table, labels, out);
                        gpu.assertClose(out);
                    }
                }
            }
        }
    }

    @Test
    void conditionsWhereSiluEnds() {
        try (Gpu gpu = new Gpu()) {
            Tensor time = gpu.host.floats(-200, -90, -1e-6, 0, 90, 3e38).reshape(1, 6);
            Tensor table = gpu.host.floats(0, 0, 0, 0, 0, 0).reshape(1, 6);
            Tensor out = gpu.host.poison(DType.F32, 1, 1, 6);
            gpu.launch("conditioning_f32_f32_f32", Gpu.grid(1), time, table, gpu.host.ints(0), out, 1, 1, 6, 1);
            gpu.host.ops.conditioning(time, table, gpu.host.ints(0), out);
            gpu.assertClose(out);
        }
    }
}
