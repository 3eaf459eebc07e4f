package dev.clusca.cli;

import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.FluxWeights;
import dev.clusca.tensor.Tensor;

/** Weights that ask before each tensor whether to stop: loading all of them may take minutes. */
public record InterruptibleFlux(FluxWeights weights, Session session) implements FluxWeights {
    @Override
    public FluxConfig config() {
        return weights.config();
    }

    @Override
    public Tensor tensor(String name) {
        session.checkCancelled();
        return weights.tensor(name);
    }

    @Override
    public void close() {
        weights.close();
    }
}
