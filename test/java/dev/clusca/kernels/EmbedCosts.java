package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.ELEMENTS;
import static dev.clusca.kernels.Cost.ROWS;
import static dev.clusca.kernels.Cost.SECTOR;
import static dev.clusca.kernels.Cost.TOKENS;
import static dev.clusca.kernels.Cost.WIDTH;

import dev.clusca.tensor.DType;
import java.util.List;
import java.util.stream.Stream;

/** {@code embed.cu}, with latents of 4 channels of 16 x 16 in patches of 2 x 2. */
final class EmbedCosts {
    private static final int CHANNELS = 4;
    private static final int SIDE = 16;
    private static final int PATCH = 2;
    private static final int INPUTS = CHANNELS * PATCH * PATCH;
    private static final int STEPS = 8;
    private static final int HALF = 128;
    private static final int CLASSES = 16;

    private EmbedCosts() {}

    static Stream<Cost> all() {
        return Stream.of(
                        Types.tuples(2).map(EmbedCosts::patchEmbed),
                        Types.FLOATS.stream().map(EmbedCosts::timestepFeatures),
                        Types.tuples(3).map(EmbedCosts::conditioning),
                        Types.FLOATS.stream().map(EmbedCosts::unpatchify))
                .flatMap(costs -> costs);
    }

    /** One image, the two batch rows of guidance. */
    private static Cost patchEmbed(List<DType> types) {
        DType weight = types.get(0);
        DType x = types.get(1);
        String entry = Types.entry("patch_embed", weight, x);
        long stream = ELEMENTS * x.bytes() + (long) TOKENS * WIDTH * 4;
        long images = (long) CHANNELS * SIDE * SIDE * 4;
        int channelBlocks = Math.ceilDiv(WIDTH, 256);
        return Cost.of(
                        entry,
                        stream + (INPUTS + 1L) * WIDTH * weight.bytes() + images,
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(channelBlocks, TOKENS / 16, 1),
                                gpu.host.random(DType.F32, 1, CHANNELS, SIDE, SIDE),
                                gpu.host.random(weight, WIDTH, INPUTS),
                                gpu.host.random(weight, WIDTH),
                                gpu.host.random(DType.F32, TOKENS, WIDTH),
                                gpu.host.poison(x, ROWS, TOKENS, WIDTH),
                                ROWS,
                                TOKENS,
                                WIDTH,
                                CHANNELS,
                                SIDE,
                                SIDE,
                                PATCH))
                .asking(
                        stream
                                + (INPUTS / 4L * SECTOR + weight.bytes()) * WIDTH * (TOKENS / 16)
                                + 4 * channelBlocks * images,
                        "every 16 tokens read the weights, from L2, a thread its row in pieces of 4 inputs, and the pixels in pieces of 2, which share sectors that L1 holds");
    }

    private static Cost timestepFeatures(DType out) {
        String entry = Types.entry("timestep_features", out);
        return Cost.of(
                        entry,
                        (long) STEPS * 2 * HALF * out.bytes() + (STEPS + HALF) * 4,
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(STEPS * HALF / 256),
                                gpu.host.random(DType.F32, STEPS),
                                gpu.host.random(DType.F32, HALF),
                                gpu.host.poison(out, STEPS, 2 * HALF),
                                STEPS,
                                HALF))
                .asking(
                        (long) STEPS * HALF * (2 * out.bytes() + 4) + STEPS * HALF / 32 * SECTOR,
                        "each step reads all frequencies and each warp its timestep, from L1");
    }

    private static Cost conditioning(List<DType> types) {
        DType time = types.get(0);
        DType table = types.get(1);
        DType out = types.get(2);
        String entry = Types.entry("conditioning", time, table, out);
        return Cost.of(
                        entry,
                        (long) WIDTH * (STEPS * time.bytes() + ROWS * table.bytes() + STEPS * ROWS * out.bytes()),
                        gpu -> gpu.launch(
                                entry,
                                Gpu.grid(Math.ceilDiv(STEPS * ROWS * WIDTH, 256)),
                                gpu.host.random(time, STEPS, WIDTH),
                                gpu.host.random(table, CLASSES, WIDTH),
                                gpu.host.ints(3, 5),
                                gpu.host.poison(out, STEPS, ROWS, WIDTH),
                                STEPS,
                                ROWS,
                                WIDTH,
                                CLASSES))
                .asking(
                        (long) STEPS * ROWS * WIDTH * (time.bytes() + table.bytes() + out.bytes())
                                + STEPS * ROWS * WIDTH / 32 * SECTOR,
                        "a step's row is read by each label and a label's row by each step, from L2, and a label by each warp");
    }

    /** As many channels again for the variance. */
    private static Cost unpatchify(DType tokens) {
        String entry = Types.entry("unpatchify", tokens);
        int channels = 2 * CHANNELS;
        long elements = (long) ROWS * channels * SIDE * SIDE;
        return Cost.of(
                entry,
                elements * (tokens.bytes() + 4),
                gpu -> gpu.launch(
                        entry,
                        Gpu.grid(channels * SIDE * SIDE / 1024, ROWS),
                        gpu.host.random(tokens, ROWS, TOKENS, PATCH * PATCH * channels),
                        gpu.host.poison(DType.F32, ROWS, channels, SIDE, SIDE),
                        channels,
                        SIDE,
                        SIDE,
                        PATCH));
    }
}
