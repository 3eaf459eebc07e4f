package dev.clusca.bindings.blas;

import dev.clusca.bindings.cublaslt.CublasLt;

/** What cuBLASLt does to the sums before it stores them. Its GELU is the one with tanh; it knows no SiLU. */
public enum LtEpilogue {
    NONE(false),
    BIAS(true),
    GELU(false),
    GELU_BIAS(true);

    private final boolean bias;

    LtEpilogue(boolean bias) {
        this.bias = bias;
    }

    /** Whether it adds a bias. */
    public boolean hasBias() {
        return bias;
    }

    /** The {@code cublasLtEpilogue_t}. */
    int code() {
        return switch (this) {
            case NONE -> CublasLt.CUBLASLT_EPILOGUE_DEFAULT();
            case BIAS -> CublasLt.CUBLASLT_EPILOGUE_BIAS();
            case GELU -> CublasLt.CUBLASLT_EPILOGUE_GELU();
            case GELU_BIAS -> CublasLt.CUBLASLT_EPILOGUE_GELU_BIAS();
        };
    }
}
