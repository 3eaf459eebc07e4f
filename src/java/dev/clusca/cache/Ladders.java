package dev.clusca.cache;

import dev.clusca.backend.Backend;
import dev.clusca.backend.CachedLayers;
import dev.clusca.model.TokenStream;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * The Taylor ladders of one stream in one run: for every layer's attention and MLP, {@code order + 1} planes of features before the gate. Plane 0 is the last feature, plane i its i-th
 * backward difference.
 */
final class Ladders {
    private final @Nullable Tensor feature;
    private final CachedLayers layers;

    /** @param type storage type of the planes; sums over them run in float32 */
    Ladders(TokenStream stream, int order, DType type, Arena arena) {
        Backend backend = stream.backend();
        Shape plane = stream.x().shape();
        Shape all = Shape.of(stream.layers(), order + 1L, plane.dim(0), plane.dim(1), plane.dim(2));
        layers = stream.cachedLayers(backend.allocate(arena, type, all), backend.allocate(arena, type, all));
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

    /** Working memory for a module's output on its way into a ladder, F32 {@code [R, N, C]}; null where a ladder is one plane, which takes the output directly. */
    @Nullable
    Tensor feature() {
        return feature;
    }
}
