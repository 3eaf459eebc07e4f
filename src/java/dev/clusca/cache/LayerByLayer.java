package dev.clusca.cache;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Draws;
import dev.clusca.backend.Ops;
import dev.clusca.model.dit.DitForward;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The published order of a cached step, layer after layer: easy to read, and the meaning of every policy. Other plans must equal it.
 *
 * <pre>
 * full step                                     cached step
 *   x = embed                                     x = embed;  draw representatives (ClusCa)
 *   for each layer                                for each layer
 *     x += g_a F_a;  A = ladder(F_a)                x += g_a sum_i d^i/i! A_i
 *     x += g_m F_m;  M = ladder(F_m)                y = MLP(x[representatives])               (ClusCa)
 *   cluster x (ClusCa)                              M_0[representatives] = y                  (ClusCa)
 *   output = final(x)                               M_0 = gamma y[cluster] + (1 - gamma) M_0  (ClusCa)
 *                                                   x += g_m sum_i d^i/i! M_i
 *                                                 output = final(x)
 * </pre>
 */
public final class LayerByLayer implements StepPlan {
    private final DitForward pass;
    private final Ops ops;
    private final List<StepKind> kinds;
    private final int layers;
    private final @Nullable Ladders ladders;
    private final @Nullable ClusterParts clustered;

    /** What only ClusCa has. */
    private record ClusterParts(Clusters clusters, float gamma, Tensor rows, Tensor fresh) {}

    /**
     * @param kinds the policy's schedule for this run
     * @param draws where representatives and first centroids are drawn from
     * @param choices what is given instead of drawn
     * @param arena holds the caches; shared, and open for as long as the plan is used
     */
    public LayerByLayer(
            DitForward pass, CachePolicy policy, List<StepKind> kinds, Draws draws, Choices choices, Arena arena) {
        this.pass = pass;
        this.kinds = kinds;
        Backend backend = pass.model().backend();
        this.ops = backend.ops();
        this.layers = pass.model().config().depth();
        DType ladderType = policy.ladder() == null ? pass.model().dtype() : policy.ladder();
        this.ladders = kinds.contains(StepKind.CACHED)
                ? new Ladders(pass, policy.order(), ladderType, draws.steps(), arena)
                : null;
        if (ladders != null && policy instanceof ClusCa clusCa) {
            Shape x = pass.x().shape();
            Shape few = Shape.of(x.dim(0), clusCa.clusters(), x.dim(2));
            this.clustered = new ClusterParts(
                    new Clusters(pass, clusCa, draws, choices, arena),
                    clusCa.gamma(),
                    backend.allocate(arena, DType.F32, few),
                    backend.allocate(arena, DType.F32, few));
        } else {
            this.clustered = null;
        }
    }

    @Override
    public void run(int step, Tensor images, Tensor output) {
        int index = kinds.size() - 1 - step; // as the sampler counts
        pass.embed(images);
        if (kinds.get(step) == StepKind.FULL) {
            full(index);
        } else {
            cached(index);
        }
        pass.finish(output);
    }

    private void full(int index) {
        for (int layer = 0; layer < layers; layer++) {
            if (ladders == null) {
                pass.attention(layer, null);
                pass.mlp(layer, null);
            } else {
                pass.attention(layer, ladders.featureFor(ladders.attention(layer)));
                ladders.update(ladders.attention(layer));
                pass.mlp(layer, ladders.featureFor(ladders.mlp(layer)));
                ladders.update(ladders.mlp(layer));
            }
        }
        if (clustered != null) {
            clustered.clusters.cluster(pass.x(), index);
        }
    }

    private void cached(int index) {
        if (ladders == null) {
            throw new IllegalStateException("a cached step without ladders");
        }
        if (clustered != null) {
            clustered.clusters.draw(index);
        }
        for (int layer = 0; layer < layers; layer++) {
            pass.forecastAttention(layer, ladders.attention(layer));
            if (clustered != null) {
                refresh(layer, ladders.mlp(layer).slice(0), clustered);
            }
            pass.forecastMlp(layer, ladders.mlp(layer));
        }
    }

    /** Recomputes the representatives' MLP, puts it into order 0 of the ladder, and spreads it. */
    private void refresh(int layer, Tensor orderZero, ClusterParts c) {
        Tensor representatives = c.clusters.representatives(layer);
        ops.gatherRows(pass.x(), representatives, c.rows);
        pass.mlpOf(layer, c.rows, c.fresh);
        ops.scatterRows(c.fresh, representatives, orderZero);
        if (c.gamma > 0) {
            ops.propagate(c.fresh, representatives, c.clusters.labels(), c.gamma, orderZero);
        }
    }
}
