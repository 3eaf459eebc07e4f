package dev.clusca.backend.cuda;

import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Copies between Java's memory and the device through two halves of pinned memory: while one half travels, the other is filled or emptied. The context must be current.
 */
final class Staging implements AutoCloseable {
    /** Long enough that starting a copy is nothing beside it. */
    private static final long HALF_BYTES = 2 << 20;

    private final CudaQueue queue;
    private final Arena arena = Arena.ofShared();
    private @Nullable Half one;
    private @Nullable Half other;
    private boolean turn;

    /** @param done the last copy from or to it */
    private record Half(MemorySegment memory, CudaEvent done) {}

    Staging(CudaQueue queue) {
        this.queue = queue;
    }

    /** Enqueues a copy to the device; the source may change as soon as this returns. */
    void write(Tensor target, MemorySegment source) {
        queue.requireNoCapture("write", "write before the capture; a step's own scalars come from the step table");
        CudaDriver driver = queue.context().driver();
        long bytes = source.byteSize();
        for (long at = 0; at < bytes; at += HALF_BYTES) {
            long part = Math.min(HALF_BYTES, bytes - at);
            Half half = next();
            half.done.synchronize();
            MemorySegment.copy(source, at, half.memory, 0, part);
            driver.copyToDeviceAsync(
                    target.address() + at,
                    half.memory.address(),
                    part,
                    queue.stream().handle());
            half.done.record(queue.stream());
        }
    }

    /** Copies from the device after all that is enqueued. */
    void read(Tensor source, MemorySegment target) {
        queue.requireNoCapture("read", "read after the graph was launched");
        CudaDriver driver = queue.context().driver();
        long bytes = target.byteSize();
        Half previous = null;
        for (long at = 0; at < bytes; at += HALF_BYTES) {
            Half half = next();
            driver.copyToHostAsync(
                    half.memory.address(),
                    source.address() + at,
                    Math.min(HALF_BYTES, bytes - at),
                    queue.stream().handle());
            half.done.record(queue.stream());
            if (previous != null) {
                empty(previous, target, at - HALF_BYTES);
            }
            previous = half;
        }
        if (previous != null) {
            empty(previous, target, (bytes - 1) / HALF_BYTES * HALF_BYTES);
        }
    }

    private static void empty(Half half, MemorySegment target, long at) {
        half.done.synchronize();
        MemorySegment.copy(half.memory, 0, target, at, Math.min(HALF_BYTES, target.byteSize() - at));
    }

    private Half next() {
        turn = !turn;
        Half half = turn ? one : other;
        if (half == null) {
            half = new Half(
                    queue.context().pinned(arena, HALF_BYTES), queue.context().event(false));
            if (turn) {
                one = half;
            } else {
                other = half;
            }
        }
        return half;
    }

    @Override
    public void close() {
        if (one != null) {
            one.done.close();
        }
        if (other != null) {
            other.done.close();
        }
        arena.close();
    }
}
