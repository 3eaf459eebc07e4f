package dev.clusca.backend.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.clusca.backend.BackendException;
import dev.clusca.backend.cuda.driver.JCudaHandles.Blas;
import dev.clusca.backend.cuda.driver.JCudaHandles.HostAddress;
import dev.clusca.bindings.JCudaNatives;
import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.bindings.blas.BlasException;
import dev.clusca.bindings.blas.CublasStream;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.function.IntSupplier;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;

/** Products by cuBLAS 12 through JCublas, for the device of the context that is current when it is made. Used by one thread at a time. */
public final class JCudaBlas implements AutoCloseable {
    private final Blas handle = new Blas();
    private final Arena arena = Arena.ofShared();
    private final HostAddress one =
            new HostAddress(arena.allocateFrom(JAVA_FLOAT, 1).address());
    private final HostAddress zero =
            new HostAddress(arena.allocateFrom(JAVA_FLOAT, 0).address());

    /**
     * Enqueues in a stream, with a workspace: cuBLAS's own would be allocated in the first call, which may not be captured.
     *
     * @param stream a {@code CUstream}
     * @param workspace address of so many bytes, at a multiple of 256, for products of this stream alone
     * @throws NativeUnavailableException if JCublas cannot be loaded
     * @throws BlasException if cuBLAS refuses
     */
    public JCudaBlas(long stream, long workspace, long workspaceBytes) {
        load();
        try {
            check("cublasCreate", "a handle", () -> JCublas2.cublasCreate(handle));
        } catch (BlasException e) {
            arena.close();
            throw e;
        }
        try {
            CublasStream.set(handle.raw(), stream);
            check(
                    "cublasSetWorkspace",
                    "a handle",
                    () -> JCublas2.cublasSetWorkspace(handle, new HostAddress(workspace), workspaceBytes));
        } catch (BlasException e) {
            close();
            throw e;
        }
    }

    /**
     * Loads JCublas and cuBLAS 12.
     *
     * @throws NativeUnavailableException if either cannot be had
     */
    public static void load() {
        try {
            JCudaJvm.require(
                    Runtime.version(), ManagementFactory.getRuntimeMXBean().getInputArguments());
        } catch (BackendException e) {
            throw new NativeUnavailableException(
                    String.valueOf(e.getMessage()),
                    "a JVM that JCuda can be trusted on",
                    "use clusca's own kernels, -Dclusca.cuda.gemm=own, or cuBLASLt",
                    e);
        }
        JCudaNatives.loadCublas(JCublas2::initialize);
    }

    /**
     * Enqueues the row-major product {@code out[M, N] = a[M, K] weight[N, K]^T}. cuBLAS is column-major and computes {@code out^T = weight a^T}, as {@link dev.clusca.bindings.blas.LtMatmul} explains. Sums are
     * of float32, and float32 operands are not rounded to TF32.
     *
     * @param narrow whether a and weight are BF16; else F32
     * @param out address of F32 {@code [M, N]}
     * @throws BlasException if cuBLAS refuses
     */
    public void multiply(int m, int n, int k, boolean narrow, long a, long weight, long out) {
        int type = narrow ? cudaDataType.CUDA_R_16BF : cudaDataType.CUDA_R_32F;
        check(
                "cublasGemmEx",
                "a product " + m + "x" + k + "x" + n + " of " + (narrow ? "BF16" : "F32"),
                () -> JCublas2.cublasGemmEx_new(
                        handle,
                        cublasOperation.CUBLAS_OP_T,
                        cublasOperation.CUBLAS_OP_N,
                        n,
                        m,
                        k,
                        one,
                        new HostAddress(weight),
                        type,
                        k,
                        new HostAddress(a),
                        type,
                        k,
                        zero,
                        new HostAddress(out),
                        cudaDataType.CUDA_R_32F,
                        n,
                        cublasComputeType.CUBLAS_COMPUTE_32F,
                        cublasGemmAlgo.CUBLAS_GEMM_DEFAULT));
    }

    /** Somebody else in this process may have switched JCublas's exceptions on, so both ways of telling a failure are understood. */
    private static void check(String function, String purpose, IntSupplier call) {
        int status;
        try {
            status = call.getAsInt();
        } catch (jcuda.CudaException e) {
            status = statusOf(e);
        }
        BlasException.check(status, function, purpose);
    }

    /** The message of JCublas's exceptions is the name of the status. */
    private static int statusOf(jcuda.CudaException e) {
        String name = String.valueOf(e.getMessage());
        for (int status = 1; status <= cublasStatus.CUBLAS_STATUS_NOT_SUPPORTED; status++) {
            if (name.equals(cublasStatus.stringFor(status))) {
                return status;
            }
        }
        throw new BackendException("JCublas failed: " + name, e);
    }

    /** Waits for the device. What a spoilt context held goes with it, so a refusal says nothing new. Closing again does nothing. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
            try {
                JCublas2.cublasDestroy(handle);
            } catch (jcuda.CudaException e) {
                // Somebody switched exceptions on.
            }
        }
    }
}
