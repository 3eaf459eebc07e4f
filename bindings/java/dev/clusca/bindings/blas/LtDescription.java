package dev.clusca.bindings.blas;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.cublaslt.CublasLt;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A {@code cublasLtMatmulDesc_t}: how a product computes, and what it does to its sums. */
final class LtDescription implements AutoCloseable {
    private final LtFunctions functions;
    private final String purpose;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment description;
    private final MemorySegment bias = arena.allocate(JAVA_LONG);
    private long biasAddress;

    /**
     * The first matrix is taken transposed, the second as it is. Sums are of float32 whatever the inputs: with CUBLAS_COMPUTE_32F cuBLASLt does not round float32 to TF32, which
     * CUBLAS_COMPUTE_32F_FAST_TF32 asks for.
     */
    LtDescription(LtFunctions functions, LtShape shape) {
        this.functions = functions;
        purpose = shape.toString();
        description = LtHandle.created(
                "cublasLtMatmulDescCreate",
                purpose,
                out -> functions.descriptionCreate(out, CublasLt.CUBLAS_COMPUTE_32F(), CublasLt.CUDA_R_32F()));
        try {
            set(CublasLt.CUBLASLT_MATMUL_DESC_TRANSA(), CublasLt.CUBLAS_OP_T());
            set(CublasLt.CUBLASLT_MATMUL_DESC_TRANSB(), CublasLt.CUBLAS_OP_N());
            set(CublasLt.CUBLASLT_MATMUL_DESC_EPILOGUE(), shape.epilogue().code());
            if (shape.epilogue().hasBias()) {
                set(
                        CublasLt.CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE(),
                        shape.output().code());
            }
        } catch (BlasException e) {
            close();
            throw e;
        }
    }

    private void set(int attribute, int value) {
        try (Arena once = Arena.ofConfined()) {
            set(attribute, once.allocateFrom(JAVA_INT, value));
        }
    }

    private void set(int attribute, MemorySegment value) {
        BlasException.check(
                functions.descriptionSet(description, attribute, value, value.byteSize()),
                "cublasLtMatmulDescSetAttribute",
                purpose);
    }

    /** The bias of what is enqueued from now on. */
    void bias(long address) {
        if (address != biasAddress) {
            bias.set(JAVA_LONG, 0, address);
            set(CublasLt.CUBLASLT_MATMUL_DESC_BIAS_POINTER(), bias);
            biasAddress = address;
        }
    }

    MemorySegment segment() {
        return description;
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            functions.descriptionDestroy(description);
            arena.close();
        }
    }
}
