package dev.clusca.backend.cuda;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Device memory that operations need beside their arguments. Work of one stream runs in order, so operations share it, but for flags.
 *
 * <p>It grows when an operation needs more, by half at least, and never within a capture. Memory that became too small is kept until the backend is closed: graphs that were captured with it go on
 * using it.
 */
final class Scratch implements AutoCloseable {
    private final CudaQueue queue;
    private final Arena arena = Arena.ofShared();
    private final Area floats = new Area("scratch", DType.F32, false);
    private final Map<String, Area> flags = new HashMap<>();

    Scratch(CudaQueue queue) {
        this.queue = queue;
    }

    /** Memory for so many floats; contents are undefined. */
    Tensor floats(String operation, long count) {
        return floats.take(operation, count);
    }

    /** Memory of this operation alone for so many words, zero before their first use. It finds there what it left itself: k-means leaves words that a product would take for arrivals. */
    Tensor flags(String operation, long count) {
        return flags.computeIfAbsent(operation, _ -> new Area("flags", DType.I32, true))
                .take(operation, count);
    }

    /** Memory for an operation's own constants, kept until the backend is closed. */
    Tensor kept(String operation, DType dtype, Shape shape) {
        requireNoCapture(operation);
        return queue.context().memory().allocate(arena, dtype, shape);
    }

    private void requireNoCapture(String operation) {
        queue.requireNoCapture(
                "the device memory that " + operation + " needs",
                "run " + operation + " once with these extents before the capture");
    }

    @Override
    public void close() {
        arena.close();
    }

    private final class Area {
        private final String purpose;
        private final DType dtype;
        private final boolean zeroed;
        private @Nullable Tensor tensor;

        Area(String purpose, DType dtype, boolean zeroed) {
            this.purpose = purpose;
            this.dtype = dtype;
            this.zeroed = zeroed;
        }

        Tensor take(String operation, long count) {
            Tensor now = tensor;
            long had = now == null ? 0 : now.shape().elements();
            if (now != null && count <= had) {
                return now;
            }
            requireNoCapture(operation + " as " + purpose);
            Tensor larger = queue.context().memory().allocate(arena, dtype, Shape.of(Math.max(count, had + had / 2)));
            if (zeroed) {
                queue.stream().fill(larger, (byte) 0);
            }
            tensor = larger;
            return larger;
        }
    }
}
