/*
 * Clustering of tokens and random draws; their bits are a contract (Ops.kMeans, Draws) that holds on every backend.
 *
 * k_means: an iteration reads x twice (assignment, means) and the centroids once a token, from the second-level cache. An assignment costs 3 N K C operations
 * (subtract, absolute value, add); a token is compared with several centroids at a time so that its row is loaded once for all of them. Vectors hold neighbouring
 * accumulators, not neighbouring channels of one, so every width of vector sums in the contract's order. Means are shared out by channel, so each sums tokens in order.
 */
#include "level.h"

#include <math.h>
#include <omp.h>

/* ---- k-means */

/* Centroids compared at a time: their accumulators fill half of the vector registers. */
enum { TOGETHER = LANES / 4 };

static inline vector absolute(vector v) {
    vector_bits bits;
    memcpy(&bits, &v, sizeof bits);
    bits &= 0x7fffffff;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* The L1 distances of a token to `count` centroids, at most TOGETHER. */
static inline void distances(const float *x, const float *centroids, int64_t count, int64_t C, float *distance) {
    struct sum sums[TOGETHER] = {0};
    const float *m[TOGETHER];
    for (int q = 0; q < TOGETHER; q++) {
        m[q] = centroids + at_most(q, count - 1) * C;
    }
    int64_t c = 0;
    for (; c + ACCUMULATORS <= C; c += ACCUMULATORS) {
        for (int v = 0; v < VECTORS; v++) {
            vector token = load_vector(x + c + v * LANES);
            for (int q = 0; q < TOGETHER; q++) {
                sums[q].part[v] += absolute(token - load_vector(m[q] + c + v * LANES));
            }
        }
    }
    if (c < C) {
        float token[ACCUMULATORS] = {0};
        memcpy(token, x + c, (size_t)(C - c) * sizeof(float));
        for (int q = 0; q < TOGETHER; q++) {
            float centroid[ACCUMULATORS] = {0};
            memcpy(centroid, m[q] + c, (size_t)(C - c) * sizeof(float));
            for (int v = 0; v < VECTORS; v++) {
                sums[q].part[v] += absolute(load_vector(token + v * LANES) - load_vector(centroid + v * LANES));
            }
        }
    }
    for (int q = 0; q < count; q++) {
        distance[q] = sum_fold(&sums[q]);
    }
}

/* The nearest centroid, the lower of equals. */
static int32_t nearest(const float *x, const float *centroids, int64_t K, int64_t C) {
    float best = INFINITY;
    int32_t label = 0;
    for (int64_t k = 0; k < K; k += TOGETHER) {
        float distance[TOGETHER];
        int64_t count = at_most(K - k, TOGETHER);
        distances(x, centroids + k * C, count, C, distance);
        for (int q = 0; q < count; q++) {
            if (distance[q] < best) {
                best = distance[q];
                label = (int32_t)(k + q);
            }
        }
    }
    return label;
}

/* Channels c .. c + n - 1 of a row's new centroids. */
static void means(const void *x, int x_type, int64_t at, int64_t N, int64_t C, int64_t K, const int32_t *labels, const int32_t *members, int64_t c, int64_t n,
        float *centroids) {
    float buffer[CHUNK];
    for (int64_t k = 0; k < K; k++) {
        memset(centroids + k * C + c, 0, (size_t)n * sizeof(float));
    }
    for (int64_t token = 0; token < N; token++) {
        const float *v = load(x, x_type, (at + token) * C + c, n, buffer);
        float *sum = centroids + labels[token] * C + c;
#pragma omp simd
        for (int64_t k = 0; k < n; k++) {
            sum[k] += v[k];
        }
    }
    for (int64_t k = 0; k < K; k++) {
        float *mean = centroids + k * C + c;
        for (int64_t i = 0; i < n && members[k] > 0; i++) {
            mean[i] = mean[i] / (float)members[k];
        }
    }
}

/* Whether every element satisfies |old - fresh| <= absolute + relative |fresh|; a NaN does not. */
static int is_settled(const float *old, const float *fresh, int64_t n, float relative, float absolute_bound) {
    int moved = 0;
    for (int64_t i = 0; i < n; i++) {
        moved |= !(fabsf(old[i] - fresh[i]) <= absolute_bound + relative * fabsf(fresh[i]));
    }
    return !moved;
}

/* scratch: float [R, K, C] new centroids, float [threads, C] token rows, int32 [R, K] members, int32 [R] active, int32 [R] settled */
int KERNEL(k_means)(const void *x, int x_type, int64_t R, int64_t N, int64_t C, int64_t K, int max_iterations, float relative, float absolute_bound, int together,
        float *centroids, int32_t *labels, int32_t *iterations, void *scratch) {
    float *fresh = scratch;
    float *token_rows = fresh + R * K * C;
    int32_t *members = (int32_t *)(token_rows + omp_get_max_threads() * C);
    int32_t *active = members + R * K;
    int32_t *settled = active + R;
    const int64_t piece = 64;
    int64_t pieces = (C + piece - 1) / piece;
    int64_t remaining = R;
    for (int64_t r = 0; r < R; r++) {
        active[r] = 1;
    }
    for (int iteration = 1; iteration <= max_iterations && remaining > 0; iteration++) {
#pragma omp parallel if (R * N * C >= PARALLEL / 8)
        {
            float *buffer = token_rows + omp_get_thread_num() * C;
#pragma omp for schedule(dynamic, 16)
            for (int64_t token = 0; token < R * N; token++) {
                int64_t r = token / N;
                if (active[r]) {
                    labels[token] = nearest(load(x, x_type, token * C, C, buffer), centroids + r * K * C, K, C);
                }
            }
#pragma omp for schedule(static)
            for (int64_t r = 0; r < R; r++) {
                memset(members + r * K, 0, (size_t)K * sizeof(int32_t));
                for (int64_t n = 0; n < N; n++) {
                    members[r * K + labels[r * N + n]]++;
                }
            }
#pragma omp for schedule(dynamic, 1)
            for (int64_t part = 0; part < R * pieces; part++) {
                int64_t r = part / pieces;
                int64_t c = part % pieces * piece;
                if (active[r]) {
                    means(x, x_type, r * N, N, C, K, labels + r * N, members + r * K, c, at_most(C - c, piece), fresh + r * K * C);
                }
            }
#pragma omp for schedule(static)
            for (int64_t r = 0; r < R; r++) {
                settled[r] = active[r] && is_settled(centroids + r * K * C, fresh + r * K * C, K * C, relative, absolute_bound);
            }
        }
        int64_t settled_rows = 0;
        for (int64_t r = 0; r < R; r++) {
            settled_rows += settled[r];
        }
        for (int64_t r = 0; r < R; r++) {
            if (!active[r]) {
                continue;
            }
            iterations[r] = iteration;
            if (together ? settled_rows == R : settled[r]) {
                active[r] = 0;
                remaining--;
            } else {
                memcpy(centroids + r * K * C, fresh + r * K * C, (size_t)(K * C) * sizeof(float));
            }
        }
    }
    return OK;
}

/* ---- draws */

enum { FIRST_CENTROIDS = 2, REPRESENTATIVE = 3 };

/* Word 0 of Philox4x32-10 (Salmon et al., SC 2011). */
static inline uint32_t philox(uint64_t key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
    uint32_t k0 = (uint32_t)key;
    uint32_t k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c0;
}

/* The draws of tokens first .. first + n - 1. */
static void draw(const struct draws *draws, int64_t r, int64_t layer, int purpose, int64_t first, int64_t n, uint32_t *words) {
    uint32_t row = (uint32_t)draws->rows[r];
    uint32_t place = (uint32_t)layer | (uint32_t)draws->stream << 16;
    uint32_t step = (uint32_t)step_row(&draws->steps)[STEP] | (uint32_t)purpose << 24;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        words[i] = philox((uint64_t)draws->seed, (uint32_t)(first + i), row, place, step);
    }
}

