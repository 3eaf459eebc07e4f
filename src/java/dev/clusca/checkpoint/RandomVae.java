package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.Map;

/** An autoencoder of any size with random weights, to measure it without having it; the same seed gives the same weights. */
public final class RandomVae implements VaeWeights {
    private final VaeConfig config;
    private final Map<String, Shape> shapes;
    private final long seed;

    public RandomVae(VaeConfig config, long seed) {
        this.config = config;
        this.shapes = VaeTensors.of(config);
        this.seed = seed;
    }

    @Override
    public VaeConfig config() {
        return config;
    }

    @Override
    public Tensor tensor(String name) {
        return RandomTensors.of(shapes, "the decoder of this autoencoder", name, seed);
    }

    /** Does nothing: each tensor is freed with its last user. */
    @Override
    public void close() {}
}
