/*
 * What the kernel families share, compiled anew for every level: rows of either type as float32, vectors of the level's width, and the scalars of the step.
 */
#ifndef CLUSCA_LEVEL_H
#define CLUSCA_LEVEL_H

#include "kernels.h"

#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#define CLUSCA_JOIN_(name, level) name##_##level
#define CLUSCA_JOIN(name, level) CLUSCA_JOIN_(name, level)
/* A kernel's name at the level being compiled: patch_embed_v4. */
#define KERNEL(name) CLUSCA_JOIN(name, LEVEL)

#define CLUSCA_DECLARE(name, parameters, arguments) int KERNEL(name) parameters;
CLUSCA_KERNELS(CLUSCA_DECLARE)
#undef CLUSCA_DECLARE

/*
 * How threads share rows: a few at a time to whoever is free, so that a thread whose core is busy elsewhere takes fewer and the others do not wait for it. What a thread
 * computes does not hang on who it is.
 */
#define SHARED schedule(dynamic, 8)

/* Elements below which waking the other threads costs more than it gains. */
#define PARALLEL 65536

/* Elements converted at a time: 2 KB of float32, a multiple of the 32 accumulators. */
enum { CHUNK = 512, ACCUMULATORS = 32 };

static inline int64_t at_most(int64_t value, int64_t limit) {
    return value < limit ? value : limit;
}

/* Whether `n` indices or labels all lie in least .. below - 1. */
static inline int index_status(const int32_t *index, int64_t n, int64_t least, int64_t below) {
    for (int64_t i = 0; i < n; i++) {
        if (index[i] < least || index[i] >= below) {
            return INDEX_OUTSIDE;
        }
    }
    return OK;
}

/* ---- bfloat16 */

static inline float widen(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* To nearest, ties to even; a NaN stays a NaN of its sign. */
static inline uint16_t narrow(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    uint32_t quiet = (bits >> 16) | 0x40;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
}

static inline int64_t type_bytes(int type) {
    return type == F32 ? 4 : 2;
}

static inline const void *element(const void *data, int type, int64_t at) {
    return (const char *)data + at * type_bytes(type);
}

/* `n` elements from `at` as float32: in place, or converted into `buffer`. */
static inline const float *load(const void *data, int type, int64_t at, int64_t n, float *buffer) {
    if (type == F32) {
        return (const float *)data + at;
    }
    const uint16_t *halves = (const uint16_t *)data + at;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        buffer[i] = widen(halves[i]);
    }
    return buffer;
}

/* `n` elements from `at` as float32 in `to`, even where they are float32 already. */
static inline void load_into(const void *data, int type, int64_t at, int64_t n, float *to) {
    const float *values = load(data, type, at, n, to);
    if (values != to) {
        memcpy(to, values, (size_t)n * sizeof(float));
    }
}

/* Where to put results for `at`: in place, or in `buffer`; store() completes it. */
static inline float *place(void *data, int type, int64_t at, float *buffer) {
    return type == F32 ? (float *)data + at : buffer;
}

static inline void store(void *data, int type, int64_t at, int64_t n, const float *values) {
    if (type == F32) {
        float *target = (float *)data + at;
        if (target != values) {
            memcpy(target, values, (size_t)n * sizeof(float));
        }
        return;
    }
    uint16_t *halves = (uint16_t *)data + at;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        halves[i] = narrow(values[i]);
    }
}

/* ---- sums in 32 accumulators */

/* An intrinsic over a whole vector, of the level's width. */
#if defined(__AVX512F__)
enum { LANES = 16 };
#define CLUSCA_WIDE(intrinsic) _mm512_##intrinsic
#else
enum { LANES = 8 };
#define CLUSCA_WIDE(intrinsic) _mm256_##intrinsic
#endif
enum { VECTORS = ACCUMULATORS / LANES };
typedef float vector __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t vector_bits __attribute__((vector_size(LANES * sizeof(float))));
typedef float loose_vector __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

/* 32 bits that are walked along, whatever they hold: a float32 or two bfloat16. */
typedef float word __attribute__((aligned(2), may_alias));

static inline vector load_vector(const float *from) {
    return *(const loose_vector *)from;
}

static inline vector all_lanes(const word *from) {
    return CLUSCA_WIDE(set1_ps)(*from);
}

static inline vector fma_vector(vector a, vector b, vector c) {
    return CLUSCA_WIDE(fmadd_ps)(a, b, c);
}

