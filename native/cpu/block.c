/*
 * The parts of a transformer block beside its matrix products: normalisation, the residual epilogue of a product, and attention's softmax.
 *
 * Each reads its input once from memory and writes its output once (later passes over a row find it in the first-level cache), so memory bounds all of them.
 */
#include "level.h"

#include <math.h>

/* One row of layer_norm_modulate, whose tensors lie in memory of these types. Passes over it: mean, variance around it, result. */
static inline __attribute__((always_inline)) void norm_row(const void *x, int x_type, int64_t at, int64_t C, const void *table, int table_type, int64_t shift_at,
        int64_t scale_at, float epsilon, void *out, int out_type) {
    int64_t whole = C - C % ACCUMULATORS;
    float rest[ACCUMULATORS];
    for (int64_t c = whole; c < C; c++) {
        rest[c - whole] = widen_one(x, x_type, at + c);
    }
    struct sum total = {0};
    for (int64_t c = 0; c < whole; c += ACCUMULATORS) {
        for (int v = 0; v < VECTORS; v++) {
            total.part[v] += widen_vector(x, x_type, at + c + v * LANES);
        }
    }
    sum_add(&total, rest, C - whole);
    float mean = sum_fold(&total) / (float)C;
    struct sum squares = {0};
    for (int64_t c = 0; c < whole; c += ACCUMULATORS) {
        for (int v = 0; v < VECTORS; v++) {
            vector difference = widen_vector(x, x_type, at + c + v * LANES) - mean;
            squares.part[v] += difference * difference;
        }
    }
    float rest_squares[ACCUMULATORS];
    for (int64_t k = 0; k < C - whole; k++) {
        rest_squares[k] = (rest[k] - mean) * (rest[k] - mean);
    }
    sum_add(&squares, rest_squares, C - whole);
    float inverse = 1.0f / sqrtf(sum_fold(&squares) / (float)C + epsilon);
    int64_t c = 0;
    for (; c + LANES <= C; c += LANES) {
        vector scale = 1.0f + widen_vector(table, table_type, scale_at + c);
        vector shift = widen_vector(table, table_type, shift_at + c);
        store_vector(out, out_type, at + c, (widen_vector(x, x_type, at + c) - mean) * inverse * scale + shift);
    }
    for (; c < C; c++) {
        float scale = 1.0f + widen_one(table, table_type, scale_at + c);
        float value = (widen_one(x, x_type, at + c) - mean) * inverse * scale + widen_one(table, table_type, shift_at + c);
        store(out, out_type, at + c, 1, &value);
    }
}

/* Bytes: x + out. */
int KERNEL(layer_norm_modulate)(const void *x, int x_type, int64_t R, int64_t T, int64_t C, const struct modulation *modulation, int shift, int scale,
        float epsilon, void *out, int out_type) {
    int status = modulation_status(modulation, R);
    if (status != OK) {
        return status;
    }
    const void *table = modulation->table;
    int table_type = (int)modulation->type;
#pragma omp parallel for SHARED if (R * T * C >= PARALLEL)
    for (int64_t row = 0; row < R * T; row++) {
        int64_t shift_at = modulation_at(modulation, row / T, shift, C);
        int64_t scale_at = modulation_at(modulation, row / T, scale, C);
        if (x_type == F32 && table_type == F32 && out_type == F32) {
            norm_row(x, F32, row * C, C, table, F32, shift_at, scale_at, epsilon, out, F32);
        } else if (x_type == F32 && table_type == F32) {
            norm_row(x, F32, row * C, C, table, F32, shift_at, scale_at, epsilon, out, BF16);
        } else {
            norm_row(x, x_type, row * C, C, table, table_type, shift_at, scale_at, epsilon, out, out_type);
        }
    }
    return OK;
}

/* ---- queries and keys */

/* Lanes within each four of a vector, as the immediate of _mm_permute_ps numbers them. */
#if defined(__AVX512F__)
#define PERMUTED(v, lanes) ((vector)_mm512_permute_ps((__m512)(v), lanes))
#else
#define PERMUTED(v, lanes) ((vector)_mm256_permute_ps((__m256)(v), lanes))
#endif
enum { EVEN_TWICE = 0xa0, ODD_TWICE = 0xf5, NEIGHBOURS = 0xb1 };

/* Pairs of neighbours turned; `angles` holds the cosine and the sine of each pair. */
static inline __attribute__((always_inline)) vector rotated(vector pairs, vector angles) {
    vector_bits minus;
    for (int lane = 0; lane < LANES; lane++) {
        minus[lane] = lane % 2 ? 0 : INT32_MIN;
    }
    vector across = PERMUTED(angles, ODD_TWICE) * PERMUTED(pairs, NEIGHBOURS);
    return PERMUTED(angles, EVEN_TWICE) * pairs + (vector)((vector_bits)across ^ minus);
}

/* 1 / sqrt(mean square + epsilon) of d elements. */
static inline __attribute__((always_inline)) float inverse_root(const void *data, int type, int64_t at, int64_t d, float epsilon) {
    struct sum squares = {0};
    int64_t c = 0;
    for (; c + ACCUMULATORS <= d; c += ACCUMULATORS) {
        for (int v = 0; v < VECTORS; v++) {
            vector x = widen_vector(data, type, at + c + v * LANES);
            squares.part[v] += x * x;
        }
    }
    float rest[ACCUMULATORS];
    for (int64_t k = 0; c + k < d; k++) {
        float x = widen_one(data, type, at + c + k);
        rest[k] = x * x;
    }
    sum_add(&squares, rest, d - c);
    return 1.0f / sqrtf(sum_fold(&squares) / (float)d + epsilon);
}

