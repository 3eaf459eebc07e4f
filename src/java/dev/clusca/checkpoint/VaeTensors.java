package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** The tensors of an autoencoder's decoder under diffusers' names, with their shapes. Convolutions are {@code [outputs, inputs, height, width]}, as PyTorch stores them. */
public final class VaeTensors {
    private VaeTensors() {}

    /** Every tensor that a checkpoint must have. */
    public static SequencedMap<String, Shape> of(VaeConfig config) {
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        int middle = config.middleChannels();
        if (config.postQuantConv()) {
            convolution(shapes, "post_quant_conv", config.latentChannels(), config.latentChannels(), 1);
        }
        convolution(shapes, "decoder.conv_in", middle, config.latentChannels(), 3);
        residual(shapes, "decoder.mid_block.resnets.0.", middle, middle);
        if (config.midAttention()) {
            String attention = "decoder.mid_block.attentions.0.";
            pair(shapes, attention + "group_norm", Shape.of(middle), middle);
            for (String part : new String[] {"to_q", "to_k", "to_v", "to_out.0"}) {
                pair(shapes, attention + part, Shape.of(middle, middle), middle);
            }
        }
        residual(shapes, "decoder.mid_block.resnets.1.", middle, middle);
        for (int block = 0; block < config.blocks(); block++) {
            int outputs = config.channels(block);
            String at = "decoder.up_blocks." + block + ".";
            for (int layer = 0; layer < config.decoderLayers(); layer++) {
                residual(
                        shapes,
                        at + "resnets." + layer + ".",
                        outputs,
                        layer == 0 ? config.channelsInto(block) : outputs);
            }
            if (block < config.blocks() - 1) {
                convolution(shapes, at + "upsamplers.0.conv", outputs, outputs, 3);
            }
        }
        int last = config.channels(config.blocks() - 1);
        pair(shapes, "decoder.conv_norm_out", Shape.of(last), last);
        convolution(shapes, "decoder.conv_out", config.outChannels(), last, 3);
        return shapes;
    }

    private static void residual(SequencedMap<String, Shape> shapes, String at, int outputs, int inputs) {
        pair(shapes, at + "norm1", Shape.of(inputs), inputs);
        convolution(shapes, at + "conv1", outputs, inputs, 3);
        pair(shapes, at + "norm2", Shape.of(outputs), outputs);
        convolution(shapes, at + "conv2", outputs, outputs, 3);
        if (outputs != inputs) {
            convolution(shapes, at + "conv_shortcut", outputs, inputs, 1);
        }
    }

    private static void convolution(
            SequencedMap<String, Shape> shapes, String name, int outputs, int inputs, int size) {
        pair(shapes, name, Shape.of(outputs, inputs, size, size), outputs);
    }

    private static void pair(SequencedMap<String, Shape> shapes, String name, Shape weight, int outputs) {
        shapes.put(name + ".weight", weight);
        shapes.put(name + ".bias", Shape.of(outputs));
    }
}
