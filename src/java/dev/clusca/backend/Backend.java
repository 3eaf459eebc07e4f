package dev.clusca.backend;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Memory and an ordered queue of work on one device.
 *
 * <p>Work is enqueued in program order and runs in that order, at some later time; methods of {@link Ops}, {@link #write} and {@link #mark} return before it
 * ran. Java sees contents only through {@link #read}, which waits. A failure of enqueued work surfaces in the next call that waits, and stays: every later call
 * fails with the same cause.
 *
 * <p>Memory lives as long as the arena that the caller gives. The arena must be usable from other threads ({@code Arena.ofShared()}, {@code ofAuto()} or
 * {@code global()}), and must not be closed before the work that uses it was waited for: what is still enqueued then fails. Closing it waits for work under way on memory that {@link #allocate}
 * and {@link #linear} gave, so that a program that leaves a block with an exception does no harm; memory of its own ({@link Tensor#of}) a program must keep until then by itself. A backend is used
 * by one thread at a time: give each thread its own, or let them take turns. What another thread asks of it while one records, or is in a call on a GPU, is refused with an
 * {@link IllegalStateException}.
 */
public interface Backend extends AutoCloseable {
    /** The name by which {@link Backends} opens it: {@code reference}, {@code cpu}, {@code cuda}, {@code cuda:naive}. */
    String name();

    /** One line for people: the device, its number of threads, the libraries and instruction sets in use. */
    String description();

    /** The operations, arguments checked. The same object on every call. */
    Ops ops();

    /**
     * Memory for a tensor; its contents are undefined. Aligned to 64 bytes at least.
     *
     * @throws BackendException if there is not enough memory: what was asked, what is free, and what to do
     */
    Tensor allocate(Arena arena, DType dtype, Shape shape);

    /**
     * A linear layer {@code y = a W^T + b} in the form that this backend multiplies fastest; weights are copied, the arguments are not kept. Waits.
     *
     * @param weight host memory, {@code [outputs, inputs]}, F32 or BF16; converted to {@code dtype} by rounding to nearest
     * @param bias host memory, F32 or BF16, {@code [outputs]}, or null; kept in float32
     * @param dtype the type that the layer multiplies in: F32 or BF16
     */
    Linear linear(Arena arena, Tensor weight, @Nullable Tensor bias, DType dtype);

    /** Enqueues a copy of host memory to a tensor. The source is copied before the call returns, and holds exactly {@link Tensor#bytes()}. */
    void write(Tensor target, MemorySegment source);

    /** A new F32 tensor with these numbers, as many as the shape has elements. Enqueued, as {@link #write}. */
    default Tensor upload(Arena arena, float[] values, Shape shape) {
        Tensor tensor = allocate(arena, DType.F32, shape);
        write(tensor, MemorySegment.ofArray(values));
        return tensor;
    }

    /** A new I32 tensor with these numbers; as {@link #upload(Arena, float[], Shape)}. */
    default Tensor upload(Arena arena, int[] values, Shape shape) {
        Tensor tensor = allocate(arena, DType.I32, shape);
        write(tensor, MemorySegment.ofArray(values));
        return tensor;
    }

    /** Waits for the work enqueued so far, then copies a tensor to host memory of exactly {@link Tensor#bytes()}. */
    void read(Tensor source, MemorySegment target);

    /** Enqueues a point in the queue that can be waited for and timed. */
    Mark mark();

    /** Makes ready what the first operation of each kind would make ready, so that a clock that is started now measures none of it. Waits, on a GPU for its driver's compiler. */
    default void prepare() {}

    /** Whether {@link Ops#prefixChain} is one kernel for these. Where it is not, whoever calls the operations that it is made of loses nothing, and a profile shows each of them. */
    default boolean hasPrefixChain(MlpChain chain, CachedLayers layers, PrefixState state) {
        return false;
    }

    /**
     * Notes the operations that the work enqueues, to enqueue them again and again; nothing of it runs now. Scalars that change come from a step table, so one recording serves every
     * step of its kind. Replaying makes no garbage where the backend can do so. The work neither allocates, reads, writes nor marks; its tensors must live for as long as it is replayed.
     */
    default Recording record(Runnable work) {
        return new Recording() {
            private boolean closed;

            @Override
            public void replay() {
                if (closed) {
                    throw new IllegalStateException(
                            "a recording was used after it was closed; keep it open for as long as it is in use");
                }
                work.run();
            }

            @Override
            public void close() {
                closed = true;
            }
        };
    }

    /**
     * What the device can do at most, whatever runs on it: measured, or as the hardware states it; nothing where that is not known. Waits, and may take a second.
     *
     * @param dtype the type that is multiplied: F32 or BF16
     */
    default Optional<DeviceLimits> limits(DType dtype) {
        return Optional.empty();
    }

    /**
     * Enqueues some tens of microseconds of the same computation every time, which touches no memory beyond a core's own caches: how long it takes tells how fast the device is at the moment.
     *
     * @return false if the backend has no such work
     */
    default boolean pulse() {
        return false;
    }

    /** Waits until all work enqueued so far is done. */
    default void synchronize() {
        mark().await();
    }

    /** Waits for enqueued work and frees what the backend itself holds; tensors belong to their arenas. Closing again does nothing. */
    @Override
    void close();

    /** A point in a backend's queue. */
    interface Mark {
        /**
         * Waits until all work before this point is done.
         *
         * @throws BackendException if some of it failed
         */
        void await();

        /** Milliseconds of device time between two reached points of the same backend. */
        double millisSince(Mark earlier);
    }

    /** Operations that were noted once; belongs to the backend that made it. */
    interface Recording extends AutoCloseable {
        /**
         * Enqueues the operations.
         *
         * @throws IllegalStateException if it was closed, or an arena was of what it uses
         */
        void replay();

        /** The GPU's kernels that it launches, in order; none where the backend has no kernels of a GPU. */
        default List<KernelUse> kernels() {
            return List.of();
        }

        /** Frees what it holds; work that was enqueued is not disturbed. Closing again does nothing. */
        @Override
        default void close() {}
    }
}
