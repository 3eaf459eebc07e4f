package dev.clusca.bindings.blas;

import java.util.Objects;

/** A function of cuBLAS or cuBLASLt refused: which, for what, with what status, what that means, and what to do. */
public final class BlasException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    private BlasException(String message, int status) {
        super(message);
        this.status = status;
    }

    /**
     * Returns if a status is success.
     *
     * @param status a {@code cublasStatus_t}
     * @param function that returned it
     * @param purpose for what it was called
     */
    public static void check(int status, String function, String purpose) {
        if (status != BlasStatus.CUBLAS_STATUS_SUCCESS.code()) {
            throw of(status, function, purpose);
        }
    }

    static BlasException of(int status, String function, String purpose) {
        String call = function + " for " + purpose + " returned status " + status;
        for (BlasStatus known : BlasStatus.values()) {
            if (known.code() == status) {
                return new BlasException(call + " (" + known + "): " + known.meaning() + "; " + known.remedy(), status);
            }
        }
        return new BlasException(
                call + ", which this version of clusca does not know; use its own kernels, -Dclusca.cuda.gemm=own",
                status);
    }

    /** The {@code cublasStatus_t}. */
    public int status() {
        return status;
    }

    /** Never null: every failure is told in words. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
