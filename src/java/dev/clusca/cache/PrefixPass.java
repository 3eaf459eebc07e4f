package dev.clusca.cache;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Draws;
import dev.clusca.backend.PrefixState;
import dev.clusca.model.TokenStream;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fast order of a cached step. When it begins, all ladders, gates and draws are known; only the MLP outputs of ClusCa's representatives are not. So one pass reads every
 * cached plane once and leaves behind what each layer's representatives need, and the layers follow each other on a few rows alone. Without representatives the pass is all.
 *
 * <pre>
 *   x = embed;  draw representatives (ClusCa)
 *   P = x + sum over layers of the forecasts; rows_l = P before layer l's MLP, at its representatives
 *   for each layer (ClusCa)
 *     y = MLP(rows_l + what earlier layers spread and corrected)
 *     spread += g_m U', U' = (1 - gamma) U + gamma y;  note the representatives' corrections
 *   x = P + spread[cluster] + corrections
 *   output = final(x)
 * </pre>
 *
 * <p>Equals {@link LayerByLayer} but for rounding. An MLP's order 0 stays implicit, {@code M_0[n] = a base[n] + U[cluster of n]} ({@link PrefixState}), so that spreading rewrites no
 * plane; it is made explicit when a falls below 2^-10, and by the next full step.
 */
final class PrefixPass extends StreamCache {
    /** Below this share of base, float32 would lose its digits. */
    private static final double LEAST_SHARE = 0x1p-10;

    private final @Nullable Chain chain;

    /** What only ClusCa has: the implicit order 0, and the representatives' rows before and after the MLP. */
    private record Chain(PrefixState state, Tensor rows, Tensor fresh) {}

    /**
     * @param kinds the policy's schedule for this run
     * @param draws where representatives and first centroids are drawn from
     * @param choices what is given instead of drawn
     * @param arena holds the caches; shared, and open for as long as the plan is used
     */
    PrefixPass(
            TokenStream stream, CachePolicy policy, List<StepKind> kinds, Draws draws, Choices choices, Arena arena) {
        super(stream, policy, kinds, draws, choices, arena);
        Clusters clusters = clusters();
        chain = clusters != null && policy instanceof ClusCa clusCa
                ? chain(stream, clusters, clusCa, kinds, arena)
                : null;
    }

    private static Chain chain(
            TokenStream stream, Clusters clusters, ClusCa policy, List<StepKind> kinds, Arena arena) {
        Backend backend = stream.backend();
        Shape x = stream.x().shape();
        Shape few = Shape.of(x.dim(0), policy.clusters(), x.dim(2));
        Shape all = Shape.of(stream.layers(), few.dim(0), few.dim(1), few.dim(2));
        Tensor retained = backend.allocate(arena, DType.F32, Shape.of(kinds.size(), 2));
        backend.write(retained, MemorySegment.ofArray(retained(kinds, policy.gamma())));
        PrefixState state = new PrefixState(
                clusters.labels(),
                clusters.representatives(),
                retained,
                backend.allocate(arena, DType.F32, all),
                backend.allocate(arena, DType.F32, all),
                backend.allocate(arena, DType.F32, few),
                policy.gamma());
        return new Chain(state, backend.allocate(arena, DType.F32, few), backend.allocate(arena, DType.F32, few));
    }

    /** {@link PrefixState#retained} of every step: known before the run, because it hangs on the schedule alone. */
    static float[] retained(List<StepKind> kinds, float gamma) {
        float[] rows = new float[2 * kinds.size()];
        double share = 1;
        for (int step = 0; step < kinds.size(); step++) {
            rows[2 * step] = (float) share;
            boolean cached = kinds.get(step) == StepKind.CACHED;
            double next = (1 - (double) gamma) * share;
            if (cached && next > 0 && next < LEAST_SHARE) {
                share = 1;
            }
            rows[2 * step + 1] = (float) share;
            share = cached ? (1 - (double) gamma) * share : 1;
        }
        return rows;
    }

    /** A member's row is known when its cluster's is. */
    @Override
    boolean needsMembers() {
        return true;
    }

    @Override
    void mlp(int layer, Tensor feature, Ladders filled) {
        if (chain == null) {
            super.mlp(layer, feature, filled);
        } else {
            stream.mlp(layer, feature, filled.layers(), chain.state);
        }
    }

    @Override
    void cached(Ladders filled) {
        if (chain == null) {
            stream.forecastAll(filled.layers());
            return;
        }
        PrefixState state = chain.state;
        ops.prefixMaterialise(filled.layers(), state);
        ops.prefixPass(filled.layers(), state, stream.x());
        stream.refresh(filled.layers(), state, chain.rows, chain.fresh);
        ops.prefixClose(state, stream.x());
    }
}
