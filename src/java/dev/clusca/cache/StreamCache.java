package dev.clusca.cache;

import dev.clusca.backend.Draws;
import dev.clusca.backend.Ops;
import dev.clusca.model.TokenStream;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a policy remembers of one stream of tokens, and how the stream takes its blocks: in a full step, computed, which fills the ladders and clusters the tokens; in a cached step, forecast, in an
 * order that the subclass has.
 *
 * <pre>
 *   for each layer              a full step
 *     x += g_a F_a;  A = ladder(F_a)
 *     x += g_m F_m;  M = ladder(F_m)
 *   cluster x                   (ClusCa)
 * </pre>
 */
abstract sealed class StreamCache permits LayerByLayer, PrefixPass {
    final TokenStream stream;
    final Ops ops;
    final int layers;
    private final @Nullable Ladders ladders;
    private final @Nullable Clusters clusters;

    StreamCache(
            TokenStream stream, CachePolicy policy, List<StepKind> kinds, Draws draws, Choices choices, Arena arena) {
        this.stream = stream;
        this.ops = stream.backend().ops();
        this.layers = stream.layers();
        boolean caches = kinds.contains(StepKind.CACHED);
        this.ladders = caches ? new Ladders(stream, policy.order(), ladderType(policy, stream.dtype()), arena) : null;
        this.clusters =
                caches && policy instanceof ClusCa clusCa ? new Clusters(stream, clusCa, draws, choices, arena) : null;
    }

    /** The type that a policy stores features in, in a run that computes in {@code computed}. */
    static DType ladderType(CachePolicy policy, DType computed) {
        DType asked = policy.ladder();
        return asked == null ? computed : asked;
    }

    /** Enqueues the end of a layer's attention in a full step: its projection, whose output the ladder takes in. */
    final void attention(int layer, Tensor attended) {
        if (ladders == null) {
            stream.addAttention(layer, attended, null);
            return;
        }
        Tensor feature = ladders.feature();
        Tensor ladder = ladders.attention(layer);
        if (feature == null) {
            stream.addAttention(layer, attended, ladder.slice(0));
        } else {
            stream.addAttention(layer, attended, feature, ladder);
        }
    }

    /** Enqueues a layer's MLP in a full step. */
    final void mlp(int layer) {
        if (ladders == null) {
            stream.mlp(layer, null);
            return;
        }
        Tensor feature = ladders.feature();
        if (feature == null) {
            stream.mlp(layer, ladders.mlp(layer).slice(0));
        } else {
            mlp(layer, feature, ladders);
        }
    }

    /** Enqueues what follows the last layer of a full step: clustering. */
    final void filled(int step) {
        if (clusters != null) {
            clusters.cluster(stream.x(), step);
        }
    }

    /** Enqueues all layers of a cached step. */
    final void forecast(int step) {
        if (ladders == null) {
            throw new IllegalStateException("a cached step of a run whose schedule has none");
        }
        if (clusters != null) {
            clusters.draw(step, needsMembers());
        }
        cached(ladders);
    }

    /** Enqueues a layer's MLP in a full step, whose output its ladder takes in. */
    void mlp(int layer, Tensor feature, Ladders filled) {
        stream.mlp(layer, feature, filled.mlp(layer));
    }

    /** Enqueues all layers of a cached step; the representatives are drawn. */
    abstract void cached(Ladders filled);

    /** Whether every representative must be a member of the cluster that it stands for. */
    abstract boolean needsMembers();

    /** The clusters of a ClusCa run, or null. */
    final @Nullable Clusters clusters() {
        return clusters;
    }
}
