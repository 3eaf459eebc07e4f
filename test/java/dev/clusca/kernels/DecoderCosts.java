package dev.clusca.kernels;

import dev.clusca.backend.Activation;
import dev.clusca.kernels.DecoderKernelTest.Form;
import dev.clusca.tensor.DType;
import java.util.stream.Stream;

/** {@code decoder.cu}: 3 x 3 convolutions of 16 x 16 pixels with a residual, a norm of 32 x 32 pixels in Stable Diffusion's 32 groups, and 64 tokens of its one head. */
final class DecoderCosts {
    private static final int SIDE = 16;
    private static final int PIXELS = SIDE * SIDE;
    private static final int CHANNELS = 64;
    private static final int INPUTS = 9 * CHANNELS;

    private static final int NORM_PIXELS = 32 * 32;
    private static final int NORM_CHANNELS = 256;
    private static final int GROUPS = 32;
    private static final int CHUNKS = 8;
    private static final long NORM_BYTES = NORM_PIXELS * NORM_CHANNELS * 4L;

    private static final int TOKENS = 64;
    private static final int HEAD = 512;

    private DecoderCosts() {}

    static Stream<Cost> all() {
        return Stream.concat(
                Stream.of(Form.values()).map(DecoderCosts::convolution),
                Stream.of(moments(), norm(), attention(DType.BF16, 32), attention(DType.F32, 16)));
    }

    private static Cost convolution(Form form) {
        DType type = form.dtype();
        int outputs = form == Form.NARROW ? 8 : 128;
        long pixel = (long) CHANNELS * type.bytes();
        long weights = (long) form.padded(outputs) * INPUTS * type.bytes();
        long streams = (long) PIXELS * outputs * (type.bytes() + 4);
        // A line of pixels has three neighbours each but for the first and the last.
        long neighbours = (3L * SIDE - 2) * (3L * SIDE - 2) * pixel;
        return Cost.of(
                        form.entry(),
                        PIXELS * pixel + weights + outputs * 4L + streams,
                        gpu -> gpu.launch(
                                form.entry(),
                                Gpu.grid((long) form.down(PIXELS) * form.across(outputs)),
                                gpu.host.random(type, 1, SIDE, SIDE, CHANNELS),
                                type == DType.BF16
                                        ? gpu.host.random(type, outputs / 8, INPUTS / 32, 8, 32)
                                        : gpu.host.random(type, outputs / 64, INPUTS, 64),
                                gpu.host.random(DType.F32, outputs),
                                gpu.host.random(DType.F32, PIXELS, outputs),
                                gpu.host.poison(type, PIXELS, outputs),
                                PIXELS,
                                outputs,
                                SIDE,
                                SIDE,
                                CHANNELS,
                                3,
                                0,
                                type == DType.BF16 ? 1 : 0))
                .asking(
                        neighbours * form.across(outputs)
                                + weights * form.down(PIXELS)
                                + streams
                                + (long) (PIXELS * outputs * 4 / form.pixelsAWarp()),
                        "a pixel is read as a neighbour of nine and by each tile of outputs, and weights by each tile of pixels, from L2, and the bias by each pixel, from L1");
    }

    private static Cost moments() {
        return Cost.of(
                "group_norm_moments",
                NORM_BYTES + GROUPS * 8L,
                gpu -> gpu.launch(
                        "group_norm_moments",
                        Gpu.grid(CHUNKS),
                        gpu.host.random(DType.F32, 1, NORM_PIXELS, NORM_CHANNELS),
                        gpu.host.poison(DType.F32, GROUPS, CHUNKS, 3),
                        gpu.host.poison(DType.F32, GROUPS, 2),
                        gpu.host.ints(0),
                        NORM_PIXELS,
                        NORM_CHANNELS,
                        GROUPS,
                        1,
                        0,
                        1e-6f));
    }

    private static Cost norm() {
        return Cost.of(
                "group_norm",
                2 * NORM_BYTES + NORM_CHANNELS * 8L + GROUPS * 8L,
                gpu -> gpu.launch(
                        "group_norm",
                        Gpu.grid(CHUNKS),
                        gpu.host.random(DType.F32, 1, NORM_PIXELS, NORM_CHANNELS),
                        gpu.host.poison(DType.F32, 1, NORM_PIXELS, NORM_CHANNELS),
                        gpu.host.random(DType.F32, GROUPS, 2),
                        gpu.host.random(DType.F32, NORM_CHANNELS),
                        gpu.host.random(DType.F32, NORM_CHANNELS),
                        NORM_PIXELS,
                        NORM_CHANNELS,
                        GROUPS,
                        1,
                        Activation.SILU.ordinal(),
                        0));
    }

    private static Cost attention(DType type, int queries) {
        String entry = Types.entry("attention_wide", type);
        long tensor = (long) TOKENS * HEAD * type.bytes();
        int tiles = TOKENS / queries;
        return Cost.of(
                        entry,
                        4 * tensor,
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(tiles),
                                gpu.host.random(type, 1, TOKENS, 3 * HEAD),
                                gpu.host.poison(type, 1, TOKENS, HEAD),
                                TOKENS,
                                HEAD,
                                HEAD,
                                (float) (1 / Math.sqrt(HEAD))))
                .asking((2L + 2 * tiles) * tensor, "each " + queries + " queries read all keys and values, from L2");
    }
}
