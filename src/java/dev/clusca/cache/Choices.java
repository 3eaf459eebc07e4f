package dev.clusca.cache;

import java.util.Optional;

/**
 * The random and discrete choices of a ClusCa run, given from outside instead of drawn: how a run is made to follow another implementation's. What is empty is drawn
 * or clustered as usual. Steps are the sampler's indices (DiT counts down to 0).
 */
public interface Choices {
    /** Nothing is given: everything is drawn. */
    Choices DRAWN = new Choices() {};

    /** The tokens whose features are the first centroids, {@code [R * K]}. */
    default Optional<int[]> firstTokens() {
        return Optional.empty();
    }

    /** The centroids that a full step's clustering starts from, {@code [R * K * C]}. */
    default Optional<float[]> centroids(int step) {
        return Optional.empty();
    }

    /** The labels of a full step, {@code [R * N]}, instead of clustering. */
    default Optional<int[]> labels(int step) {
        return Optional.empty();
    }

    /**
     * The representatives of a cached step, {@code [L * R * K]}, -1 for none. A token of another cluster, as the published code takes token 0 for a cluster without members, is recomputed, and what the
     * members of its own cluster take over is the sum of all outputs that lie there, as in the published code. A cluster with members and no representative among them is forecast alone.
     * {@link StepOrder#LAYER_BY_LAYER} can do both, {@link StepOrder#PREFIX_PASS} refuses them.
     */
    default Optional<int[]> representatives(int step) {
        return Optional.empty();
    }
}
