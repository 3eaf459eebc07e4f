/*
 * Rows moved between a tensor of all tokens and a tensor of one row per cluster, and conversion between types. Pure copies, but for propagate's blend; memory
 * bounds them. Bytes: each row moved is read once and written once; propagate reads and writes the target once, the K rows stay in the cache.
 */
#include "level.h"

static void copy(const void *source, int source_type, int64_t from, void *target, int target_type, int64_t to, int64_t n) {
    if (source_type == target_type) {
        memcpy((char *)target + to * type_bytes(target_type), element(source, source_type, from), (size_t)(n * type_bytes(source_type)));
    } else if (source_type == F32) {
        store(target, target_type, to, n, (const float *)source + from);
    } else {
        load(source, source_type, from, n, (float *)target + to);
    }
}

int KERNEL(gather_rows)(const void *x, int x_type, const int32_t *index, void *rows, int rows_type, int64_t R, int64_t N, int64_t K, int64_t C) {
    int status = index_status(index, R * K, -1, N);
    if (status != OK) {
        return status;
    }
#pragma omp parallel for SHARED if (R * K * C >= PARALLEL)
    for (int64_t row = 0; row < R * K; row++) {
        if (index[row] < 0) {
            memset((char *)rows + row * C * type_bytes(rows_type), 0, (size_t)(C * type_bytes(rows_type)));
        } else {
            copy(x, x_type, (row / K * N + index[row]) * C, rows, rows_type, row * C, C);
        }
    }
    return OK;
}

int KERNEL(scatter_rows)(const void *rows, int rows_type, const int32_t *index, void *target, int target_type, int64_t R, int64_t N, int64_t K, int64_t C) {
    int status = index_status(index, R * K, -1, N);
    if (status != OK) {
        return status;
    }
#pragma omp parallel for SHARED if (R * K * C >= PARALLEL)
    for (int64_t row = 0; row < R * K; row++) {
        if (index[row] >= 0) {
            copy(rows, rows_type, row * C, target, target_type, (row / K * N + index[row]) * C, C);
        }
    }
    return OK;
}

/* Of a batch row's clusters, the first from k on whose token has the label; K if there is none. */
static int64_t row_of(const int32_t *index, const int32_t *labels, int32_t label, int64_t k, int64_t K) {
    while (k < K && (index[k] < 0 || labels[index[k]] != label)) {
        k++;
    }
    return k;
}

int KERNEL(propagate)(const void *rows, int rows_type, const int32_t *index, const int32_t *labels, float ratio, void *target, int target_type, int64_t R,
        int64_t N, int64_t K, int64_t C) {
    if (index_status(index, R * K, -1, N) != OK || index_status(labels, R * N, 0, K) != OK) {
        return INDEX_OUTSIDE;
    }
    float rest = 1.0f - ratio;
#pragma omp parallel for SHARED if (R * N * C >= PARALLEL)
    for (int64_t token = 0; token < R * N; token++) {
        int64_t r = token / N;
        const int32_t *tokens = index + r * K, *clusters = labels + r * N;
        int64_t first = row_of(tokens, clusters, labels[token], 0, K);
        for (int64_t c = 0; c < C && first < K; c += CHUNK) {
            int64_t n = at_most(C - c, CHUNK);
            float sum[CHUNK], row_buffer[CHUNK], buffer[CHUNK];
            const float *fresh = load(rows, rows_type, (r * K + first) * C + c, n, sum);
            for (int64_t k = row_of(tokens, clusters, labels[token], first + 1, K); k < K; k = row_of(tokens, clusters, labels[token], k + 1, K)) {
                const float *row = load(rows, rows_type, (r * K + k) * C + c, n, row_buffer);
#pragma omp simd
                for (int64_t i = 0; i < n; i++) {
                    sum[i] = fresh[i] + row[i];
                }
                fresh = sum;
            }
            const float *old = load(target, target_type, token * C + c, n, buffer);
            float *blend = place(target, target_type, token * C + c, buffer);
#pragma omp simd
            for (int64_t i = 0; i < n; i++) {
                blend[i] = ratio * fresh[i] + rest * old[i];
            }
            store(target, target_type, token * C + c, n, blend);
        }
    }
    return OK;
}

int KERNEL(cast)(const void *source, int source_type, void *target, int target_type, int64_t elements) {
    int64_t piece = PARALLEL / 4;
#pragma omp parallel for SHARED if (elements >= PARALLEL)
    for (int64_t at = 0; at < elements; at += piece) {
        copy(source, source_type, at, target, target_type, at, at_most(elements - at, piece));
    }
    return OK;
}
