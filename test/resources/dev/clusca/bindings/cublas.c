// A stand-in for libcublas.so.12 that computes in host memory what NVIDIA documents of cublasGemmEx for float32 sums: column-major, op(A) op(B). The other functions that JCublas imports are defined beside it
// as answering CUBLAS_STATUS_NOT_SUPPORTED; a function that is missing would end the process when it is called.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, NOT_SUPPORTED = 15 };
enum { R_32F = 0, R_16BF = 14, COMPUTE_32F = 68, OP_N = 0, OP_T = 1 };

typedef struct { void* stream; void* workspace; size_t bytes; } Handle;

int cublasCreate_v2(Handle** out) {
    if (getenv("STANDIN_NO_GPU")) {
        return NOT_INITIALIZED;
    }
    *out = calloc(1, sizeof **out);
    return SUCCESS;
}

int cublasDestroy_v2(Handle* handle) {
    printf("destroyed\n");
    fflush(stdout);
    free(handle);
    return SUCCESS;
}

// A new stream takes the default workspace back.
int cublasSetStream_v2(Handle* handle, void* stream) {
    *handle = (Handle){stream, 0, 0};
    return SUCCESS;
}

int cublasSetWorkspace_v2(Handle* handle, void* workspace, size_t bytes) {
    handle->workspace = workspace, handle->bytes = bytes;
    return SUCCESS;
}

static float number(const void* p, int type, int64_t at) {
    if (type == R_32F) {
        return ((const float*)p)[at];
    }
    const uint32_t bits = (uint32_t)((const uint16_t*)p)[at] << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

int cublasGemmEx(Handle* handle, int transA, int transB, int m, int n, int k, const float* alpha, const void* A, int typeA, int lda, const void* B, int typeB, int ldb,
                 const float* beta, float* C, int typeC, int ldc, int compute, int algorithm) {
    printf("stream %p, workspace of %zu bytes, compute type %d, algorithm %d\n", handle->stream, handle->bytes, compute, algorithm);
    fflush(stdout);
    if (typeA != typeB || (typeA != R_32F && typeA != R_16BF) || typeC != R_32F || compute != COMPUTE_32F) {
        return NOT_SUPPORTED;
    }
    if (m < 0 || n < 0 || k < 0 || lda < (transA == OP_N ? m : k) || ldb < (transB == OP_N ? k : n) || ldc < m || !handle->workspace || *alpha != 1 || *beta != 0) {
        return INVALID_VALUE;
    }
    for (int column = 0; column < n; column++) {
        for (int row = 0; row < m; row++) {
            double sum = 0;
            for (int i = 0; i < k; i++) {
                sum += (double)number(A, typeA, transA == OP_N ? (int64_t)i * lda + row : (int64_t)row * lda + i) *
                       number(B, typeB, transB == OP_N ? (int64_t)column * ldb + i : (int64_t)i * ldb + column);
            }
            C[(int64_t)column * ldc + row] = sum;
        }
    }
    return SUCCESS;
}
