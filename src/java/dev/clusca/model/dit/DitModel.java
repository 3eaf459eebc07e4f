package dev.clusca.model.dit;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Linear;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.DitWeights;
import dev.clusca.checkpoint.Elements;
import dev.clusca.model.TokenStream;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A DiT's weights on a backend. Linear layers multiply in the model's type; the patch embedding, positions and the timestep and label embedders stay F32: they are small,
 * and everything after depends on them.
 */
public final class DitModel {
    private final DitConfig config;
    private final Backend backend;
    private final DType dtype;
    private final Tensor patchWeight;
    private final Tensor patchBias;
    private final Tensor positions;
    private final Linear timeIn;
    private final Linear timeOut;
    private final Tensor labelTable;
    private final List<Block> blocks;
    private final Linear lastModulation;
    private final Linear last;

    /** One block's linear layers. */
    record Block(Linear modulation, Linear qkv, Linear proj, Linear fc1, Linear fc2) {}

    /**
     * Loads a checkpoint, whatever {@link DitCheckpoint#open} takes: a folder or weights file with {@code config.json}, a diffusers pipeline's folder, or a published size under official
     * names without a configuration.
     *
     * @param arena holds the weights; shared, and open for as long as the model is used
     * @param dtype what the model multiplies in: F32 or BF16
     * @throws dev.clusca.checkpoint.CheckpointException if a tensor is missing, not known, of the wrong shape or not finite; all of them are named
     */
    public static DitModel load(Path path, Backend backend, Arena arena, DType dtype) {
        try (DitCheckpoint weights = DitCheckpoint.open(path)) {
            return new DitModel(weights, backend, arena, dtype);
        }
    }

    /** {@link #load} from weights that are open already; they may be closed afterwards. */
    public DitModel(DitWeights weights, Backend backend, Arena arena, DType dtype) {
        if (!dtype.isCompute()) {
            throw new IllegalArgumentException("a model computes in F32 or BF16, got " + dtype);
        }
        this.config = weights.config();
        this.backend = backend;
        this.dtype = dtype;
        Tensor projection = floats(weights, "x_embedder.proj.weight", arena);
        patchWeight = projection.reshape(
                config.hiddenSize(), projection.shape().inner().elements());
        patchBias = floats(weights, "x_embedder.proj.bias", arena);
        Shape grid = Shape.of(config.tokens(), config.hiddenSize());
        Tensor stored = weights.positions();
        positions = stored != null
                ? backend.upload(arena, Elements.floats(stored), grid)
                : backend.upload(
                        arena, Positions.sinCos(config.inputSize() / config.patchSize(), config.hiddenSize()), grid);
        timeIn = linear(weights, "t_embedder.mlp.0", arena, DType.F32);
        timeOut = linear(weights, "t_embedder.mlp.2", arena, DType.F32);
        labelTable = floats(weights, "y_embedder.embedding_table.weight", arena);
        List<Block> all = new ArrayList<>();
        for (int layer = 0; layer < config.depth(); layer++) {
            String at = "blocks." + layer + ".";
            all.add(new Block(
                    linear(weights, at + "adaLN_modulation.1", arena, dtype),
                    linear(weights, at + "attn.qkv", arena, dtype),
                    linear(weights, at + "attn.proj", arena, dtype),
                    linear(weights, at + "mlp.fc1", arena, dtype),
                    linear(weights, at + "mlp.fc2", arena, dtype)));
        }
        blocks = List.copyOf(all);
        lastModulation = linear(weights, "final_layer.adaLN_modulation.1", arena, dtype);
        last = linear(weights, "final_layer.linear", arena, dtype);
    }

    public DitConfig config() {
        return config;
    }

    public Backend backend() {
        return backend;
    }

    /** What the model multiplies in. */
    public DType dtype() {
        return dtype;
    }

    Tensor patchWeight() {
        return patchWeight;
    }

    Tensor patchBias() {
        return patchBias;
    }

    Tensor positions() {
        return positions;
    }

    Linear timeIn() {
        return timeIn;
    }

    Linear timeOut() {
        return timeOut;
    }

    Tensor labelTable() {
        return labelTable;
    }

    /** What belongs to the stream of tokens of each block. */
    List<TokenStream.Block> streamBlocks() {
        return blocks.stream()
                .map(b -> new TokenStream.Block(b.proj, b.fc1, b.fc2))
                .toList();
    }

    Block block(int layer) {
        return blocks.get(layer);
    }

    Linear lastModulation() {
        return lastModulation;
    }

    Linear last() {
        return last;
    }

    private Linear linear(DitWeights weights, String name, Arena arena, DType type) {
        return backend.linear(arena, weights.tensor(name + ".weight"), weights.tensor(name + ".bias"), type);
    }

    private Tensor floats(DitWeights weights, String name, Arena arena) {
        Tensor stored = weights.tensor(name);
        return backend.upload(arena, Elements.floats(stored), stored.shape());
    }
}
