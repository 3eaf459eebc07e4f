package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.Map;

/** A FLUX of any size with random weights, to measure it without having it; the same seed gives the same weights. */
public final class RandomFlux implements FluxWeights {
    private final FluxConfig config;
    private final Map<String, Shape> shapes;
    private final long seed;

    public RandomFlux(FluxConfig config, long seed) {
        this.config = config;
        this.shapes = FluxTensors.of(config);
        this.seed = seed;
    }

    @Override
    public FluxConfig config() {
        return config;
    }

    @Override
    public Tensor tensor(String name) {
        return RandomTensors.of(shapes, "this FLUX", name, seed);
    }

    /** Does nothing: each tensor is freed with its last user. */
    @Override
    public void close() {}
}
