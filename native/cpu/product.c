/*
 * Linear layers for processors without AVX-512, where oneDNN has no bfloat16: out = activation(a W^T + bias).
 *
 * Operations: 2 M K N. Bytes: weights once for PIECE rows, a and out. Up to 16 rows memory bounds it, from then on the multipliers.
 *
 * Weights are packed once, into panels of 16 outputs. Inputs are widened and packed into strips for each call. A panel's part of DEPTH inputs stays in the first-level
 * cache while the strips of a block of rows pass, and the block in the second. Tasks are a block of rows times a group of panels; threads take one after the other, so
 * that a thread whose core is busy elsewhere takes fewer. Sums start anew every DEPTH inputs and are added up.
 */
#include "panel.h"
#include "tile.h"

#include <math.h>

enum { DEPTH = 384, BLOCK_ROWS = 72, BLOCKS = 8, PIECE = BLOCK_ROWS * BLOCKS, GROUP = 6, COLUMNS_OF_GROUP = GROUP * PANEL };

enum activation { NONE, GELU_TANH, SILU };

int KERNEL(pack_weights)(const void *weight, int weight_type, int64_t N, int64_t K, void *packed, int type) {
    static const float zeros[CHUNK];
#pragma omp parallel for schedule(static) if (N * K >= PARALLEL)
    for (int64_t panel = 0; panel < divide_up(N, PANEL); panel++) {
        char *target = (char *)packed + panel * panel_bytes(type, K);
        for (int64_t k = 0; k < K; k += CHUNK) {
            float widened[PANEL][CHUNK];
            uint16_t narrowed[PANEL][CHUNK];
            const float *floats[PANEL];
            const uint16_t *halves[PANEL];
            int64_t n = at_most(K - k, CHUNK);
            for (int64_t j = 0; j < PANEL; j++) {
                int64_t row = panel * PANEL + j, at = row * K + k;
                if (type == F32) {
                    floats[j] = row < N ? load(weight, weight_type, at, n, widened[j]) : zeros;
                } else if (row >= N) {
                    halves[j] = (const uint16_t *)zeros;
                } else if (weight_type == BF16) {
                    halves[j] = (const uint16_t *)weight + at;
                } else {
                    store(narrowed[j], BF16, 0, n, (const float *)weight + at);
                    halves[j] = narrowed[j];
                }
            }
            if (type == F32) {
                pack_floats(floats, n, (float *)(target + panel_bytes(F32, k)));
            } else {
                pack_halves(halves, n, (uint16_t *)(target + panel_bytes(BF16, k)));
            }
        }
    }
    return OK;
}

/* Rows first .. first + rows - 1 of a as a strip. */
static void pack_strip(const void *a, int a_type, int64_t K, int64_t first, int64_t rows, float *strip) {
    float buffers[STRIP][CHUNK];
    for (int64_t k = 0; k < K; k += CHUNK) {
        int64_t n = at_most(K - k, CHUNK);
        const float *from[STRIP];
        for (int64_t r = 0; r < rows; r++) {
            from[r] = load(a, a_type, (first + r) * K + k, n, buffers[r]);
        }
        float *to = strip + k * rows;
        for (int64_t i = 0; i < n; i++) {
            for (int64_t r = 0; r < rows; r++) {
                *to++ = from[r][i];
            }
        }
    }
}

/* v[i] = activation(v[i] + bias[i]); bias may be NULL. */
static void finish(float *v, const float *bias, int64_t n, int activation) {
    if (bias) {
#pragma omp simd
        for (int64_t i = 0; i < n; i++) {
            v[i] += bias[i];
        }
    }
    if (activation == GELU_TANH) {
        /* v (1 + tanh(u)) / 2 = v / (1 + exp(-2 u)), u = sqrt(2 / pi) (v + 0.044715 v^3) */
#pragma omp simd
        for (int64_t i = 0; i < n; i++) {
            v[i] = v[i] / (1.0f + exp_float(-1.5957691216057308f * (v[i] + 0.044715f * v[i] * v[i] * v[i])));
        }
    } else if (activation == SILU) {
#pragma omp simd
        for (int64_t i = 0; i < n; i++) {
            v[i] = v[i] / (1.0f + exp_float(-v[i]));
        }
    }
}

/* Rows first .. first + count - 1 of out, from their strips. */
static void multiply_task(const float *strips, const char *panels, int type, int64_t K, const float *bias, int64_t N, int activation, void *out, int out_type, int64_t first,
        int64_t count, int64_t column) {
    float c[BLOCK_ROWS * COLUMNS_OF_GROUP];
    int64_t columns = at_most(N - column, COLUMNS_OF_GROUP);
    int64_t depths = divide_up(K, DEPTH);
    int64_t height = divide_up(count, STRIP);
    for (int64_t d = 0; d < depths; d++) {
        int64_t k = part_begin(K, depths, d);
        int64_t depth = part_begin(K, depths, d + 1) - k;
        for (int64_t j = 0; j < columns; j += PANEL) {
            const char *panel = panels + (column + j) / PANEL * panel_bytes(type, K) + panel_bytes(type, k);
            for (int64_t s = 0; s < height; s++) {
                int64_t row = part_begin(count, height, s);
                int64_t rows = part_begin(count, height, s + 1) - row;
                tiles[rows - 1][type](strips + row * K + k * rows, panel, depth, c + row * COLUMNS_OF_GROUP + j, COLUMNS_OF_GROUP, d > 0);
            }
        }
    }
    for (int64_t row = 0; row < count; row++) {
        float *v = c + row * COLUMNS_OF_GROUP;
        finish(v, bias ? bias + column : NULL, columns, activation);
        store(out, out_type, (first + row) * N + column, columns, v);
    }
}

/* strips: float [min(M, PIECE), K] */
int KERNEL(multiply)(const void *a, int a_type, int64_t M, int64_t K, const void *packed, int type, const float *bias, int64_t N, int activation, void *out, int out_type,
        float *strips) {
    int64_t groups = divide_up(N, COLUMNS_OF_GROUP);
    for (int64_t piece = 0; piece < M; piece += PIECE) {
        int64_t rows = at_most(M - piece, PIECE);
        int64_t blocks = divide_up(rows, BLOCK_ROWS);
#pragma omp parallel if (rows * K * N >= PARALLEL * 8)
        {
#pragma omp for schedule(dynamic, 1)
            for (int64_t i = 0; i < blocks * BLOCK_ROWS / STRIP; i++) {
                int64_t block = i / (BLOCK_ROWS / STRIP), s = i % (BLOCK_ROWS / STRIP);
                int64_t first = part_begin(rows, blocks, block);
                int64_t count = part_begin(rows, blocks, block + 1) - first;
                int64_t height = divide_up(count, STRIP);
                if (s < height) {
                    int64_t row = part_begin(count, height, s);
                    pack_strip(a, a_type, K, piece + first + row, part_begin(count, height, s + 1) - row, strips + (first + row) * K);
                }
            }
#pragma omp for schedule(dynamic, 1)
            for (int64_t task = 0; task < blocks * groups; task++) {
                int64_t first = part_begin(rows, blocks, task % blocks);
                int64_t count = part_begin(rows, blocks, task % blocks + 1) - first;
                multiply_task(strips + first * K, packed, type, K, bias, N, activation, out, out_type, piece + first, count, task / blocks * COLUMNS_OF_GROUP);
            }
        }
    }
    return OK;
}
