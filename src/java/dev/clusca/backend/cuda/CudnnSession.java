package dev.clusca.backend.cuda;

import dev.clusca.backend.BackendException;
import dev.clusca.bindings.CudnnLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.dnn.CudnnException;
import dev.clusca.bindings.dnn.CudnnHandle;
import dev.clusca.bindings.dnn.CudnnTensor;
import dev.clusca.bindings.dnn.CudnnType;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** cuDNN on a backend's stream: its handle, and what the operations on it share. The context must be current for plans and runs. */
final class CudnnSession implements AutoCloseable {
    private final CudaQueue queue;
    private final Scratch scratch;
    private final CudnnHandle handle;
    private final long version;
    private final int capability;

    /** @throws BackendException if cuDNN cannot be used, with the reason and the remedy */
    CudnnSession(CudaQueue queue, Scratch scratch) {
        this.queue = queue;
        this.scratch = scratch;
        CudaContext context = queue.context();
        capability = 10
                        * context.driver()
                                .deviceAttribute(context.device(), Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR())
                + context.driver()
                        .deviceAttribute(context.device(), Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR());
        try (CudaContext.Scope _ = context.enter()) {
            handle = new CudnnHandle(queue.stream().handle());
            version = CudnnLibrary.version();
        } catch (NativeUnavailableException | CudnnException e) {
            throw new BackendException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Why no session can be had in this process as far as libraries go, or nothing. */
    static Optional<NativeUnavailableException> refusal() {
        try {
            CudnnHandle.requireLibraries();
            return Optional.empty();
        } catch (NativeUnavailableException e) {
            return Optional.of(e);
        }
    }

    CudnnHandle handle() {
        return handle;
    }

    /** Of cuDNN, as in 92400. */
    long version() {
        return version;
    }

    /** Of the GPU, as in 90 for 9.0. */
    int capability() {
        return capability;
    }

    /**
     * The plan for a shape, made when the shape is met first.
     *
     * @throws BackendException if cuDNN makes none
     */
    <S, P> P plan(Map<S, P> plans, String operation, S shape, BiFunction<CudnnHandle, S, P> maker) {
        P known = plans.get(shape);
        if (known != null) {
            return known;
        }
        queue.requireNoCapture(
                "the plan that cuDNN makes for " + operation,
                "run " + operation + " once with these extents before the capture");
        P made = told(() -> maker.apply(handle, shape));
        plans.put(shape, made);
        return made;
    }

    /** Enqueues, and gives what cuDNN says as this backend's exception. */
    void run(Runnable work) {
        told(() -> {
            work.run();
            return true;
        });
    }

    private static <T> T told(Supplier<T> work) {
        try {
            return work.get();
        } catch (CudnnException e) {
            throw new BackendException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Device memory for this operation until the next one, from the backend's own; an address that suits any type. */
    long workspace(String operation, long bytes) {
        return bytes == 0
                ? 0
                : scratch.floats(operation, Math.ceilDiv(bytes, (long) DType.F32.bytes()))
                        .address();
    }

    /** The type as cuDNN has it, of a tensor of floats. */
    static CudnnType type(DType dtype) {
        return dtype == DType.BF16 ? CudnnType.BF16 : CudnnType.F32;
    }

    /** Whether these tensors lie where cuDNN takes them. */
    static boolean aligned(@Nullable Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (tensor != null && tensor.address() % CudnnTensor.ALIGNMENT != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        queue.context().free(handle::close);
    }
}
