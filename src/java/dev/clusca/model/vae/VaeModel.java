package dev.clusca.model.vae;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Linear;
import dev.clusca.checkpoint.Elements;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.checkpoint.VaeConfig;
import dev.clusca.checkpoint.VaeWeights;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A decoder's weights on a backend. Convolutions and linear layers multiply in the model's type; norms and the 1 x 1 convolution of the latents stay F32. */
public final class VaeModel {
    private final VaeConfig config;
    private final Backend backend;
    private final DType dtype;
    private final Tensor entryWeight;
    private final Tensor entryBias;
    private final Linear first;
    private final List<Residual> middle;
    private final @Nullable Attention attention;
    private final List<Block> blocks;
    private final Norm lastNorm;
    private final Linear last;

    /** Weight and bias of a group norm, F32 {@code [C]}. */
    record Norm(Tensor weight, Tensor bias) {}

    /**
     * Two convolutions, each behind a norm, beside the block's input.
     *
     * @param shortcut a 1 x 1 convolution of the input where the number of channels changes, or null
     */
    record Residual(
            Norm norm1,
            Linear conv1,
            Norm norm2,
            Linear conv2,
            @Nullable Linear shortcut) {}

    /** @param qkv queries, keys and values in one layer */
    record Attention(Norm norm, Linear qkv, Linear out) {}

    /** @param enlarge the convolution of the enlarged image, or null in the last block */
    record Block(List<Residual> residuals, @Nullable Linear enlarge) {}

    /**
     * Loads a checkpoint: a folder with {@code config.json} and safetensors weights, a pipeline's folder with {@code vae/}, or a weights file with {@code config.json} beside it.
     *
     * @param arena holds the weights; shared, and open for as long as the model is used
     * @param dtype what the model multiplies in: F32 or BF16
     * @throws dev.clusca.checkpoint.CheckpointException if a tensor is missing, not known, of the wrong shape or not finite; all of them are named
     */
    public static VaeModel load(Path path, Backend backend, Arena arena, DType dtype) {
        try (VaeCheckpoint weights = VaeCheckpoint.open(path)) {
            return new VaeModel(weights, backend, arena, dtype);
        }
    }

    /** {@link #load} from weights that are open already; they may be closed afterwards. */
    public VaeModel(VaeWeights weights, Backend backend, Arena arena, DType dtype) {
        if (!dtype.isCompute()) {
            throw new IllegalArgumentException("a model computes in F32 or BF16, got " + dtype);
        }
        this.config = weights.config();
        this.backend = backend;
        this.dtype = dtype;
        Loader load = new Loader(weights, backend, arena, dtype);
        int latents = config.latentChannels();
        entryWeight = config.postQuantConv()
                ? load.floats("post_quant_conv.weight").reshape(latents, latents)
                : load.upload(identity(latents), Shape.of(latents, latents));
        entryBias = config.postQuantConv()
                ? load.floats("post_quant_conv.bias")
                : load.upload(new float[latents], Shape.of(latents));
        first = load.convolution("decoder.conv_in");
        middle = List.of(
                load.residual("decoder.mid_block.resnets.0.", false),
                load.residual("decoder.mid_block.resnets.1.", false));
        attention = config.midAttention() ? load.attention("decoder.mid_block.attentions.0.") : null;
        List<Block> all = new ArrayList<>();
        for (int block = 0; block < config.blocks(); block++) {
            String at = "decoder.up_blocks." + block + ".";
            boolean changes = config.channelsInto(block) != config.channels(block);
            List<Residual> residuals = new ArrayList<>();
            for (int layer = 0; layer < config.decoderLayers(); layer++) {
                residuals.add(load.residual(at + "resnets." + layer + ".", layer == 0 && changes));
            }
            all.add(new Block(
                    List.copyOf(residuals),
                    block < config.blocks() - 1 ? load.convolution(at + "upsamplers.0.conv") : null));
        }
        blocks = List.copyOf(all);
        lastNorm = load.norm("decoder.conv_norm_out");
        last = load.convolution("decoder.conv_out");
    }

