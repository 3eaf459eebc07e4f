package dev.clusca.bindings.dnn;

import static java.lang.foreign.ValueLayout.ADDRESS;

import dev.clusca.bindings.CublasLtLibrary;
import dev.clusca.bindings.CudnnLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.bindings.cublaslt.CublasLt;
import dev.clusca.bindings.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** cuDNN on the CUDA context that is current where it is made, enqueueing in one stream. */
public final class CudnnHandle implements CudnnTarget, AutoCloseable {
    private static final int CUDA_MAJOR = 1000;

    private final MemorySegment handle;
    private boolean closed;

    /**
     * @param stream the driver's {@code CUstream}, of the current context
     * @throws NativeUnavailableException if cuDNN, or cuBLASLt of the same CUDA version, cannot be loaded
     * @throws CudnnException if no GPU can be used
     */
    public CudnnHandle(long stream) {
        requireLibraries();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            CudnnException.check(Cudnn.cudnnCreate(out), "cudnnCreate", "the current context");
            handle = out.get(ADDRESS, 0);
        }
        try {
            CudnnException.check(
                    Cudnn.cudnnSetStream(handle, MemorySegment.ofAddress(stream)),
                    "cudnnSetStream",
                    "the stream 0x" + Long.toHexString(stream));
        } catch (CudnnException e) {
            close();
            throw e;
        }
    }

    /**
     * Returns if a handle can be made as far as libraries go. cuDNN loads cuBLASLt by name when its first handle is made, and ends the process if there is none: so it is loaded before.
     *
     * @throws NativeUnavailableException if cuDNN, or cuBLASLt of the same CUDA version, cannot be loaded
     */
    public static void requireLibraries() {
        CudnnLibrary.gate().ensureAvailable();
        CublasLtLibrary.gate().ensureAvailable();
        long dnn = Cudnn.cudnnGetCudartVersion() / CUDA_MAJOR;
        long blas = CublasLt.cublasLtGetCudartVersion() / CUDA_MAJOR;
        if (dnn != blas) {
            throw new NativeUnavailableException(
                    CudnnLibrary.gate().origin() + " is made for CUDA " + dnn + ", and "
                            + CublasLtLibrary.gate().origin() + " is of CUDA " + blas,
                    "both of one major version",
                    "install cuDNN 9 for CUDA " + blas + " (or: pip install nvidia-cudnn-cu" + blas + ")",
                    null);
        }
    }

    MemorySegment handle() {
        if (closed) {
            throw new IllegalStateException("this cuDNN handle was closed; make another");
        }
        return handle;
    }

    /** Waits for the device. Closing again does nothing. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Cudnn.cudnnDestroy(handle);
        }
    }
}