/* The query or the key of a head, in place; scale and angles may be NULL. */
static inline __attribute__((always_inline)) void norm_rope(void *data, int type, int64_t at, int64_t d, const float *scale, float epsilon, const float *angles) {
    float inverse = scale ? inverse_root(data, type, at, d, epsilon) : 1;
    int64_t c = 0;
    for (; c + LANES <= d; c += LANES) {
        vector x = widen_vector(data, type, at + c);
        if (scale) {
            x = x * inverse * load_vector(scale + c);
        }
        store_vector(data, type, at + c, angles ? rotated(x, load_vector(angles + c)) : x);
    }
    for (; c < d; c += 2) {
        int64_t n = at_most(d - c, 2);
        float x[2] = {0};
        for (int64_t k = 0; k < n; k++) {
            x[k] = widen_one(data, type, at + c + k);
            x[k] = scale ? x[k] * inverse * scale[c + k] : x[k];
        }
        if (angles) {
            float first = x[0], cosine = angles[c], sine = angles[c + 1];
            x[0] = cosine * first - sine * x[1];
            x[1] = sine * first + cosine * x[1];
        }
        store(data, type, at + c, n, x);
    }
}

/* qkv: [R, N, 3, H, d]; rotations: [N, d / 2, 2]. Bytes: queries and keys in and out; scales and a token's rotations stay in the first-level cache. */
int KERNEL(qk_norm_rope)(void *qkv, int qkv_type, int64_t R, int64_t N, int64_t H, int64_t d, const float *query_scale, const float *key_scale, float epsilon,
        const float *rotations) {
#pragma omp parallel for SHARED if (R * N * H * d >= PARALLEL)
    for (int64_t token = 0; token < R * N; token++) {
        const float *angles = rotations ? rotations + token % N * d : NULL;
        for (int64_t head = 0; head < 2 * H; head++) {
            const float *scale = head < H ? query_scale : key_scale;
            int64_t at = (token * 3 * H + head) * d;
            if (qkv_type == F32) {
                norm_rope(qkv, F32, at, d, scale, epsilon, angles);
            } else {
                norm_rope(qkv, BF16, at, d, scale, epsilon, angles);
            }
        }
    }
    return OK;
}

/*
 * Completes a product whose rows first .. first + count - 1 (of R * N) are in f, unrounded: feature = f; x += gate f. Bytes: f (from the cache, the caller works in
 * pieces) + feature + 2 x.
 */
int KERNEL(gate_residual)(const float *f, int64_t first, int64_t count, int64_t R, int64_t N, int64_t C, const struct modulation *modulation, int gate,
        void *feature, int feature_type, void *x, int x_type) {
    int status = modulation_status(modulation, R);
    if (status != OK) {
        return status;
    }
#pragma omp parallel for SHARED if (count * C >= PARALLEL)
    for (int64_t i = 0; i < count; i++) {
        float gate_buffer[CHUNK], x_buffer[CHUNK];
        int64_t row = first + i;
        int64_t gate_at = modulation_at(modulation, row / N, gate, C);
        for (int64_t c = 0; c < C; c += CHUNK) {
            int64_t n = at_most(C - c, CHUNK);
            const float *product = f + i * C + c;
            const float *g = load(modulation->table, (int)modulation->type, gate_at + c, n, gate_buffer);
            const float *old = load(x, x_type, row * C + c, n, x_buffer);
            float *sum = place(x, x_type, row * C + c, x_buffer);
#pragma omp simd
            for (int64_t k = 0; k < n; k++) {
                sum[k] = old[k] + g[k] * product[k];
            }
            store(x, x_type, row * C + c, n, sum);
            if (feature) {
                store(feature, feature_type, row * C + c, n, product);
            }
        }
    }
    return OK;
}

/*
 * Softmax over each row of n scores times `scale`. Scores are overwritten: with the result if out is scores itself (then out_type is F32), else with exponentials.
 * A NaN makes its whole row NaN.
 */
int KERNEL(softmax)(float *scores, int64_t rows, int64_t n, float scale, void *out, int out_type) {
#pragma omp parallel for SHARED if (rows * n >= PARALLEL / 8)
    for (int64_t row = 0; row < rows; row++) {
        float *s = scores + row * n;
        float lanes[ACCUMULATORS];
        for (int j = 0; j < ACCUMULATORS; j++) {
            lanes[j] = -INFINITY;
        }
        int64_t c = 0;
        for (; c + ACCUMULATORS <= n; c += ACCUMULATORS) {
            for (int j = 0; j < ACCUMULATORS; j++) {
                lanes[j] = s[c + j] > lanes[j] ? s[c + j] : lanes[j];
            }
        }
        for (int j = 0; c + j < n; j++) {
            lanes[j] = s[c + j] > lanes[j] ? s[c + j] : lanes[j];
        }
        float largest = lanes[0];
        for (int j = 1; j < ACCUMULATORS; j++) {
            largest = lanes[j] > largest ? lanes[j] : largest;
        }
#pragma omp simd
        for (int64_t k = 0; k < n; k++) {
            s[k] = exp_float((s[k] - largest) * scale);
        }
        struct sum total = {0};
        sum_add(&total, s, n);
        float inverse = 1.0f / sum_fold(&total);
#pragma omp simd
        for (int64_t k = 0; k < n; k++) {
            s[k] *= inverse;
        }
        store(out, out_type, row * n, n, s);
    }
    return OK;
}
