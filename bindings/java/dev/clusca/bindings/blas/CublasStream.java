package dev.clusca.bindings.blas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.clusca.bindings.Calls;
import dev.clusca.bindings.CublasLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** {@code cublasSetStream} of cuBLAS 12: JCublas takes streams that JCuda created, and no others. */
public final class CublasStream {
    private CublasStream() {}

    /** Touched when it is first needed. */
    private static final class Holder {
        static final MethodHandle SET =
                CublasLibrary.gate().downcall("cublasSetStream_v2", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    }

    /**
     * Lets a handle enqueue in a stream. It forgets the workspace that was set.
     *
     * @param handle a {@code cublasHandle_t}
     * @param stream a {@code CUstream}
     * @throws BlasException if cuBLAS refuses
     */
    public static void set(long handle, long stream) {
        int status;
        try {
            status = (int) Holder.SET.invokeExact(MemorySegment.ofAddress(handle), MemorySegment.ofAddress(stream));
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
        BlasException.check(status, "cublasSetStream", "a handle");
    }
}
