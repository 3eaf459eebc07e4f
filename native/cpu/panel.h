/* Rows turned over into a panel, 8 x 8 words at a time in registers, with AVX2 at every level. */
#ifndef CLUSCA_PANEL_H
#define CLUSCA_PANEL_H

#include "tile.h"

/* rows[i][j] and rows[j][i] change places. */
static inline __attribute__((always_inline)) void transpose_8x8(__m256 rows[8]) {
    __m256 pairs[8], fours[8];
#pragma GCC unroll 4
    for (int j = 0; j < 8; j += 2) {
        pairs[j] = _mm256_unpacklo_ps(rows[j], rows[j + 1]);
        pairs[j + 1] = _mm256_unpackhi_ps(rows[j], rows[j + 1]);
    }
#pragma GCC unroll 2
    for (int j = 0; j < 8; j += 4) {
        fours[j] = _mm256_shuffle_ps(pairs[j], pairs[j + 2], 0x44);
        fours[j + 1] = _mm256_shuffle_ps(pairs[j], pairs[j + 2], 0xee);
        fours[j + 2] = _mm256_shuffle_ps(pairs[j + 1], pairs[j + 3], 0x44);
        fours[j + 3] = _mm256_shuffle_ps(pairs[j + 1], pairs[j + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        rows[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
        rows[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
    }
}

/* panel[i][j] = rows[j][i] for i < n: rows of weights or keys become the columns of a panel. */
static inline void pack_words(const word *const rows[PANEL], int64_t n, word *panel) {
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int part = 0; part < PANEL; part += 8) {
            __m256 eight[8];
            for (int j = 0; j < 8; j++) {
                eight[j] = _mm256_loadu_ps((const float *)(rows[part + j] + i));
            }
            transpose_8x8(eight);
            for (int j = 0; j < 8; j++) {
                _mm256_storeu_ps((float *)(panel + (i + j) * PANEL + part), eight[j]);
            }
        }
    }
    for (; i < n; i++) {
        for (int j = 0; j < PANEL; j++) {
            panel[i * PANEL + j] = rows[j][i];
        }
    }
}

/* The same in bfloat16 without DOTS, where a word of the panel holds columns j and j + LANES. */
static inline void pack_halves(const uint16_t *const rows[PANEL], int64_t n, uint16_t *panel) {
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int part = 0; part < LANES; part += 8) {
            __m256 eight[8];
            for (int j = 0; j < 8; j++) {
                __m128i low = _mm_loadu_si128((const __m128i *)(rows[part + j] + i)), high = _mm_loadu_si128((const __m128i *)(rows[part + j + LANES] + i));
                eight[j] = _mm256_castsi256_ps(_mm256_set_m128i(_mm_unpackhi_epi16(low, high), _mm_unpacklo_epi16(low, high)));
            }
            transpose_8x8(eight);
            for (int j = 0; j < 8; j++) {
                _mm256_storeu_si256((__m256i *)(panel + (i + j) * PANEL + 2 * part), _mm256_castps_si256(eight[j]));
            }
        }
    }
    for (; i < n; i++) {
        for (int j = 0; j < PANEL; j++) {
            panel[i * PANEL + j % LANES * 2 + j / LANES] = rows[j][i];
        }
    }
}

#endif
