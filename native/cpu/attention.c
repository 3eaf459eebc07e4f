/*
 * Attention over packed QKV where oneDNN has no fast code for the type: per head softmax(Q K^T / sqrt(d)) V.
 *
 * Operations: 4 R N^2 C, and an exp for each of R H N^2 scores. Bytes: qkv and out; keys and values of a head stay in the second-level cache up to some 500 tokens.
 *
 * A task is a head of a batch row, or some queries of one where there are few. It packs keys and values into panels, then takes a strip of queries at a time: their
 * scores against all keys, softmax in place, and the sums of values. Scores never reach memory as a whole; weights are not rounded, and sums are divided at the end.
 */
#include "attention.h"
#include "tile.h"

#include <math.h>
#include <omp.h>

_Static_assert((int)PANEL == (int)ATTENTION_PANEL && (int)STRIP <= (int)ATTENTION_ROWS, "the room must hold a strip of panels");

/* Tasks for each thread, so that the last ones end together; and after how many tokens a sum starts anew. */
enum { TASKS = 4, DEPTH = 512 };

/* A matrix of packed QKV: rows `stride` elements apart. */
struct part {
    const void *data;
    int type;
    int64_t at, stride;
};

static const float *part_row(const struct part *p, int64_t row, int64_t n, float *buffer) {
    return load(p->data, p->type, p->at + row * p->stride, n, buffer);
}

/* panels[n / 16][d][n % 16] = keys[n][d]; zeros beyond the last key. */
static void pack_keys(const struct part *keys, int64_t N, int64_t d, float *panels) {
    float buffers[PANEL][CHUNK];
    for (int64_t n = 0; n < N; n += PANEL) {
        const float *from[PANEL];
        int64_t count = at_most(N - n, PANEL);
        for (int64_t c = 0; c < d; c += CHUNK) {
            int64_t width = at_most(d - c, CHUNK);
            struct part columns = {keys->data, keys->type, keys->at + c, keys->stride};
            for (int64_t j = 0; j < count; j++) {
                from[j] = part_row(&columns, n + j, width, buffers[j]);
            }
            float *to = panels + n * d + c * PANEL;
            for (int64_t i = 0; i < width; i++) {
                for (int64_t j = 0; j < PANEL; j++) {
                    to[i * PANEL + j] = j < count ? from[j][i] : 0;
                }
            }
        }
    }
}

/* panels[c / 16][n][c % 16] = values[n][c]; zeros beyond the last column. */
static void pack_values(const struct part *values, int64_t N, int64_t d, float *panels) {
    float buffer[PANEL];
    for (int64_t c = 0; c < d; c += PANEL) {
        int64_t width = at_most(d - c, PANEL);
        struct part columns = {values->data, values->type, values->at + c, values->stride};
        for (int64_t n = 0; n < N; n++) {
            float *to = panels + (c / PANEL * N + n) * PANEL;
            memcpy(to, part_row(&columns, n, width, buffer), (size_t)width * sizeof(float));
            memset(to + width, 0, (size_t)(PANEL - width) * sizeof(float));
        }
    }
}

/* Replaces scores by exp(scale (score - largest)) and returns 1 / their sum. A NaN makes all of them NaN. */
static float exponentials(float *s, int64_t n, float scale) {
    float largest = -INFINITY;
#pragma omp simd reduction(max : largest)
    for (int64_t i = 0; i < n; i++) {
        largest = s[i] > largest ? s[i] : largest;
    }
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        s[i] = exp_float((s[i] - largest) * scale);
    }
    struct sum total = {0};
    sum_add(&total, s, n);
    return 1.0f / sum_fold(&total);
}

/* Queries first .. first + rows - 1 of a head whose keys and values are packed. */
static void attend(const struct part *queries, int64_t first, int64_t rows, int64_t N, int64_t d, float *memory, const struct attention_room *room, void *out,
        int out_type, int64_t out_at, int64_t out_stride) {
    float scale = 1.0f / sqrtf((float)d);
    int64_t tokens = divide_up(N, PANEL) * PANEL, width = divide_up(d, PANEL) * PANEL;
    float *scores = memory + room->scores, *weights = memory + room->weights, *sums = memory + room->sums;
    float buffer[CHUNK], inverse[STRIP];
    /* The strip of queries lies where the sums will: it is no longer needed then. */
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < d; c += CHUNK) {
            struct part columns = {queries->data, queries->type, queries->at + c, queries->stride};
            const float *query = part_row(&columns, first + r, at_most(d - c, CHUNK), buffer);
            for (int64_t i = 0; i < at_most(d - c, CHUNK); i++) {
                sums[(c + i) * rows + r] = query[i];
            }
        }
    }
    for (int64_t n = 0; n < tokens; n += PANEL) {
        tiles[rows - 1][F32](sums, memory + n * d, d, scores + n, tokens, 0);
    }
    for (int64_t r = 0; r < rows; r++) {
        float *s = scores + r * tokens;
        inverse[r] = exponentials(s, N, scale);
        for (int64_t n = 0; n < N; n++) {
            weights[n * rows + r] = s[n];
        }
    }
    for (int64_t c = 0; c < width; c += PANEL) {
        for (int64_t n = 0; n < N; n += DEPTH) {
            tiles[rows - 1][F32](weights + n * rows, memory + room->values + (c / PANEL * N + n) * PANEL, at_most(N - n, DEPTH), sums + c, width, n > 0);
        }
    }
    for (int64_t r = 0; r < rows; r++) {
        float *v = sums + r * width;
        for (int64_t c = 0; c < d; c++) {
            v[c] *= inverse[r];
        }
        store(out, out_type, out_at + (first + r) * out_stride, d, v);
    }
}

/* qkv: [R, N, 3 C]; out: [R, N, C]; scratch: attention_room of every thread */
int KERNEL(attention)(const void *qkv, int qkv_type, int64_t R, int64_t N, int64_t H, int64_t d, void *out, int out_type, float *scratch) {
    int64_t C = H * d;
    struct attention_room room = attention_room(N, d);
    int64_t parts = at_most(divide_up((int64_t)omp_get_max_threads() * TASKS, R * H), divide_up(N, STRIP));
    /* Parts begin at whole strips, so that how many there are changes no strip. */
    int64_t strips = divide_up(N, STRIP);
#pragma omp parallel if (R * H * N * N >= PARALLEL)
    {
        float *memory = scratch + omp_get_thread_num() * room.all;
#pragma omp for schedule(dynamic, 1)
        for (int64_t task = 0; task < R * H * parts; task++) {
            int64_t r = task / (H * parts), h = task / parts % H, part = task % parts;
            struct part queries = {qkv, qkv_type, r * N * 3 * C + h * d, 3 * C};
            struct part keys = {qkv, qkv_type, queries.at + C, 3 * C};
            struct part values = {qkv, qkv_type, queries.at + 2 * C, 3 * C};
            pack_keys(&keys, N, d, memory);
            pack_values(&values, N, d, memory + room.values);
            for (int64_t s = part_begin(strips, parts, part); s < part_begin(strips, parts, part + 1); s++) {
                int64_t first = part_begin(N, strips, s);
                attend(&queries, first, part_begin(N, strips, s + 1) - first, N, d, memory, &room, out, out_type, r * N * C + h * d, C);
            }
        }
    }
    return OK;
}
