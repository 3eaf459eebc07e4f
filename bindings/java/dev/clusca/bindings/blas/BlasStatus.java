package dev.clusca.bindings.blas;

/** What the status codes of cuBLAS and cuBLASLt mean ({@code cublasStatus_t}), and what to do. */
enum BlasStatus {
    CUBLAS_STATUS_SUCCESS(0, "the call was done", "do nothing"),
    CUBLAS_STATUS_NOT_INITIALIZED(
            1,
            "the library could not be initialised, or there is no driver, GPU or memory for it",
            "check nvidia-smi: the driver must be as new as the library"),
    CUBLAS_STATUS_ALLOC_FAILED(3, "there is no memory for it", "free memory of the GPU or use a smaller batch"),
    CUBLAS_STATUS_INVALID_VALUE(
            7, "an argument is not one that it takes", "tell the authors of clusca, with these arguments"),
    CUBLAS_STATUS_ARCH_MISMATCH(
            8, "this GPU cannot do it", "use clusca's own kernels, -Dclusca.cuda.gemm=own, or a newer GPU"),
    CUBLAS_STATUS_MAPPING_ERROR(11, "memory of the GPU could not be reached", "start the program again"),
    CUBLAS_STATUS_EXECUTION_FAILED(
            13,
            "its kernel could not be launched, or failed",
            "start the program again; run compute-sanitizer over it"),
    CUBLAS_STATUS_INTERNAL_ERROR(14, "something in it failed", "install the newest release of the library"),
    CUBLAS_STATUS_NOT_SUPPORTED(
            15,
            "it has no algorithm for these types, extents and addresses",
            "use clusca's own kernels, -Dclusca.cuda.gemm=own"),
    CUBLAS_STATUS_LICENSE_ERROR(16, "it lacks a licence for this", "read the licence of the library");

    private final int code;
    private final String meaning;
    private final String remedy;

    BlasStatus(int code, String meaning, String remedy) {
        this.code = code;
        this.meaning = meaning;
        this.remedy = remedy;
    }

    int code() {
        return code;
    }

    String meaning() {
        return meaning;
    }

    String remedy() {
        return remedy;
    }
}
