package dev.clusca.backend;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A shared arena for memory that enqueued work uses. Closing it waits for the backend's queue before the memory is freed, also when an exception ends the block that
 * enqueued the work: memory that is freed under work in flight costs the backend.
 *
 * {@snippet :
 * try (WorkArena work = new WorkArena(backend)) {
 *     Tensor x = backend.allocate(work.arena(), DType.F32, Shape.of(2, 256, 192));
 *     backend.ops().cast(y, x);
 * }
 * }
 */
public final class WorkArena implements AutoCloseable {
    private final Backend backend;
    private final Arena arena = Arena.ofShared();

    public WorkArena(Backend backend) {
        this.backend = backend;
    }

    /** Where to allocate. */
    public Arena arena() {
        return arena;
    }

    /** A tensor of zeros in it: memory that was written, so that no page is missing. */
    public Tensor zeros(DType dtype, long... extents) {
        Tensor tensor = backend.allocate(arena, dtype, Shape.of(extents));
        backend.write(tensor, MemorySegment.ofArray(new byte[Math.toIntExact(tensor.bytes())]));
        return tensor;
    }

    /**
     * Waits for the backend's queue and frees the memory. Closing again does nothing.
     *
     * @throws BackendException if enqueued work failed; the memory is freed all the same
     */
    @Override
    public void close() {
        if (!arena.scope().isAlive()) {
            return;
        }
        try {
            backend.synchronize();
        } finally {
            arena.close();
        }
    }
}
