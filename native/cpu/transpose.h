/* Blocks of 8 x 8 words turned over in registers, with AVX2 at every level. */
#ifndef CLUSCA_TRANSPOSE_H
#define CLUSCA_TRANSPOSE_H

#include <immintrin.h>

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

#endif
