package dev.clusca.cache;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Draws;
import dev.clusca.backend.Ops;
import dev.clusca.model.TokenStream;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The token clusters of one stream in a ClusCa run: made on full steps, one representative of each drawn for every layer of a cached step. */
final class Clusters {
    private final Backend backend;
    private final Ops ops;
    private final ClusCa policy;
    private final Draws draws;
    private final Choices choices;
    private final int tokens;
    private final Tensor firstTokens;
    private final Tensor centroids;
    private final Tensor labels;
    private final Tensor iterations;
    private final Tensor representatives;
    private final Tensor refreshed;
    private boolean started;

    Clusters(TokenStream stream, ClusCa policy, Draws draws, Choices choices, Arena arena) {
        this.backend = stream.backend();
        this.ops = backend.ops();
        this.policy = policy;
        this.draws = draws;
        this.choices = choices;
        Shape x = stream.x().shape();
        long rows = x.dim(0);
        this.tokens = x.size(1);
        policy.checkFits(tokens);
        int k = policy.clusters();
        firstTokens = backend.allocate(arena, DType.I32, Shape.of(rows, k));
        centroids = backend.allocate(arena, DType.F32, Shape.of(rows, k, x.dim(2)));
        labels = backend.allocate(arena, DType.I32, Shape.of(rows, tokens));
        iterations = backend.allocate(arena, DType.I32, Shape.of(rows));
        Shape all = Shape.of(stream.layers(), rows, k);
        representatives = backend.allocate(arena, DType.I32, all);
        refreshed = choices == Choices.DRAWN ? representatives : backend.allocate(arena, DType.I32, all);
    }

    /**
     * Clusters the tokens of a full step, starting from the last full step's centroids.
     *
     * @param x the residual stream after the last block, F32 {@code [R, N, C]}
     * @param step the sampler's index of the step
     */
    void cluster(Tensor x, int step) {
        Optional<int[]> given = choices.labels(step);
        if (given.isPresent()) {
            write(labels, given.get(), "labels", 0, policy.clusters());
            return;
        }
        Optional<float[]> start = choices.centroids(step);
        if (start.isPresent()) {
            if (start.get().length != centroids.shape().elements()) {
                throw new IllegalArgumentException("the centroids given for step " + step + " have "
                        + start.get().length + " values; " + centroids.shape() + " are needed");
            }
            backend.write(centroids, MemorySegment.ofArray(start.get()));
        } else if (!started) {
            Optional<int[]> first = choices.firstTokens();
            if (first.isPresent()) {
                write(firstTokens, first.get(), "first tokens", 0, tokens);
            } else {
                ops.drawFirstTokens(draws, tokens, firstTokens);
            }
            ops.gatherRows(x, firstTokens, centroids);
        }
        started = true;
        ops.kMeans(x, policy.kMeans(), centroids, labels, iterations);
    }

    /**
     * Draws the representatives of a cached step, for all layers.
     *
     * @param members whether each cluster with members must have one of them, and one without none: what is given need not be so
     * @throws IllegalArgumentException if it must be so and is not
     */
    void draw(int step, boolean members) {
        Optional<int[]> given = choices.representatives(step);
        if (given.isPresent()) {
            write(representatives, given.get(), "representatives", -1, tokens);
            if (members) {
                requireMembers(given.get());
            }
            backend.write(refreshed, MemorySegment.ofArray(once(given.get())));
        } else {
            ops.drawRepresentatives(draws, labels, representatives);
            if (refreshed != representatives) {
                ops.drawRepresentatives(draws, labels, refreshed);
            }
        }
    }

    private void requireMembers(int[] given) {
        int rows = labels.shape().size(0);
        int k = policy.clusters();
        int[] clusterOf = new int[rows * tokens];
        backend.read(labels, MemorySegment.ofArray(clusterOf));
        for (int i = 0; i < given.length; i++) {
            int row = i / k % rows;
            int token = given[i];
            if (token < 0 && hasMember(clusterOf, row, i % k)) {
                throw new IllegalArgumentException("cluster " + i % k + " of batch row " + row
                        + " has members and is given no representative in layer " + i / k / rows
                        + "; give it one of them, or take StepOrder.LAYER_BY_LAYER, which forecasts them alone");
            }
            if (token >= 0 && clusterOf[row * tokens + token] != i % k) {
                throw new IllegalArgumentException("token " + token + " of batch row " + row
                        + " is given as the representative of cluster " + i % k + " in layer " + i / k / rows
                        + ", and lies in cluster " + clusterOf[row * tokens + token]
                        + "; a representative from another cluster takes StepOrder.LAYER_BY_LAYER");
            }
        }
    }

    /** The same without a token that stands for several clusters of a batch row in all but the first. */
    private int[] once(int[] given) {
        int k = policy.clusters();
        int[] all = given.clone();
        for (int i = 0; i < all.length; i++) {
            for (int before = i - i % k; before < i && all[i] >= 0; before++) {
                if (all[before] == all[i]) {
                    all[i] = -1;
                }
            }
        }
        return all;
    }

    private boolean hasMember(int[] clusterOf, int row, int cluster) {
        for (int n = row * tokens; n < (row + 1) * tokens; n++) {
            if (clusterOf[n] == cluster) {
                return true;
            }
        }
        return false;
    }

    /** I32 {@code [R, N]}. */
    Tensor labels() {
        return labels;
    }

    /** I32 {@code [L, R, K]}, -1 for an empty cluster. */
    Tensor representatives() {
        return representatives;
    }

    /** I32 {@code [R, K]}, -1 for an empty cluster. */
    Tensor representatives(int layer) {
        return representatives.slice(layer);
    }

    /** The representatives of a layer, each token once. */
    Tensor refreshed(int layer) {
        return refreshed.slice(layer);
    }

    private void write(Tensor target, int[] values, String what, int lowest, int below) {
        check(target, values, what, lowest, below);
        backend.write(target, MemorySegment.ofArray(values));
    }

    /** Here and not by the operations that read them: what fails in a backend's queue ends the backend. */
    private static void check(Tensor target, int[] values, String what, int lowest, int below) {
        if (values.length != target.shape().elements()) {
            throw new IllegalArgumentException(
                    "the " + what + " given have " + values.length + " values; " + target.shape() + " are needed");
        }
        for (int value : values) {
            if (value < lowest || value >= below) {
                throw new IllegalArgumentException("among the " + what + " given is " + value + "; they are " + lowest
                        + " to " + (below - 1) + " here");
            }
        }
    }
}
