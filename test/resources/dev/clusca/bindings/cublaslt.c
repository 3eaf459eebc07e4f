// A stand-in for libcublasLt that computes in host memory what NVIDIA documents (docs.nvidia.com/cuda/cublas, "Using the cuBLASLt API", and cublasLt.h): column-major layouts, op(A) op(B), epilogues,
// and which combinations of types, computation and bias there are. What a caller gets wrong is answered with the status that cuBLASLt documents for it. An algorithm serves the problem that it was found
// for and no other, at addresses aligned as the preference promised, and writes all over the workspace that it asked for.
//
// Tests ask it for what it saw (standin_*), and can make a function fail.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, NOT_SUPPORTED = 15 };
enum { R_32F = 0, R_16BF = 14, COMPUTE_32F = 68, OP_N = 0, OP_T = 1 };
enum { EPILOGUE_DEFAULT = 1, EPILOGUE_BIAS = 4, EPILOGUE_GELU = 32, EPILOGUE_GELU_BIAS = 36 };
enum { WORKSPACE = 4096, MAGIC = 0x15a1 };

typedef struct { int type; uint64_t rows, columns; int64_t leading; } Layout;
typedef struct { int compute, scale, transA, transB, epilogue, biasType; const void* bias; } Description;
typedef struct { uint64_t workspace; uint32_t align[4]; } Preference;
// cublasLtMatmulAlgo_t: 64 bytes that are the library's own affair.
typedef struct { uint32_t magic, epilogue; uint64_t m, n, k; uint16_t types[3]; uint16_t biasType; uint32_t align[3]; uint32_t workspace; uint64_t unused; } Algorithm;
typedef struct { Algorithm algorithm; size_t workspace; int state; float waves; int reserved[4]; } Result;
_Static_assert(sizeof(Algorithm) == 64, "cublasLtMatmulAlgo_t");
_Static_assert(sizeof(Result) == 96, "cublasLtMatmulHeuristicResult_t");

// ---- what tests ask and set

static int64_t heuristics, products, alive;
static uint64_t lastStream, lastWorkspace;
static char failing[64];
static int failure;

int64_t standin_heuristics(void) { return heuristics; }
int64_t standin_products(void) { return products; }
int64_t standin_alive(void) { return alive; }
int64_t standin_stream(void) { return (int64_t)lastStream; }
int64_t standin_workspace(void) { return (int64_t)lastWorkspace; }

// From now on the function returns this status; "none" finds no algorithm.
void standin_fail(const char* function, int status) {
    strncpy(failing, function, sizeof failing - 1);
    failure = status;
}

