package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** The tensors of FLUX under their official names, with their shapes. Weights are {@code [outputs, inputs]}, as PyTorch stores them. */
public final class FluxTensors {
    /** Chunks of a double block's modulation: shift, scale, gate of attention, then of the MLP. */
    public static final int DOUBLE_CHUNKS = 6;

    /** Chunks of a single block's: shift, scale, gate. */
    public static final int SINGLE_CHUNKS = 3;

    /** Chunks of the final layer's: shift, scale. */
    public static final int FINAL_CHUNKS = 2;

    private FluxTensors() {}

    /** Every tensor that a checkpoint must have, in the order in which a model is loaded. */
    public static SequencedMap<String, Shape> of(FluxConfig config) {
        long c = config.hiddenSize();
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        linear(shapes, "img_in", c, config.inChannels());
        linear(shapes, "txt_in", c, config.contextInDim());
        embedder(shapes, "time_in", c, FluxConfig.TIMESTEP_FEATURES);
        embedder(shapes, "vector_in", c, config.vecInDim());
        if (config.guidanceEmbed()) {
            embedder(shapes, "guidance_in", c, FluxConfig.TIMESTEP_FEATURES);
        }
        for (int layer = 0; layer < config.depth(); layer++) {
            for (String stream : new String[] {"img", "txt"}) {
                String at = "double_blocks." + layer + "." + stream + "_";
                linear(shapes, at + "mod.lin", DOUBLE_CHUNKS * c, c);
                shapes.put(at + "attn.qkv.weight", Shape.of(3 * c, c));
                if (config.qkvBias()) {
                    shapes.put(at + "attn.qkv.bias", Shape.of(3 * c));
                }
                norms(shapes, at + "attn.norm", config.headDim());
                linear(shapes, at + "attn.proj", c, c);
                linear(shapes, at + "mlp.0", config.mlpWidth(), c);
                linear(shapes, at + "mlp.2", c, config.mlpWidth());
            }
        }
        for (int layer = 0; layer < config.depthSingleBlocks(); layer++) {
            String at = "single_blocks." + layer + ".";
            linear(shapes, at + "modulation.lin", SINGLE_CHUNKS * c, c);
            linear(shapes, at + "linear1", 3 * c + config.mlpWidth(), c);
            norms(shapes, at + "norm", config.headDim());
            linear(shapes, at + "linear2", c, c + config.mlpWidth());
        }
        linear(shapes, "final_layer.adaLN_modulation.1", FINAL_CHUNKS * c, c);
        linear(shapes, "final_layer.linear", config.outChannels(), c);
        return shapes;
    }

    private static void embedder(SequencedMap<String, Shape> shapes, String name, long outputs, long inputs) {
        linear(shapes, name + ".in_layer", outputs, inputs);
        linear(shapes, name + ".out_layer", outputs, outputs);
    }

    private static void norms(SequencedMap<String, Shape> shapes, String name, long width) {
        shapes.put(name + ".query_norm.scale", Shape.of(width));
        shapes.put(name + ".key_norm.scale", Shape.of(width));
    }

    private static void linear(SequencedMap<String, Shape> shapes, String name, long outputs, long inputs) {
        shapes.put(name + ".weight", Shape.of(outputs, inputs));
        shapes.put(name + ".bias", Shape.of(outputs));
    }
}