int KERNEL(draw_first_tokens)(const struct draws *draws, int64_t R, int64_t N, int64_t K, int32_t *tokens) {
    if (!step_row(&draws->steps)) {
        return CURSOR_OUTSIDE;
    }
#pragma omp parallel for schedule(static) if (R * N >= PARALLEL / 16)
    for (int64_t r = 0; r < R; r++) {
        /* The k-th largest is the largest below the one before; a word and a token make one number, larger words and lower tokens first, which is never all ones. */
        uint64_t bound = UINT64_MAX;
        for (int64_t k = 0; k < K; k++) {
            uint64_t best = 0;
            for (int64_t first = 0; first < N; first += CHUNK) {
                uint32_t words[CHUNK];
                int64_t n = at_most(N - first, CHUNK);
                draw(draws, r, 0, FIRST_CENTROIDS, first, n, words);
                for (int64_t i = 0; i < n; i++) {
                    uint64_t rank = (uint64_t)words[i] << 32 | (INT32_MAX - (uint32_t)(first + i));
                    best = rank < bound && rank > best ? rank : best;
                }
            }
            tokens[r * K + k] = (int32_t)(INT32_MAX - (uint32_t)best);
            bound = best;
        }
    }
    return OK;
}

int KERNEL(draw_representatives)(const struct draws *draws, const int32_t *labels, int64_t L, int64_t R, int64_t N, int64_t K, int32_t *representatives) {
    if (!step_row(&draws->steps)) {
        return CURSOR_OUTSIDE;
    }
    if (index_status(labels, R * N, 0, K) != OK) {
        return INDEX_OUTSIDE;
    }
#pragma omp parallel for schedule(static) if (L * R * N >= PARALLEL / 16)
    for (int64_t row = 0; row < L * R; row++) {
        int64_t r = row % R;
        int32_t *best = representatives + row * K;
        for (int64_t k = 0; k < K; k++) {
            best[k] = -1;
        }
        for (int64_t first = 0; first < N; first += CHUNK) {
            uint32_t words[CHUNK];
            int64_t n = at_most(N - first, CHUNK);
            draw(draws, r, row / R, REPRESENTATIVE, first, n, words);
            for (int64_t i = 0; i < n; i++) {
                int32_t *token = &best[labels[r * N + first + i]];
                uint32_t held = 0;
                if (*token >= first) {
                    held = words[*token - first];
                } else if (*token >= 0) {
                    draw(draws, r, row / R, REPRESENTATIVE, *token, 1, &held);
                }
                if (*token < 0 || words[i] > held) {
                    *token = (int32_t)(first + i);
                }
            }
        }
    }
    return OK;
}
