package dev.clusca.cli.verify;

import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.model.flux.FluxForward;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.model.flux.FluxModulations;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntConsumer;

/** One plain evaluation of FLUX at one time, part after part. */
final class FluxPass {
    private final GoldenContext context;
    private final FluxConfig config;
    private final FluxForward forward;
    private final Tensor image;
    private final Arena arena;

    /**
     * @param image tokens to evaluate at
     * @param time 1, noise, to 0
     */
    FluxPass(GoldenContext context, FluxModel model, FluxInputs in, float[] image, float time, Arena arena) {
        this.context = context;
        this.config = model.config();
        this.arena = arena;
        StepTable steps = StepTable.of(context.backend(), arena, new float[1][Column.COUNT]);
        FluxModulations modulations =
                new FluxModulations(model, new float[] {time}, in.vector(), in.guidance(), steps, arena);
        forward = new FluxForward(model, modulations, in.text().length / config.contextInDim(), in.points(), arena);
        forward.giveText(in.text());
        this.image = context.upload(arena, image, Shape.of(1, in.points().length, config.inChannels()));
    }

    /** @param ended hears of every block when it is done */
    private void throughDoubleBlocks(IntConsumer ended) {
        forward.embedText();
        forward.embedImage(image);
        for (int layer = 0; layer < config.depth(); layer++) {
            forward.attend(layer);
            forward.image().addAttention(layer, forward.attended(FluxForward.Part.IMAGE), null);
            forward.text().addAttention(layer, forward.attended(FluxForward.Part.TEXT), null);
            forward.image().mlp(layer, null);
            forward.text().mlp(layer, null);
            ended.accept(layer);
        }
    }

    /** Both streams after the last double block. */
    FluxForward throughDoubleBlocks() {
        throughDoubleBlocks(_ -> {});
        return forward;
    }

    /** Everything on the way, by the golden file's keys. */
    Map<String, float[]> results() {
        Map<String, float[]> results = new LinkedHashMap<>();
        throughDoubleBlocks(layer -> {
            String block = "out.double" + layer;
            results.put(block + ".img", context.floats(forward.image().x()));
            results.put(block + ".txt", context.floats(forward.text().x()));
        });
        for (int layer = 0; layer < config.depthSingleBlocks(); layer++) {
            forward.single(layer);
            forward.addSingle(layer, FluxForward.Part.ALL, null);
            results.put("out.single" + layer, context.floats(forward.x()));
        }
        Tensor output = context.backend()
                .allocate(arena, DType.F32, Shape.of(1, forward.count(FluxForward.Part.IMAGE), config.outChannels()));
        forward.finish(output);
        results.put("out.forward", context.floats(output));
        return results;
    }
}