/* Whether the level multiplies bfloat16 as it is: c + a0 b0 + a1 b1 in each lane, where a and b hold pairs. Subnormals are taken for 0. */
#if defined(__AVX512BF16__)
enum { DOTS = 1 };

static inline vector dot_vector(vector a, vector b, vector c) {
    return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
}
#else
enum { DOTS = 0 };

static inline vector dot_vector(vector a, vector b, vector c) {
    return fma_vector(a, b, c);
}
#endif

/* Whether the level has AMX, whose products of bfloat16 take subnormals for 0 as well. */
#if defined(__AMX_BF16__)
#define TILES 1
#else
#define TILES 0
#endif

/* Elements at .. at + LANES - 1 as float32. */
static inline __attribute__((always_inline)) vector widen_vector(const void *data, int type, int64_t at) {
    if (type == F32) {
        return load_vector((const float *)data + at);
    }
    const void *halves = (const uint16_t *)data + at;
#if defined(__AVX512F__)
    return (vector)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(halves)), 16);
#else
    return (vector)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(halves)), 16);
#endif
}

static inline float widen_one(const void *data, int type, int64_t at) {
    return type == F32 ? ((const float *)data)[at] : widen(((const uint16_t *)data)[at]);
}

/* The same of the first `count` of them, with zeros after. */
static inline __attribute__((always_inline)) vector widen_some(const void *data, int type, int64_t at, int64_t count) {
#if defined(__AVX512F__)
    __mmask16 some = (__mmask16)((1 << count) - 1);
    if (type == F32) {
        return (vector)_mm512_maskz_loadu_ps(some, (const float *)data + at);
    }
    return (vector)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(some, (const uint16_t *)data + at)), 16);
#else
    float values[LANES] = {0};
    for (int64_t j = 0; j < count; j++) {
        values[j] = widen_one(data, type, at + j);
    }
    return load_vector(values);
#endif
}

/* To nearest, ties to even, as narrow(). */
static inline __attribute__((always_inline)) void store_vector(void *data, int type, int64_t at, vector values) {
    if (type == F32) {
        *(loose_vector *)((float *)data + at) = values;
        return;
    }
    vector_bits bits;
    memcpy(&bits, &values, sizeof bits);
    vector_bits rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    vector_bits quiet = (bits >> 16) | 0x40;
    vector_bits nan = (bits & 0x7fffffff) > 0x7f800000;
    vector_bits halves = ((rounded & ~nan) | (quiet & nan)) & 0xffff;
    void *target = (uint16_t *)data + at;
#if defined(__AVX512F__)
    _mm256_storeu_si256(target, _mm512_cvtepi32_epi16((__m512i)halves));
#else
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32((__m256i)halves, (__m256i)halves), 8);
    _mm_storeu_si128(target, _mm256_castsi256_si128(packed));
#endif
}

/* The same of what a product of a type gives; of pairs with DOTS, which takes subnormals for 0, in the processor's own way, which does so, too. */
static inline __attribute__((always_inline)) void store_product(int product, void *data, int type, int64_t at, vector values) {
#if defined(__AVX512BF16__)
    if (product == BF16 && type == BF16) {
        _mm256_storeu_si256((void *)((uint16_t *)data + at), (__m256i)_mm512_cvtneps_pbh(values));
        return;
    }
#endif
    (void)product;
    store_vector(data, type, at, values);
}

/* The same of two vectors that follow each other; with TILES in bfloat16 past the caches, if they are to: nobody's caches are asked for what is only overwritten. */
static inline __attribute__((always_inline)) void store_two(int product, int streams, void *data, int type, int64_t at, const vector v[2]) {
#if TILES
    void *to = (uint16_t *)data + at;
    if (streams && type == BF16 && product == BF16 && (uintptr_t)to % sizeof(vector) == 0) {
        _mm512_stream_si512(to, (__m512i)_mm512_cvtne2ps_pbh(v[1], v[0]));
        return;
    }
#endif
    (void)streams;
    store_product(product, data, type, at, v[0]);
    store_product(product, data, type, at + LANES, v[1]);
}

/* The same of the first `count` elements of a vector. */
static inline void store_some(void *data, int type, int64_t at, int64_t count, vector values) {
    float some[LANES];
    *(loose_vector *)some = values;
    store(data, type, at, count, some);
}

