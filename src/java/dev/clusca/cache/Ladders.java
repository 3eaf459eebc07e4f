package dev.clusca.cache;

import dev.clusca.backend.Backend;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.model.dit.DitForward;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * The Taylor ladders of one run: for every layer's attention and MLP, {@code order + 1} planes of features before the gate. Plane 0 is the last feature, plane i its i-th
 * backward difference.
 */
final class Ladders {
    private final Ops ops;
    private final StepTable steps;
    private final @Nullable Tensor feature;
    private final CachedLayers layers;

    /** @param type storage type of the planes; sums over them run in float32 */
    Ladders(DitForward pass, int order, DType type, StepTable steps, Arena arena) {
        Backend backend = pass.model().backend();
        this.ops = backend.ops();
        this.steps = steps;
        Shape plane = pass.x().shape();
        Shape all = Shape.of(pass.model().config().depth(), order + 1L, plane.dim(0), plane.dim(1), plane.dim(2));
        layers = pass.cachedLayers(backend.allocate(arena, type, all), backend.allocate(arena, type, all));
        feature = order == 0 ? null : backend.allocate(arena, DType.F32, plane);
    }

    /** All ladders, {@code [L, order + 1, R, N, C]} each, with the layers' gates. */
    CachedLayers layers() {
        return layers;
    }

    Tensor attention(int layer) {
        return layers.attention().slice(layer);
    }

    Tensor mlp(int layer) {
        return layers.mlp().slice(layer);
    }

    /** Where a full step puts a module's feature before {@link #update}: a ladder of order 0 takes it directly. */
    Tensor featureFor(Tensor ladder) {
        return feature == null ? ladder.slice(0) : feature;
    }

    /** Takes the feature that was put there into the ladder. */
    void update(Tensor ladder) {
        if (feature != null) {
            ops.ladderUpdate(feature, ladder, steps);
        }
    }
}