#define FAILS(name)                      \
    if (strcmp(failing, #name) == 0) {   \
        return failure;                  \
    }

// ---- objects

size_t cublasLtGetVersion(void) { return 130101; }

static int make(void** out, size_t bytes) {
    if (!out) {
        return INVALID_VALUE;
    }
    *out = calloc(1, bytes);
    alive++;
    return SUCCESS;
}

static int drop(void* object) {
    if (!object) {
        return INVALID_VALUE;
    }
    free(object);
    alive--;
    return SUCCESS;
}

int cublasLtCreate(void** out) {
    FAILS(cublasLtCreate)
    return make(out, 8);
}
int cublasLtDestroy(void* handle) { return drop(handle); }

int cublasLtMatmulDescCreate(Description** out, int compute, int scale) {
    FAILS(cublasLtMatmulDescCreate)
    int status = make((void**)out, sizeof **out);
    if (status == SUCCESS) {
        (*out)->compute = compute, (*out)->scale = scale, (*out)->epilogue = EPILOGUE_DEFAULT, (*out)->biasType = -1;
    }
    return status;
}
int cublasLtMatmulDescDestroy(Description* d) { return drop(d); }

int cublasLtMatmulDescSetAttribute(Description* d, int attribute, const void* value, size_t bytes) {
    FAILS(cublasLtMatmulDescSetAttribute)
    int* word;
    switch (attribute) {
        case 3: word = &d->transA; break;
        case 4: word = &d->transB; break;
        case 7: word = &d->epilogue; break;
        case 26: word = &d->biasType; break;
        case 8:
            if (bytes != sizeof d->bias) {
                return INVALID_VALUE;
            }
            memcpy(&d->bias, value, bytes);
            return SUCCESS;
        default: return INVALID_VALUE;
    }
    if (bytes != sizeof *word) {
        return INVALID_VALUE;
    }
    memcpy(word, value, bytes);
    return SUCCESS;
}

int cublasLtMatrixLayoutCreate(Layout** out, int type, uint64_t rows, uint64_t columns, int64_t leading) {
    FAILS(cublasLtMatrixLayoutCreate)
    int status = make((void**)out, sizeof **out);
    if (status == SUCCESS) {
        **out = (Layout){type, rows, columns, leading};
    }
    return status;
}
int cublasLtMatrixLayoutDestroy(Layout* l) { return drop(l); }

int cublasLtMatmulPreferenceCreate(Preference** out) {
    int status = make((void**)out, sizeof **out);
    if (status == SUCCESS) {
        **out = (Preference){0, {256, 256, 256, 256}};
    }
    return status;
}
int cublasLtMatmulPreferenceDestroy(Preference* p) { return drop(p); }

int cublasLtMatmulPreferenceSetAttribute(Preference* p, int attribute, const void* value, size_t bytes) {
    if (attribute == 1 && bytes == 8) {
        memcpy(&p->workspace, value, 8);
    } else if (attribute >= 5 && attribute <= 8 && bytes == 4) {
        memcpy(&p->align[attribute - 5], value, 4);
    } else {
        return INVALID_VALUE;
    }
    return SUCCESS;
}

// ---- the problem

static int hasBias(const Description* d) { return d->epilogue == EPILOGUE_BIAS || d->epilogue == EPILOGUE_GELU_BIAS; }

// The problem's extents and whether there is such a product at all.
static int problem(const Description* d, const Layout* a, const Layout* b, const Layout* c, const Layout* out, Algorithm* p) {
    if (!d || !a || !b || !c || !out || a->leading < (int64_t)a->rows || b->leading < (int64_t)b->rows || out->leading < (int64_t)out->rows) {
        return INVALID_VALUE;
    }
    const uint64_t m = d->transA == OP_N ? a->rows : a->columns, k = d->transA == OP_N ? a->columns : a->rows;
    const uint64_t depth = d->transB == OP_N ? b->rows : b->columns, n = d->transB == OP_N ? b->columns : b->rows;
    if (m != out->rows || n != out->columns || k != depth || memcmp(c, out, sizeof *c) != 0) {
        return INVALID_VALUE;
    }
    const int types = a->type == b->type && ((a->type == R_32F && out->type == R_32F) || (a->type == R_16BF && (out->type == R_16BF || out->type == R_32F)));
    const int known = d->epilogue == EPILOGUE_DEFAULT || d->epilogue == EPILOGUE_GELU || hasBias(d);
    if (!types || !known || d->compute != COMPUTE_32F || d->scale != R_32F || (hasBias(d) && d->biasType != -1 && d->biasType != out->type)) {
        return NOT_SUPPORTED;
    }
    if (hasBias(d) && !d->bias) {
        return INVALID_VALUE;
    }
    *p = (Algorithm){MAGIC, d->epilogue, m, n, k, {a->type, b->type, out->type}, hasBias(d), {0}, 0, 0};
    return SUCCESS;
}

int cublasLtMatmulAlgoGetHeuristic(void* handle, const Description* d, const Layout* a, const Layout* b, const Layout* c, const Layout* out, const Preference* preference,
                                   int wanted, Result* results, int* found) {
    FAILS(cublasLtMatmulAlgoGetHeuristic)
    if (!handle || !preference || wanted < 1 || !results || !found) {
        return INVALID_VALUE;
    }
    heuristics++;
    memset(results, 0, sizeof *results);
    *found = 0;
    int status = problem(d, a, b, c, out, &results->algorithm);
    if (status != SUCCESS) {
        return status;
    }
    if (strcmp(failing, "none") == 0) {
        return SUCCESS;
    }
    results->algorithm.align[0] = preference->align[0];
    results->algorithm.align[1] = preference->align[1];
    results->algorithm.align[2] = preference->align[3];
    results->workspace = results->algorithm.workspace = preference->workspace < WORKSPACE ? 0 : WORKSPACE;
    *found = 1;
    return SUCCESS;
}

// ---- the product

static float number(const void* p, int type, uint64_t at) {
    if (type == R_32F) {
        return ((const float*)p)[at];
    }
    const uint32_t bits = (uint32_t)((const uint16_t*)p)[at] << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static void store(void* p, int type, uint64_t at, float value) {
    if (type == R_32F) {
        ((float*)p)[at] = value;
        return;
    }
    uint32_t bits;
    memcpy(&bits, &value, 4);
    ((uint16_t*)p)[at] = isnan(value) ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

int cublasLtMatmul(void* handle, const Description* d, const float* alpha, const void* A, const Layout* a, const void* B, const Layout* b, const float* beta, const void* C,
                   const Layout* c, void* D, const Layout* out, const Algorithm* algorithm, void* workspace, size_t workspaceBytes, void* stream) {
    FAILS(cublasLtMatmul)
    Algorithm p;
    int status = handle && A && B && C && D && alpha && beta ? problem(d, a, b, c, out, &p) : INVALID_VALUE;
    if (status != SUCCESS) {
        return status;
    }
    // This one knows neither accumulation nor scaling.
    if (*alpha != 1 || *beta != 0 || C != D || !algorithm || algorithm->magic != MAGIC) {
        return INVALID_VALUE;
    }
    memcpy(p.align, algorithm->align, sizeof p.align);
    p.workspace = algorithm->workspace;
    if (memcmp(&p, algorithm, sizeof p) != 0 || (uintptr_t)A % p.align[0] || (uintptr_t)B % p.align[1] || (uintptr_t)D % p.align[2]) {
        return INVALID_VALUE;
    }
    if (workspaceBytes < p.workspace || (p.workspace && (!workspace || (uintptr_t)workspace % 256))) {
        return INVALID_VALUE;
    }
    memset(workspace, 0xa5, p.workspace);
    for (uint64_t column = 0; column < p.n; column++) {
        for (uint64_t row = 0; row < p.m; row++) {
            double sum = 0;
            for (uint64_t k = 0; k < p.k; k++) {
                const uint64_t i = d->transA == OP_N ? k * a->leading + row : row * a->leading + k;
                const uint64_t j = d->transB == OP_N ? column * b->leading + k : k * b->leading + column;
                sum += (double)number(A, a->type, i) * number(B, b->type, j);
            }
            if (hasBias(d)) {
                sum += number(d->bias, out->type, row);
            }
            if (d->epilogue == EPILOGUE_GELU || d->epilogue == EPILOGUE_GELU_BIAS) {
                sum = 0.5 * sum * (1 + tanh(0.7978845608028654 * (sum + 0.044715 * sum * sum * sum)));
            }
            store(D, out->type, column * out->leading + row, (float)sum);
        }
    }
    products++;
    lastStream = (uint64_t)(uintptr_t)stream;
    lastWorkspace = (uint64_t)(uintptr_t)workspace;
    return SUCCESS;
}

// ---- functions that clusca's bindings name and never call

#define UNUSED(name) \
    int name(void) { return NOT_SUPPORTED; }
UNUSED(cublasLtGetCudartVersion)
UNUSED(cublasLtGetProperty)
UNUSED(cublasLtGetStatusName)
UNUSED(cublasLtGetStatusString)
UNUSED(cublasLtHeuristicsCacheSetCapacity)
UNUSED(cublasLtMatmulAlgoCapGetAttribute)
UNUSED(cublasLtMatmulAlgoCheck)
UNUSED(cublasLtMatmulAlgoConfigGetAttribute)
UNUSED(cublasLtMatmulAlgoConfigSetAttribute)
UNUSED(cublasLtMatmulAlgoGetIds)
UNUSED(cublasLtMatmulAlgoInit)
UNUSED(cublasLtMatmulDescGetAttribute)
UNUSED(cublasLtMatmulPreferenceGetAttribute)
UNUSED(cublasLtMatrixLayoutGetAttribute)
UNUSED(cublasLtMatrixLayoutSetAttribute)
UNUSED(cublasLtMatrixTransform)
UNUSED(cublasLtMatrixTransformDescCreate)
UNUSED(cublasLtMatrixTransformDescDestroy)
UNUSED(cublasLtMatrixTransformDescSetAttribute)
