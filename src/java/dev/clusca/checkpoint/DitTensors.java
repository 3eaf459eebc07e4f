package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** The tensors of a DiT under their official names, with their shapes. Weights are {@code [outputs, inputs]}, as PyTorch stores them. */
public final class DitTensors {
    /** Chunks of a block's modulation: shift, scale, gate of the attention, then of the MLP. */
    private static final int BLOCK_CHUNKS = 6;

    /** Chunks of the final layer's modulation: shift, scale. */
    private static final int FINAL_CHUNKS = 2;

    private DitTensors() {}

    /** The position embedding {@code [1, N, C]}, which a checkpoint may leave out because it follows from the configuration. */
    public static final String POSITIONS = "pos_embed";

    /** Every tensor that a checkpoint must have, in the order in which a model is loaded. */
    public static SequencedMap<String, Shape> of(DitConfig config) {
        long c = config.hiddenSize();
        long p = config.patchSize();
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put("x_embedder.proj.weight", Shape.of(c, config.inChannels(), p, p));
        shapes.put("x_embedder.proj.bias", Shape.of(c));
        linear(shapes, "t_embedder.mlp.0", c, DitConfig.TIMESTEP_FEATURES);
        linear(shapes, "t_embedder.mlp.2", c, c);
        shapes.put("y_embedder.embedding_table.weight", Shape.of(config.labels(), c));
        for (int l = 0; l < config.depth(); l++) {
            String block = "blocks." + l + ".";
            linear(shapes, block + "adaLN_modulation.1", BLOCK_CHUNKS * c, c);
            linear(shapes, block + "attn.qkv", 3 * c, c);
            linear(shapes, block + "attn.proj", c, c);
            linear(shapes, block + "mlp.fc1", config.mlpWidth(), c);
            linear(shapes, block + "mlp.fc2", c, config.mlpWidth());
        }
        linear(shapes, "final_layer.linear", p * p * config.outChannels(), c);
        linear(shapes, "final_layer.adaLN_modulation.1", FINAL_CHUNKS * c, c);
        return shapes;
    }

    /** The shape of {@link #POSITIONS}. */
    public static Shape positions(DitConfig config) {
        return Shape.of(1, config.tokens(), config.hiddenSize());
    }

    private static void linear(SequencedMap<String, Shape> shapes, String name, long outputs, long inputs) {
        shapes.put(name + ".weight", Shape.of(outputs, inputs));
        shapes.put(name + ".bias", Shape.of(outputs));
    }
}
