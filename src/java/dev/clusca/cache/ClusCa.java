package dev.clusca.cache;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * ClusCa (Zheng et al., "Compute Only 16 Tokens in One Timestep", arXiv 2509.10312). A full step clusters the tokens of the last block's output. Between full steps,
 * attention is forecast as in {@link TaylorSeer}; of each MLP, one randomly drawn representative of each cluster is recomputed, replaces order 0 of its forecast, and is
 * spread to its cluster with the propagation ratio.
 *
 * <p>Semantics are those of the published DiT code: the draw is fresh for every layer and step, order 0 is overwritten in place, and the next difference is taken
 * against the overwritten values. Deviations: an empty cluster has no representative and propagates nothing (published: token 0 stands in); first centroids are drawn
 * without replacement; k-means stops per image unless {@code kMeans} says together.
 *
 * @param schedule which steps are full besides the first ones
 * @param order highest order of the series, 0 to 4
 * @param clusters number of clusters K, at most the model's tokens
 * @param gamma propagation ratio, 0 to 1: weight of the representative in its cluster
 * @param firstEnhance full steps at the beginning
 * @param kMeans when clustering stops
 * @param ladder storage type of the cached features, null for the run's type
 */
public record ClusCa(
        Schedule schedule,
        int order,
        int clusters,
        float gamma,
        int firstEnhance,
        KMeansOptions kMeans,
        @Nullable DType ladder)
        implements CachePolicy {
    public ClusCa {
        PolicyGrammar.checkFirst("clusca", firstEnhance);
        PolicyGrammar.checkOrder("clusca", order);
        PolicyGrammar.checkLadder("clusca", ladder);
        if (clusters < 1) {
            throw new IllegalArgumentException("clusca: clusters must be at least 1, got " + clusters);
        }
        if (!(gamma >= 0 && gamma <= 1)) {
            throw new IllegalArgumentException("clusca: gamma is a ratio from 0 to 1, got " + gamma);
        }
    }

    /** The first two steps are full, k-means stops as published, features are stored in the run's type. */
    public ClusCa(Schedule schedule, int order, int clusters, float gamma) {
        this(schedule, order, clusters, gamma, 2, KMeansOptions.DEFAULT, null);
    }

    /**
     * As {@link #ClusCa(Schedule, int, int, float)}, with full steps at equal distances.
     *
     * @param interval steps from one full step to the next, at least 1
     */
    public ClusCa(int interval, int order, int clusters, float gamma) {
        this(Schedule.every(interval), order, clusters, gamma);
    }

    @Override
    public String name() {
        return "clusca";
    }

    @Override
    public void checkFits(int tokens) {
        if (clusters > tokens) {
            throw new IllegalArgumentException("clusca: " + clusters + " clusters are more than the " + tokens
                    + " tokens that an image has here; use at most " + tokens);
        }
    }

    @Override
    public String spec() {
        return "clusca:" + schedule.spec() + ",order=" + order + ",clusters=" + clusters + ",gamma=" + gamma
                + ",first=" + firstEnhance
                + ",iterations=" + kMeans.maxIterations() + ",stop=" + (kMeans.together() ? "batch" : "image")
                + PolicyGrammar.ladderSpec(ladder);
    }

    @Override
    public String toString() {
        return spec();
    }
}
