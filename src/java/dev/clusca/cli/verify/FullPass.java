package dev.clusca.cli.verify;

import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.model.dit.DitForward;
import dev.clusca.model.dit.DitModel;
import dev.clusca.model.dit.DitModulations;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One plain evaluation of a DiT at one timestep, part after part. */
final class FullPass {
    private final GoldenContext context;
    private final DitModel model;
    private final DitModulations modulations;
    private final DitForward forward;
    private final Tensor images;
    private final int rows;
    private final Arena arena;

    /**
     * @param labels one a row
     * @param images {@code [count, channels, h, w]}; rows take them in turn
     */
    FullPass(
            GoldenContext context, DitModel model, int timestep, int[] labels, float[] images, int count, Arena arena) {
        this.context = context;
        this.model = model;
        this.rows = labels.length;
        this.arena = arena;
        this.images = context.upload(arena, images, imageShape(model.config(), count));
        int[] distinct = Arrays.stream(labels).distinct().toArray();
        List<Integer> order = Arrays.stream(distinct).boxed().toList();
        int[] conditions = Arrays.stream(labels).map(order::indexOf).toArray();
        StepTable steps = StepTable.of(context.backend(), arena, new float[1][Column.COUNT]);
        modulations = new DitModulations(
                model,
                context.upload(arena, new float[] {timestep}, Shape.of(1)),
                context.upload(arena, distinct, Shape.of(distinct.length)),
                context.upload(arena, conditions, Shape.of(rows)),
                steps,
                arena);
        forward = new DitForward(model, modulations, rows, arena);
    }

    static Shape imageShape(DitConfig c, int count) {
        return Shape.of(count, c.inChannels(), c.inputSize(), c.inputSize());
    }

    /** The model's output, F32 {@code [R, output channels, h, w]}. */
    Tensor output() {
        throughBlocks();
        return finish();
    }

    /** The residual stream after the last block, F32 {@code [R, N, C]}. */
    Tensor throughBlocks() {
        forward.embed(images);
        for (int layer = 0; layer < model.config().depth(); layer++) {
            forward.attention(layer, null);
            forward.mlp(layer, null);
        }
        return forward.stream().x();
    }

    /** Everything on the way, by the golden file's keys. */
    Map<String, float[]> results() {
        DitConfig c = model.config();
        Tensor feature = context.backend().allocate(arena, DType.F32, Shape.of(rows, c.tokens(), c.hiddenSize()));
        Map<String, float[]> results = new LinkedHashMap<>();
        results.put("out.t_embed", repeat(context.floats(modulations.timeEmbedding())));
        forward.embed(images);
        for (int layer = 0; layer < c.depth(); layer++) {
            String block = "out.block" + layer;
            forward.attention(layer, feature);
            results.put(block + ".attn", context.floats(feature));
            forward.mlp(layer, feature);
            results.put(block + ".mlp", context.floats(feature));
            results.put(block, context.floats(forward.stream().x()));
        }
        results.put("out.forward", context.floats(finish()));
        results.put("out.final_tokens", context.floats(forward.finalTokens()));
        return results;
    }

    private Tensor finish() {
        DitConfig c = model.config();
        Tensor output = context.backend()
                .allocate(arena, DType.F32, Shape.of(rows, c.outChannels(), c.inputSize(), c.inputSize()));
        forward.finish(output);
        return output;
    }

    /** The same for every row. */
    private float[] repeat(float[] one) {
        float[] all = new float[one.length * rows];
        for (int r = 0; r < rows; r++) {
            System.arraycopy(one, 0, all, r * one.length, one.length);
        }
        return all;
    }
}
