/* Exponentials of vectors and what is made of them, of the same operations at every level, so that they give the same bits. */
#ifndef CLUSCA_EXPONENTIAL_H
#define CLUSCA_EXPONENTIAL_H

#include "level.h"

/* The second where either is a NaN. */
static inline __attribute__((always_inline)) vector largest_of(vector a, vector b) {
    return CLUSCA_WIDE(max_ps)(a, b);
}

static inline __attribute__((always_inline)) vector least_of(vector a, vector b) {
    return CLUSCA_WIDE(min_ps)(a, b);
}

/*
 * 2^x for x <= 127 within 3 ulp: a polynomial of degree 6 in the part behind the point, the part before it added to the exponent. Below -126 it is 2^-126, next to
 * nothing. A NaN stays one.
 */
static inline __attribute__((always_inline)) vector power_of_two(vector x) {
    const vector none = {0}, magic = none + 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, kept in the low bits */
    vector clamped = largest_of(none - 126.0f, x);
    vector shifted = clamped + magic;
    vector r = clamped - (shifted - magic);
    vector p = none + 1.5403530393381609e-4f;
    p = fma_vector(p, r, none + 1.3333558146428443e-3f);
    p = fma_vector(p, r, none + 9.6181291076284772e-3f);
    p = fma_vector(p, r, none + 5.5504108664821580e-2f);
    p = fma_vector(p, r, none + 2.4022650695910072e-1f);
    p = fma_vector(p, r, none + 6.9314718055994531e-1f);
    p = fma_vector(p, r, none + 1.0f);
    /* Of a NaN, the low bits of its payload would make a number of it. */
    return (vector)((vector_bits)p + (((vector_bits)shifted << 23) & (vector_bits)(x == x)));
}

/*
 * 1 / (1 + 2^x) within 4 ulp, 0 where it would be less than 2^-120. The reciprocal is a guess from the exponent, within 12 %, and three of Newton's steps: a
 * division takes longer than all else here. A NaN stays one.
 */
static inline __attribute__((always_inline)) vector sigmoid_of_power(vector x) {
    const vector none = {0};
    vector d = power_of_two(least_of(none + 120.0f, x)) + 1.0f;
    vector r = (vector)(0x7ef311c7 - (vector_bits)d);
#pragma GCC unroll 3
    for (int step = 0; step < 3; step++) {
        r = fma_vector(r, fma_vector(none - d, r, none + 1.0f), r);
    }
    return (vector)((vector_bits)r & ~(vector_bits)(x > 120.0f));
}

/* v (1 + tanh(u)) / 2 = v / (1 + exp(-2 u)), u = sqrt(2 / pi) (v + 0.044715 v^3) */
static inline __attribute__((always_inline)) vector gelu_tanh(vector v) {
    const vector none = {0};
    return v * sigmoid_of_power(v * fma_vector(v * v, none - 2.302208198f * 0.044715f, none - 2.302208198f));
}

/* v / (1 + exp(-v)) */
static inline __attribute__((always_inline)) vector silu(vector v) {
    return v * sigmoid_of_power(v * -1.44269504088896341f);
}

static inline void silu_row(float *v, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        *(loose_vector *)(v + i) = silu(load_vector(v + i));
    }
    if (i < n) {
        store_some(v, F32, i, n - i, silu(widen_some(v, F32, i, n - i)));
    }
}

#endif
