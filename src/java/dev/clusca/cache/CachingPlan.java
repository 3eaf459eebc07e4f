package dev.clusca.cache;

import dev.clusca.backend.Draws;
import dev.clusca.backend.Ops;
import dev.clusca.model.dit.DitForward;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What every order of a cached step has in common: the full steps, which fill the ladders and cluster the tokens.
 *
 * <pre>
 *   x = embed
 *   for each layer
 *     x += g_a F_a;  A = ladder(F_a)
 *     x += g_m F_m;  M = ladder(F_m)
 *   cluster x (ClusCa)
 *   output = final(x)
 * </pre>
 */
abstract sealed class CachingPlan implements StepPlan permits LayerByLayer, PrefixPass {
    final DitForward pass;
    final Ops ops;
    final int layers;
    private final List<StepKind> kinds;
    private final @Nullable Ladders ladders;
    private final @Nullable Clusters clusters;

    CachingPlan(DitForward pass, CachePolicy policy, List<StepKind> kinds, Draws draws, Choices choices, Arena arena) {
        this.pass = pass;
        this.kinds = kinds;
        this.ops = pass.model().backend().ops();
        this.layers = pass.model().config().depth();
        DType type = policy.ladder() == null ? pass.model().dtype() : policy.ladder();
        boolean caches = kinds.contains(StepKind.CACHED);
        this.ladders = caches ? new Ladders(pass, policy.order(), type, arena) : null;
        this.clusters =
                caches && policy instanceof ClusCa clusCa ? new Clusters(pass, clusCa, draws, choices, arena) : null;
    }

    @Override
    public final void run(int step, Tensor images, Tensor output) {
        int index = kinds.size() - 1 - step; // as the sampler counts
        pass.embed(images);
        if (ladders == null) {
            plain();
        } else if (kinds.get(step) == StepKind.FULL) {
            full(ladders, index);
        } else {
            if (clusters != null) {
                clusters.draw(index, needsMembers());
            }
            cached(ladders);
        }
        pass.finish(output);
    }

    private void plain() {
        for (int layer = 0; layer < layers; layer++) {
            pass.attention(layer, null);
            pass.mlp(layer, null);
        }
    }

    private void full(Ladders filled, int index) {
        for (int layer = 0; layer < layers; layer++) {
            Tensor feature = filled.feature();
            Tensor attention = filled.attention(layer);
            if (feature == null) {
                pass.attention(layer, attention.slice(0));
                pass.mlp(layer, filled.mlp(layer).slice(0));
            } else {
                pass.attention(layer, feature, attention);
                mlp(layer, feature, filled);
            }
        }
        if (clusters != null) {
            clusters.cluster(pass.x(), index);
        }
    }

    /** Enqueues a layer's MLP in a full step, whose output its ladder takes in. */
    void mlp(int layer, Tensor feature, Ladders filled) {
        pass.mlp(layer, feature, filled.mlp(layer));
    }

    /** Enqueues a cached step between embedding and final layer; the representatives are drawn. */
    abstract void cached(Ladders filled);

    /** Whether every representative must be a member of the cluster that it stands for. */
    abstract boolean needsMembers();

    /** The clusters of a ClusCa run, or null. */
    final @Nullable Clusters clusters() {
        return clusters;
    }
}
