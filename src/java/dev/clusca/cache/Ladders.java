package dev.clusca.cache;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.model.dit.DitForward;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The Taylor ladders of one run: for every layer's attention and MLP, {@code order + 1} planes of features before the gate. Plane 0 is the last feature, plane i its i-th
 * backward difference.
 */
final class Ladders {
    private final Ops ops;
    private final StepTable steps;
    private final @Nullable Tensor feature;
    private final List<Tensor> attention = new ArrayList<>();
    private final List<Tensor> mlp = new ArrayList<>();

    /** @param type storage type of the planes; sums over them run in float32 */
    Ladders(DitForward pass, int order, DType type, StepTable steps, Arena arena) {
        Backend backend = pass.model().backend();
        this.ops = backend.ops();
        this.steps = steps;
        Shape plane = pass.x().shape();
        Shape ladder = Shape.of(order + 1L, plane.dim(0), plane.dim(1), plane.dim(2));
        for (int layer = 0; layer < pass.model().config().depth(); layer++) {
            attention.add(backend.allocate(arena, type, ladder));
            mlp.add(backend.allocate(arena, type, ladder));
        }
        feature = order == 0 ? null : backend.allocate(arena, DType.F32, plane);
    }

    Tensor attention(int layer) {
        return attention.get(layer);
    }

    Tensor mlp(int layer) {
        return mlp.get(layer);
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
