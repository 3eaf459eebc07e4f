package dev.clusca.cache;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Draws;
import dev.clusca.model.TokenStream;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The published order of a cached step, layer after layer: easy to read, and the meaning of every policy. {@link PrefixPass} must equal it.
 *
 * <pre>
 *   x = embed;  draw representatives (ClusCa)
 *   for each layer
 *     x += g_a sum_i d^i/i! A_i
 *     y = MLP(x[representatives])               (ClusCa)
 *     M_0[representatives] = y                  (ClusCa)
 *     M_0 = gamma y[cluster] + (1 - gamma) M_0  (ClusCa)
 *     x += g_m sum_i d^i/i! M_i
 *   output = final(x)
 * </pre>
 */
final class LayerByLayer extends StreamCache {
    private final @Nullable Refresh refresh;

    /** What only ClusCa has: the propagation ratio, and the representatives' rows before and after the MLP. */
    private record Refresh(Clusters clusters, float gamma, Tensor rows, Tensor fresh) {}

    /**
     * @param kinds the policy's schedule for this run
     * @param draws where representatives and first centroids are drawn from
     * @param choices what is given instead of drawn
     * @param arena holds the caches; shared, and open for as long as the plan is used
     */
    LayerByLayer(
            TokenStream stream, CachePolicy policy, List<StepKind> kinds, Draws draws, Choices choices, Arena arena) {
        super(stream, policy, kinds, draws, choices, arena);
        Clusters clusters = clusters();
        if (clusters != null && policy instanceof ClusCa clusCa) {
            Backend backend = stream.backend();
            Shape x = stream.x().shape();
            Shape few = Shape.of(x.dim(0), clusCa.clusters(), x.dim(2));
            refresh = new Refresh(
                    clusters,
                    clusCa.gamma(),
                    backend.allocate(arena, DType.F32, few),
                    backend.allocate(arena, DType.F32, few));
        } else {
            refresh = null;
        }
    }

    @Override
    boolean needsMembers() {
        return false;
    }

    @Override
    void cached(Ladders filled) {
        for (int layer = 0; layer < layers; layer++) {
            stream.forecastAttention(layer, filled.attention(layer));
            if (refresh != null) {
                refresh(layer, filled.mlp(layer).slice(0), refresh);
            }
            stream.forecastMlp(layer, filled.mlp(layer));
        }
    }

    /** Recomputes the representatives' MLP, puts it into order 0 of the ladder, and spreads it. */
    private void refresh(int layer, Tensor orderZero, Refresh r) {
        Tensor representatives = r.clusters.representatives(layer);
        ops.gatherRows(stream.x(), representatives, r.rows);
        stream.mlpOf(layer, r.rows, r.fresh);
        ops.scatterRows(r.fresh, r.clusters.refreshed(layer), orderZero);
        if (r.gamma > 0) {
            ops.propagate(r.fresh, representatives, r.clusters.labels(), r.gamma, orderZero);
        }
    }
}
