package dev.clusca.model.flux;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Linear;
import dev.clusca.checkpoint.Elements;
import dev.clusca.checkpoint.FluxCheckpoint;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.FluxWeights;
import dev.clusca.model.TokenStream;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * FLUX's weights on a backend. Linear layers multiply in the model's type; the embedders of image, text, timestep and guidance stay F32: they are small, and everything after depends on them.
 *
 * <p>A single block's {@code linear1} is kept as two layers, queries, keys and values apart from the MLP's, whose GELU is then part of the product. The modulations of two single blocks are one
 * layer, so that a pair has six chunks as a double block has, and all blocks' forecasts can be added in one pass.
 */
public final class FluxModel {
    private final FluxConfig config;
    private final Backend backend;
    private final DType dtype;
    private final Linear imageIn;
    private final Linear textIn;
    private final Embedder time;
    private final Embedder vector;
    private final @Nullable Embedder guidance;
    private final List<DoubleBlock> doubles;
    private final List<SingleBlock> singles;
    private final List<Linear> pairModulations;
    private final Linear lastModulation;
    private final Linear last;

    /** Two linear layers with a SiLU between them. */
    record Embedder(Linear in, Linear out) {}

    /** Queries, keys and values, and the scales of the queries' and keys' RMSNorm, F32 {@code [d]}. */
    record Projection(Linear qkv, Tensor queryScale, Tensor keyScale) {}

    /** What a double block has for one of its streams. */
    record Stream(Linear modulation, Projection projection, TokenStream.Block block) {}

    /** A double block. */
    record DoubleBlock(Stream image, Stream text) {}

    /** A single block without its modulation. */
    record SingleBlock(Projection projection, Linear mlp, Linear out) {}

    /**
     * Loads a checkpoint: as {@link FluxCheckpoint#open}.
     *
     * @param arena holds the weights; shared, and open for as long as the model is used
     * @param dtype what the model multiplies in: F32 or BF16
     * @throws dev.clusca.checkpoint.CheckpointException if a tensor is missing, not known, of the wrong shape or not finite; all of them are named
     */
    public static FluxModel load(Path path, Backend backend, Arena arena, DType dtype) {
        try (FluxCheckpoint weights = FluxCheckpoint.open(path)) {
            return new FluxModel(weights, backend, arena, dtype);
        }
    }

    /** {@link #load} from weights that are open already; they may be closed afterwards. */
    public FluxModel(FluxWeights weights, Backend backend, Arena arena, DType dtype) {
        if (!dtype.isCompute()) {
            throw new IllegalArgumentException("a model computes in F32 or BF16, got " + dtype);
        }
        this.config = weights.config();
        this.backend = backend;
        this.dtype = dtype;
        Loader load = new Loader(weights, backend, arena);
        imageIn = load.linear("img_in", DType.F32);
        textIn = load.linear("txt_in", DType.F32);
        time = load.embedder("time_in");
        vector = load.embedder("vector_in");
        guidance = config.guidanceEmbed() ? load.embedder("guidance_in") : null;
        List<DoubleBlock> twofold = new ArrayList<>();
        for (int layer = 0; layer < config.depth(); layer++) {
            String at = "double_blocks." + layer + ".";
            twofold.add(new DoubleBlock(load.stream(at + "img_", dtype), load.stream(at + "txt_", dtype)));
        }
        doubles = List.copyOf(twofold);
        List<SingleBlock> joined = new ArrayList<>();
        List<Linear> pairs = new ArrayList<>();
        for (int layer = 0; layer < config.depthSingleBlocks(); layer++) {
            joined.add(load.single("single_blocks." + layer + ".", dtype));
            if (layer % 2 == 1 || layer == config.depthSingleBlocks() - 1) {
                pairs.add(load.modulations(layer - layer % 2, layer, dtype));
            }
        }
        singles = List.copyOf(joined);
        pairModulations = List.copyOf(pairs);
        lastModulation = load.linear("final_layer.adaLN_modulation.1", dtype);
        last = load.linear("final_layer.linear", dtype);
    }

    public FluxConfig config() {
        return config;
    }

    public Backend backend() {
        return backend;
    }

    /** What the model multiplies in. */
    public DType dtype() {
        return dtype;
    }

    Linear imageIn() {
        return imageIn;
    }

    Linear textIn() {
        return textIn;
    }

    Embedder time() {
        return time;
    }

    Embedder vector() {
        return vector;
    }

    /** Null for a model that takes no guidance. */
    @Nullable
    Embedder guidance() {
        return guidance;
    }

    DoubleBlock doubleBlock(int layer) {
        return doubles.get(layer);
    }

    List<DoubleBlock> doubleBlocks() {
        return doubles;
    }

    SingleBlock singleBlock(int layer) {
        return singles.get(layer);
    }

    /** The modulations of the single blocks 2 i and 2 i + 1; of an odd number of blocks, the last has its own alone. */
    List<Linear> pairModulations() {
        return pairModulations;
    }

    Linear lastModulation() {
        return lastModulation;
    }

    Linear last() {
        return last;
    }

    /** Takes layers from the weights to the backend. */
    private record Loader(FluxWeights weights, Backend backend, Arena arena) {
        Linear linear(String name, DType type) {
            return backend.linear(arena, weights.tensor(name + ".weight"), weights.tensor(name + ".bias"), type);
        }

        Embedder embedder(String name) {
            return new Embedder(linear(name + ".in_layer", DType.F32), linear(name + ".out_layer", DType.F32));
        }

        Stream stream(String at, DType type) {
            Tensor bias = weights.config().qkvBias() ? weights.tensor(at + "attn.qkv.bias") : null;
            Linear qkv = backend.linear(arena, weights.tensor(at + "attn.qkv.weight"), bias, type);
            return new Stream(
                    linear(at + "mod.lin", type),
                    projection(qkv, at + "attn.norm."),
                    new TokenStream.Block(
                            linear(at + "attn.proj", type), linear(at + "mlp.0", type), linear(at + "mlp.2", type)));
        }

        SingleBlock single(String at, DType type) {
            Tensor weight = weights.tensor(at + "linear1.weight");
            Tensor bias = weights.tensor(at + "linear1.bias");
            int attention = 3 * weights.config().hiddenSize();
            int mlp = weights.config().mlpWidth();
            Linear qkv = backend.linear(arena, weight.rows(0, attention), bias.rows(0, attention), type);
            return new SingleBlock(
                    projection(qkv, at + "norm."),
                    backend.linear(arena, weight.rows(attention, mlp), bias.rows(attention, mlp), type),
                    linear(at + "linear2", type));
        }

        private Projection projection(Linear qkv, String norms) {
            return new Projection(qkv, floats(norms + "query_norm.scale"), floats(norms + "key_norm.scale"));
        }

        private Tensor floats(String name) {
            Tensor stored = weights.tensor(name);
            return backend.upload(arena, Elements.floats(stored), stored.shape());
        }

        /** The modulations of single blocks that follow each other, as one layer. */
        Linear modulations(int first, int last, DType type) {
            List<Tensor> weight = new ArrayList<>();
            List<Tensor> bias = new ArrayList<>();
            for (int layer = first; layer <= last; layer++) {
                weight.add(weights.tensor("single_blocks." + layer + ".modulation.lin.weight"));
                bias.add(weights.tensor("single_blocks." + layer + ".modulation.lin.bias"));
            }
            try (Arena once = Arena.ofShared()) { // a layer keeps a copy of its own
                return backend.linear(
                        arena, Elements.concatenate(weight, once), Elements.concatenate(bias, once), type);
            }
        }
    }
}
