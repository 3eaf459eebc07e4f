package dev.clusca.cache;

import dev.clusca.backend.Backend;
import dev.clusca.model.flux.FluxForward;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** The Taylor ladders of FLUX's single blocks, whose output is one feature a token. */
final class SingleLadders {
    private final FluxForward pass;
    private final FluxForward.Part part;
    private final int blocks;
    private final Tensor firsts;
    private final Tensor seconds;
    private final @Nullable Tensor feature;

    /**
     * @param part whose tokens are cached
     * @param type storage type of the planes; sums over them run in float32
     */
    SingleLadders(FluxForward pass, FluxForward.Part part, int order, DType type, Arena arena) {
        this.pass = pass;
        this.part = part;
        this.blocks = pass.model().config().depthSingleBlocks();
        Backend backend = pass.model().backend();
        Shape plane = Shape.of(1, pass.count(part), pass.model().config().hiddenSize());
        firsts =
                backend.allocate(arena, type, Shape.of(blocks - blocks / 2, order + 1L, 1, plane.dim(1), plane.dim(2)));
        seconds = backend.allocate(
                arena, type, Shape.of(Math.max(1, blocks / 2), order + 1L, 1, plane.dim(1), plane.dim(2)));
        feature = order == 0 ? null : backend.allocate(arena, DType.F32, plane);
    }

    private Tensor ladder(int layer) {
        return (layer % 2 == 0 ? firsts : seconds).slice(layer / 2);
    }

    /** Enqueues the end of a single block in a full step; other tokens than the cached ones pass it, too. */
    void add(int layer) {
        if (part == FluxForward.Part.IMAGE) {
            pass.addSingle(layer, FluxForward.Part.TEXT, null);
        }
        if (feature == null) {
            pass.addSingle(layer, part, ladder(layer).slice(0));
        } else {
            pass.addSingle(layer, part, feature, ladder(layer));
        }
    }

    /** Enqueues the forecasts of all blocks, one after the other. */
    void forecastEach() {
        for (int layer = 0; layer < blocks; layer++) {
            pass.forecastSingle(layer, part, ladder(layer));
        }
    }

    /** {@link #forecastEach} in one pass over the tokens, in which the blocks go in pairs. */
    void forecastAll() {
        int pairs = blocks / 2;
        if (pairs > 0) {
            pass.forecastPairs(part, firsts.rows(0, pairs), seconds);
        }
        if (blocks % 2 == 1) {
            pass.forecastSingle(blocks - 1, part, ladder(blocks - 1));
        }
    }
}
