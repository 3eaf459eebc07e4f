package dev.clusca.model.flux;

import dev.clusca.checkpoint.Elements;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.FluxTensors;
import dev.clusca.checkpoint.FluxWeights;
import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.random.Normals;
import dev.clusca.random.Purpose;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Small FLUX models with random weights, and what they take. */
public final class TinyFlux {
    private TinyFlux() {}

    /** Width 48 of 3 heads, 2 double blocks, 16 channels. */
    public static FluxConfig config(int singles, boolean guidance) {
        return config(singles, guidance, 4, true);
    }

    /** The same with MLPs of another width, and with or without the bias of queries, keys and values. */
    public static FluxConfig config(int singles, boolean guidance, double mlpRatio, boolean bias) {
        return new FluxConfig(16, 16, 20, 24, 48, mlpRatio, 3, 2, singles, List.of(4, 6, 6), 10_000, bias, guidance);
    }

    /** Writes a checkpoint under official names, with its configuration. */
    public static void write(FluxWeights weights, Path file) {
        FluxConfig c = weights.config();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        FluxTensors.of(c).keySet().forEach(name -> tensors.put(name, weights.tensor(name)));
        Safetensors.write(
                file,
                tensors,
                Map.ofEntries(
                        Map.entry("in_channels", Integer.toString(c.inChannels())),
                        Map.entry("out_channels", Integer.toString(c.outChannels())),
                        Map.entry("vec_in_dim", Integer.toString(c.vecInDim())),
                        Map.entry("context_in_dim", Integer.toString(c.contextInDim())),
                        Map.entry("hidden_size", Integer.toString(c.hiddenSize())),
                        Map.entry("mlp_ratio", Double.toString(c.mlpRatio())),
                        Map.entry("num_heads", Integer.toString(c.numHeads())),
                        Map.entry("depth", Integer.toString(c.depth())),
                        Map.entry("depth_single_blocks", Integer.toString(c.depthSingleBlocks())),
                        Map.entry("axes_dim", c.axesDim().toString()),
                        Map.entry("theta", Double.toString(c.theta())),
                        Map.entry("qkv_bias", c.qkvBias() ? "True" : "False"),
                        Map.entry("guidance_embed", c.guidanceEmbed() ? "True" : "False")));
    }

    /** Writes an encoded text of normal numbers. */
    public static void writePrompt(Shape tokens, Shape vector, Path file) {
        Safetensors.write(
                file,
                Map.of("prompt_embeds", numbers(tokens, 1), "pooled_prompt_embeds", numbers(vector, 2)),
                Map.of());
    }

    private static Tensor numbers(Shape shape, int place) {
        return Tensor.of(MemorySegment.ofArray(numbers(Math.toIntExact(shape.elements()), place)), DType.F32, shape);
    }

    /** Random weights, stored in F32 or BF16. */
    public static FluxWeights weights(FluxConfig config, DType stored) {
        RandomFlux random = new RandomFlux(config, 5);
        return new FluxWeights() {
            @Override
            public FluxConfig config() {
                return config;
            }

            @Override
            public Tensor tensor(String name) {
                Tensor floats = random.tensor(name);
                if (stored == DType.F32) {
                    return floats;
                }
                float[] values = Elements.floats(floats);
                short[] rounded = new short[values.length];
                for (int i = 0; i < values.length; i++) {
                    rounded[i] = Bf16.fromFloat(values[i]);
                }
                return Tensor.of(MemorySegment.ofArray(rounded), DType.BF16, floats.shape());
            }

            @Override
            public void close() {
                random.close();
            }
        };
    }

    /** Normal numbers; each place has its own. */
    public static float[] numbers(int count, int place) {
        float[] values = new float[count];
        Normals.fill(values, 3, place, 0, Purpose.INITIAL_NOISE);
        return values;
    }
}
