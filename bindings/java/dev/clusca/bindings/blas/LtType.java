package dev.clusca.bindings.blas;

import dev.clusca.bindings.cublaslt.CublasLt;

/** The element types in use. */
public enum LtType {
    F32,
    BF16;

    /** The {@code cudaDataType_t}. */
    int code() {
        return switch (this) {
            case F32 -> CublasLt.CUDA_R_32F();
            case BF16 -> CublasLt.CUDA_R_16BF();
        };
    }
}
