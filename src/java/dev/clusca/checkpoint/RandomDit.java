package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Random weights of any size, to measure a model without having it: time and memory do not depend on them. They are uniform with the deviation {@code 1 / sqrt(inputs)}, so that
 * features stay near 1; the same seed gives the same weights.
 */
public final class RandomDit implements DitWeights {
    private final DitConfig config;
    private final Map<String, Shape> shapes;
    private final long seed;

    public RandomDit(DitConfig config, long seed) {
        this.config = config;
        this.seed = seed;
        this.shapes = DitTensors.of(config);
    }

    @Override
    public DitConfig config() {
        return config;
    }

    @Override
    public Tensor tensor(String name) {
        return RandomTensors.of(shapes, "a DiT of depth " + config.depth(), name, seed);
    }

    @Override
    public @Nullable Tensor positions() {
        return null;
    }

    /** Does nothing: each tensor is freed with its last user. */
    @Override
    public void close() {}
}
