/*
 * The heart of our own products: a tile of up to STRIP rows x PANEL columns whose sums stay in registers while it walks along the summed extent.
 *
 * The columns' factors lie in panels: the 16 of k = 0, then those of k = 1. In bfloat16 a word of 32 bits holds columns j and j + 8, so that a shift and a mask widen two
 * vectors from one load. The rows' factors lie in strips: those of all rows for k = 0, then for k = 1, so that each is a broadcast from consecutive memory; or they are walked along where they lie, a row
 * after the other, where packing would cost more than it saves.
 *
 * A sum is one chain of fma in the order of k, so that neither the number of rows of a strip nor the level changes a bit of it.
 */
#ifndef CLUSCA_TILE_H
#define CLUSCA_TILE_H

#include "level.h"

enum { PANEL = 16, PANEL_VECTORS = PANEL / LANES };
#if defined(__AVX512F__)
enum { STRIP = 12 };
#else
enum { STRIP = 6 };
#endif

static inline int64_t divide_up(int64_t value, int64_t by) {
    return (value + by - 1) / by;
}

/* Where part `i` of `parts` begins when `extent` is shared out as evenly as can be. */
static inline int64_t part_begin(int64_t extent, int64_t parts, int64_t i) {
    return extent / parts * i + at_most(i, extent % parts);
}

/* Bytes of a panel over K. */
static inline int64_t panel_bytes(int type, int64_t K) {
    return K * PANEL * type_bytes(type);
}

static inline vector fma_vector(vector a, vector b, vector c) {
#if defined(__AVX512F__)
    return _mm512_fmadd_ps(a, b, c);
#else
    return _mm256_fmadd_ps(a, b, c);
#endif
}

/* A panel's factors at k. */
static inline __attribute__((always_inline)) void panel_row(const void *panel, int type, int64_t k, vector b[PANEL_VECTORS]) {
    if (type == F32) {
        for (int v = 0; v < PANEL_VECTORS; v++) {
            b[v] = load_vector((const float *)panel + k * PANEL + v * LANES);
        }
        return;
    }
    __m256i words = _mm256_loadu_si256((const __m256i *)((const uint16_t *)panel + k * PANEL));
    __m256 low = _mm256_castsi256_ps(_mm256_slli_epi32(words, 16));
    __m256 high = _mm256_castsi256_ps(_mm256_and_si256(words, _mm256_set1_epi32((int)0xffff0000)));
#if defined(__AVX512F__)
    b[0] = _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
#else
    b[0] = low;
    b[1] = high;
#endif
}

/* c[rows][PANEL] = or += a[rows][K] panel[K][PANEL]; a's rows lie `row_step` apart, its k `k_step`, rows of c `stride`. */
static inline __attribute__((always_inline)) void tile_of(int rows, int type, const float *a, int64_t row_step, int64_t k_step, const void *panel, int64_t K, float *c,
        int64_t stride, int add) {
    vector sum[STRIP][PANEL_VECTORS];
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < PANEL_VECTORS; v++) {
            sum[r][v] = (vector){0};
        }
    }
    for (int64_t k = 0; k < K; k++) {
        vector b[PANEL_VECTORS];
        panel_row(panel, type, k, b);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            vector all = a[r * row_step + k * k_step] - (vector){0};
            for (int v = 0; v < PANEL_VECTORS; v++) {
                sum[r][v] = fma_vector(all, b[v], sum[r][v]);
            }
        }
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < PANEL_VECTORS; v++) {
            loose_vector *target = (loose_vector *)(c + r * stride + v * LANES);
            *target = add ? (vector)*target + sum[r][v] : sum[r][v];
        }
    }
}

/* From a strip: rows lie next to each other. */
typedef void tile(const float *strip, const void *panel, int64_t K, float *c, int64_t stride, int add);
/* From rows that lie `step` apart. */
typedef void walk(const float *rows, int64_t step, const void *panel, int64_t K, float *c, int64_t stride, int add);

/* A function for each number of rows and type, so that the sums have registers. */
#define CLUSCA_TILE(rows, type, TYPE)                                                                                                                           \
    static __attribute__((noinline, unused)) void tile_##type##_##rows(const float *strip, const void *panel, int64_t K, float *c, int64_t stride, int add) {   \
        tile_of(rows, TYPE, strip, 1, rows, panel, K, c, stride, add);                                                                                          \
    }                                                                                                                                                          \
    static __attribute__((noinline, unused)) void walk_##type##_##rows(const float *a, int64_t step, const void *panel, int64_t K, float *c, int64_t stride,    \
            int add) {                                                                                                                                         \
        tile_of(rows, TYPE, a, step, 1, panel, K, c, stride, add);                                                                                              \
    }
#define CLUSCA_TILES(rows) CLUSCA_TILE(rows, f32, F32) CLUSCA_TILE(rows, bf16, BF16)
#define CLUSCA_TILE_NAMES(rows) {tile_f32_##rows, tile_bf16_##rows},
#define CLUSCA_WALK_NAMES(rows) {walk_f32_##rows, walk_bf16_##rows},
#if defined(__AVX512F__)
#define CLUSCA_ROWS(R) R(1) R(2) R(3) R(4) R(5) R(6) R(7) R(8) R(9) R(10) R(11) R(12)
#else
#define CLUSCA_ROWS(R) R(1) R(2) R(3) R(4) R(5) R(6)
#endif
CLUSCA_ROWS(CLUSCA_TILES)

static __attribute__((unused)) tile *const tiles[STRIP][2] = {CLUSCA_ROWS(CLUSCA_TILE_NAMES)};
static __attribute__((unused)) walk *const walks[STRIP][2] = {CLUSCA_ROWS(CLUSCA_WALK_NAMES)};

#undef CLUSCA_TILE
#undef CLUSCA_TILES
#undef CLUSCA_TILE_NAMES
#undef CLUSCA_WALK_NAMES
#undef CLUSCA_ROWS

#endif