    public VaeConfig config() {
        return config;
    }

    public Backend backend() {
        return backend;
    }

    /** What the model multiplies in. */
    public DType dtype() {
        return dtype;
    }

    /** Of the 1 x 1 convolution of the latents, or of the identity where there is none: F32 {@code [c, c]}. */
    Tensor entryWeight() {
        return entryWeight;
    }

    Tensor entryBias() {
        return entryBias;
    }

    Linear first() {
        return first;
    }

    Residual middle(int number) {
        return middle.get(number);
    }

    @Nullable
    Attention attention() {
        return attention;
    }

    Block block(int number) {
        return blocks.get(number);
    }

    Norm lastNorm() {
        return lastNorm;
    }

    Linear last() {
        return last;
    }

    private static float[] identity(int n) {
        float[] values = new float[n * n];
        for (int i = 0; i < n; i++) {
            values[i * n + i] = 1;
        }
        return values;
    }

    /** Brings tensors to the backend in the form that its operations take. */
    private record Loader(VaeWeights weights, Backend backend, Arena arena, DType dtype) {
        Residual residual(String at, boolean changes) {
            return new Residual(
                    norm(at + "norm1"),
                    convolution(at + "conv1"),
                    norm(at + "norm2"),
                    convolution(at + "conv2"),
                    changes ? convolution(at + "conv_shortcut") : null);
        }

        Attention attention(String at) {
            List<Tensor> parts = List.of(
                    weights.tensor(at + "to_q.weight"),
                    weights.tensor(at + "to_k.weight"),
                    weights.tensor(at + "to_v.weight"));
            List<Tensor> biases = List.of(
                    weights.tensor(at + "to_q.bias"),
                    weights.tensor(at + "to_k.bias"),
                    weights.tensor(at + "to_v.bias"));
            Linear out = linear(
                    Elements.floats(weights.tensor(at + "to_out.0.weight")),
                    Elements.floats(weights.tensor(at + "to_out.0.bias")));
            return new Attention(norm(at + "group_norm"), linear(join(parts), join(biases)), out);
        }

        Norm norm(String name) {
            return new Norm(floats(name + ".weight"), floats(name + ".bias"));
        }

        /** Weights {@code [outputs, inputs, height, width]} become {@code [outputs, height * width * inputs]}. */
        Linear convolution(String name) {
            Tensor stored = weights.tensor(name + ".weight");
            int outputs = stored.shape().size(0);
            int inputs = stored.shape().size(1);
            int taps = stored.shape().size(2) * stored.shape().size(3);
            float[] given = Elements.floats(stored);
            float[] ordered = new float[given.length];
            for (int n = 0; n < outputs; n++) {
                for (int c = 0; c < inputs; c++) {
                    for (int tap = 0; tap < taps; tap++) {
                        ordered[(n * taps + tap) * inputs + c] = given[(n * inputs + c) * taps + tap];
                    }
                }
            }
            return linear(ordered, Elements.floats(weights.tensor(name + ".bias")));
        }

        Linear linear(float[] weight, float[] bias) {
            Shape shape = Shape.of(bias.length, weight.length / bias.length);
            return backend.linear(
                    arena,
                    Tensor.of(MemorySegment.ofArray(weight), DType.F32, shape),
                    Tensor.of(MemorySegment.ofArray(bias), DType.F32, Shape.of(bias.length)),
                    dtype);
        }

        Tensor floats(String name) {
            Tensor stored = weights.tensor(name);
            return upload(Elements.floats(stored), stored.shape());
        }

        Tensor upload(float[] values, Shape shape) {
            return backend.upload(arena, values, shape);
        }

        private static float[] join(List<Tensor> parts) {
            int each = Math.toIntExact(parts.getFirst().shape().elements());
            float[] all = new float[parts.size() * each];
            for (int i = 0; i < parts.size(); i++) {
                System.arraycopy(Elements.floats(parts.get(i)), 0, all, i * each, each);
            }
            return all;
        }
    }
}