struct sum {
    vector part[VECTORS];
};

/* Adds element c to accumulator c mod 32; n is a multiple of 32 in all calls but the last. */
static inline void sum_add(struct sum *sum, const float *x, int64_t n) {
    int64_t c = 0;
    for (; c + ACCUMULATORS <= n; c += ACCUMULATORS) {
        for (int v = 0; v < VECTORS; v++) {
            sum->part[v] += load_vector(x + c + v * LANES);
        }
    }
    if (c < n) {
        float rest[ACCUMULATORS] = {0};
        memcpy(rest, x + c, (size_t)(n - c) * sizeof(float));
        for (int v = 0; v < VECTORS; v++) {
            sum->part[v] += load_vector(rest + v * LANES);
        }
    }
}

/* Accumulators j and j + 16, then 8, 4, 2, 1. In registers: a short row's fold would take longer than its sum. */
static inline float sum_fold(const struct sum *sum) {
#if defined(__AVX512F__)
    __m512 sixteen = (__m512)(sum->part[0] + sum->part[1]);
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(sixteen), _mm512_extractf32x8_ps(sixteen, 1));
#else
    __m256 eight = (__m256)((sum->part[0] + sum->part[2]) + (sum->part[1] + sum->part[3]));
#endif
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return two[0] + two[1];
}

/* ---- exp */

/*
 * exp(x) within 1 ulp: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 6 in r (Cephes' expf), times 2^n in two factors so that overflow gives
 * infinity and underflow zero. A NaN stays a NaN. Free of branches and calls, so that loops over it become vectors.
 */
static inline float exp_float(float x) {
    float clamped = x < -104.0f ? -104.0f : x;
    clamped = clamped > 89.0f ? 89.0f : clamped;
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, kept in the low bits */
    float shifted = __builtin_fmaf(clamped, 1.44269504088896341f, magic);
    int32_t n;
    memcpy(&n, &shifted, sizeof n);
    n -= 0x4b400000;
    float whole = shifted - magic;
    float r = __builtin_fmaf(whole, -0.693359375f, clamped);
    r = __builtin_fmaf(whole, 2.12194440e-4f, r);
    float p = 1.9875691500e-4f;
    p = __builtin_fmaf(p, r, 1.3981999507e-3f);
    p = __builtin_fmaf(p, r, 8.3334519073e-3f);
    p = __builtin_fmaf(p, r, 4.1665795894e-2f);
    p = __builtin_fmaf(p, r, 1.6666665459e-1f);
    p = __builtin_fmaf(p, r, 5.0000001201e-1f);
    p = __builtin_fmaf(p, r * r, r) + 1.0f;
    int32_t half = n >> 1;
    uint32_t first_bits = (uint32_t)(half + 127) << 23;
    uint32_t second_bits = (uint32_t)(n - half + 127) << 23;
    float first, second;
    memcpy(&first, &first_bits, sizeof first);
    memcpy(&second, &second_bits, sizeof second);
    return p * first * second;
}

/* ---- the step's scalars */

/* The row of the step that is running, or NULL if the cursor is outside the table. */
static inline const float *step_row(const struct steps *steps) {
    int32_t cursor = *steps->cursor;
    return cursor < 0 || cursor >= steps->count ? NULL : steps->rows + (int64_t)cursor * COLUMNS;
}

/* The number of terms in a table's column, 0 if it is not 1 .. min(planes, MAX_TERMS). */
static inline int64_t terms(const float *row, enum column column, int64_t planes) {
    float value = row[column];
    return value >= 1 && value <= MAX_TERMS && value <= (float)planes ? (int64_t)value : 0;
}

/* Checks the cursor and the conditions of R batch rows. */
static inline int modulation_status(const struct modulation *m, int64_t R) {
    if (!step_row(&m->steps)) {
        return CURSOR_OUTSIDE;
    }
    for (int64_t r = 0; r < R; r++) {
        if (m->conditions[r] < 0 || m->conditions[r] >= m->distinct) {
            return CONDITION_OUTSIDE;
        }
    }
    return OK;
}

/* Where a batch row's chunk begins in the table; checked by modulation_status. */
static inline int64_t modulation_at(const struct modulation *m, int64_t r, int chunk, int64_t C) {
    return (((int64_t)*m->steps.cursor * m->distinct + m->conditions[r]) * m->chunks + chunk) * C;
}

#endif
