/*
 * Attention over packed QKV: per head softmax(Q K^T / sqrt(d)) V.
 *
 * Operations: 4 R N^2 C, and an exp for each of R H N^2 scores. Bytes: qkv and out; keys and values of a head stay in the second-level cache up to some 500 tokens.
 *
 * A task is a head of a batch row, or some queries of one where there are few. It packs keys and values into panels, unless its thread did for the task before, then takes a strip of queries at a time: their
 * scores against all keys, softmax in place, and the sums of values. Scores never reach memory as a whole; sums are divided at the end. Everything is float32 on the way,
 * but where bfloat16 is multiplied in pairs (tile.h): queries, keys and values are taken as they are then, and weights, from 0 to 1 before the division, are rounded. What
 * they are divided by is the sum of the rounded ones, so that they add up to 1 and equal values stay what they are.
 */
#include "attention.h"
#include "exponential.h"
#include "panel.h"
#include "tile.h"

#include <math.h>
#include <omp.h>

_Static_assert((int)PANEL <= (int)ATTENTION_PANEL && (int)MOST_ROWS <= (int)ATTENTION_ROWS, "the room must hold a strip of panels");

/* Tasks for each thread, so that the last ones end together; and after how many words a sum over tokens starts anew. */
enum { TASKS = 4, DEPTH = 256 };

/* A matrix of packed QKV: rows `stride` elements apart. */
struct part {
    const void *data;
    int type;
    int64_t at, stride;
};

/* The words of `n` elements of a row from `column` on: where they lie if they lie there, else in `buffer`. */
static const word *part_row(const struct part *p, int64_t row, int64_t column, int64_t n, word *buffer) {
    int64_t at = p->at + row * p->stride + column;
    if (are_words(p->type, n)) {
        return element(p->data, p->type, at);
    }
    load_words(p->data, p->type, at, n, buffer);
    return buffer;
}

/* panels[n / PANEL][words of d][n % PANEL] = keys[n][..]; zeros beyond the last key. */
static void pack_keys(const struct part *keys, int64_t N, int64_t d, word *panels) {
    static const float zeros[CHUNK];
    float buffers[PANEL][CHUNK];
    int64_t words = words_of(keys->type, d);
    for (int64_t n = 0; n < N; n += PANEL) {
        for (int64_t c = 0; c < d; c += CHUNK) {
            const word *from[PANEL];
            int64_t width = at_most(d - c, CHUNK);
            for (int64_t j = 0; j < PANEL; j++) {
                from[j] = n + j < N ? part_row(keys, n + j, c, width, buffers[j]) : zeros;
            }
            pack_words(from, words_of(keys->type, width), panels + n * words + words_of(keys->type, c) * PANEL);
        }
    }
}

/* Token n's values in LANES columns as float32; `count` columns exist. */
static inline __attribute__((always_inline)) vector values_at(const struct part *values, int64_t n, int64_t column, int64_t count) {
    int64_t at = values->at + n * values->stride + column;
    if (count >= LANES) {
        return widen_vector(values->data, values->type, at);
    }
    return widen_some(values->data, values->type, at, count);
}

/* panels[c / PANEL][words of N][c % PANEL] = values[..][c]; zeros beyond the last column, up to a whole vector, and beside or after the last row. */
static void pack_values(const struct part *values, int64_t N, int64_t d, word *panels) {
    int64_t words = words_of(values->type, N);
    for (int64_t c = 0; c < d; c += LANES) {
        word *to = panels + c / PANEL * words * PANEL + c % PANEL;
        for (int64_t k = 0; k < words; k++) {
            if (row_type(values->type) == F32) {
                *(loose_vector *)(to + k * PANEL) = values_at(values, k, c, d - c);
            } else {
                vector_bits low = 2 * k < N ? (vector_bits)values_at(values, 2 * k, c, d - c) : (vector_bits){0};
                vector_bits high = 2 * k + 1 < N ? (vector_bits)values_at(values, 2 * k + 1, c, d - c) : (vector_bits){0};
                *(loose_vector *)(to + k * PANEL) = (vector)((low >> 16 & 0xffff) | high);
            }
        }
    }
}

static float largest_fold(const vector most[VECTORS]) {
#if defined(__AVX512F__)
    __m512 sixteen = _mm512_max_ps(most[0], most[1]);
    __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(sixteen), _mm512_extractf32x8_ps(sixteen, 1));
#else
    __m256 eight = _mm256_max_ps(_mm256_max_ps(most[0], most[1]), _mm256_max_ps(most[2], most[3]));
#endif
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return two[0] > two[1] ? two[0] : two[1];
}

/* Replaces scores by exp(scale (score - largest)), of a type and then from the first word on, and returns 1 / the sum of what is there then. A NaN makes all of them NaN. */
static inline __attribute__((always_inline)) float exponentials(float *s, int64_t n, float scale, int type) {
    const vector none = {0}, factor = none + scale * 1.44269504088896341f;
    vector most[VECTORS];
    float largest = -INFINITY;
    int64_t whole = n / ACCUMULATORS * ACCUMULATORS;
    for (int v = 0; v < VECTORS; v++) {
        most[v] = none + largest;
    }
    for (int64_t i = 0; i < whole; i += ACCUMULATORS) {
        for (int v = 0; v < VECTORS; v++) {
            most[v] = largest_of(most[v], load_vector(s + i + v * LANES));
        }
    }
    largest = largest_fold(most);
    for (int64_t i = whole; i < n; i++) {
        largest = s[i] > largest ? s[i] : largest;
    }
    struct sum total = {0};
    for (int64_t i = 0; i < whole; i += ACCUMULATORS) {
        for (int v = 0; v < VECTORS; v++) {
            vector power = power_of_two((load_vector(s + i + v * LANES) - largest) * factor);
            store_product(type, s, type, i + v * LANES, power);
            total.part[v] += widen_vector(s, type, i + v * LANES);
        }
    }
    if (whole < n) {
        float rest[ACCUMULATORS] = {0};
        memcpy(rest, s + whole, (size_t)(n - whole) * sizeof(float));
        for (int v = 0; v < VECTORS; v++) {
            *(loose_vector *)(rest + v * LANES) = power_of_two((load_vector(rest + v * LANES) - largest) * factor);
        }
        memset(rest + (n - whole), 0, (size_t)(whole + ACCUMULATORS - n) * sizeof(float));
        store(s, type, whole, type == BF16 ? 2 * words_of(BF16, n) - whole : n - whole, rest);
        load_into(s, type, whole, n - whole, rest);
        sum_add(&total, rest, n - whole);
    }
    return 1.0f / sum_fold(&total);
}

/* Queries first .. first + rows - 1 of a head whose keys and values are packed. */
static void attend(const struct part *queries, int64_t first, int64_t rows, int64_t N, int64_t d, float *memory, const struct attention_room *room, void *out,
        int out_type, int64_t out_at, int64_t out_stride, struct amx *amx) {
    float scale = 1.0f / sqrtf((float)d);
    int type = queries->type;
    int64_t tokens = divide_up(N, PANEL) * PANEL, width = divide_up(d, PANEL) * PANEL, depth = words_of(type, d), length = words_of(type, N);
    float *scores = memory + room->scores, *sums = memory + room->sums, inverse[MOST_ROWS];
    const word *from = queries->data;
    int64_t step = queries->stride;
    if (type == F32) {
        from += queries->at + first * step;
    } else {
        /* They are copied to where the sums will be: they are no longer needed then. */
        for (int64_t r = 0; r < rows; r++) {
            load_words(queries->data, type, queries->at + (first + r) * step, d, sums + r * depth);
        }
        from = sums;
        step = depth;
    }
    for (int64_t n = 0; n < N; n += PANEL) {
        struct tile t = {.a = from, .step = step, .panel = memory + n * depth, .K = depth, .c = scores + n, .stride = tokens, .amx = amx};
        walk(&t, rows, N - n, row_type(type));
    }
    for (int64_t r = 0; r < rows; r++) {
        float *row = scores + r * tokens;
        inverse[r] = row_type(type) == F32 ? exponentials(row, N, scale, F32) : exponentials(row, N, scale, BF16);
    }
    for (int64_t c = 0; c < width; c += PANEL) {
        for (int64_t n = 0; n < length; n += DEPTH) {
            struct tile t = {
                    .a = scores + n,
                    .step = tokens,
                    .panel = memory + room->values + (c / PANEL * length + n) * PANEL,
                    .K = at_most(length - n, DEPTH),
                    .c = sums + c,
                    .stride = width,
                    .add = n > 0,
                    .amx = amx,
            };
            walk(&t, rows, d - c, row_type(type));
        }
    }
    for (int64_t r = 0; r < rows; r++) {
        int64_t at = out_at + (first + r) * out_stride, c = 0;
        for (; c + LANES <= d; c += LANES) {
            store_product(type, out, out_type, at + c, load_vector(sums + r * width + c) * inverse[r]);
        }
        if (c < d) {
            store_some(out, out_type, at + c, d - c, load_vector(sums + r * width + c) * inverse[r]);
        }
    }
}

/* qkv: [R, N, 3 C]; out: [R, N, C]; scratch: attention_room of every thread */
int KERNEL(attention)(const void *qkv, int qkv_type, int64_t R, int64_t N, int64_t H, int64_t d, void *out, int out_type, float *scratch) {
    int64_t C = H * d, strips = divide_up(N, strip_rows(qkv_type));
    struct attention_room room = attention_room(N, d);
    /* Parts begin at whole strips, so that how many there are changes no strip. */
    int64_t parts = at_most(divide_up((int64_t)omp_get_max_threads() * TASKS, R * H), strips);
#pragma omp parallel if (R * H * N * N >= PARALLEL)
    {
        float *memory = scratch + omp_get_thread_num() * room.all;
        int64_t packed = -1; /* the head whose keys and values lie there */
        struct amx amx = {0};
#pragma omp for schedule(dynamic, 1)
        for (int64_t task = 0; task < R * H * parts; task++) {
            int64_t head = task / parts, r = head / H, h = head % H, part = task % parts;
            struct part queries = {qkv, qkv_type, r * N * 3 * C + h * d, 3 * C};
            struct part keys = {qkv, qkv_type, queries.at + C, 3 * C};
            struct part values = {qkv, qkv_type, queries.at + 2 * C, 3 * C};
            if (head != packed) {
                pack_keys(&keys, N, d, memory);
                pack_values(&values, N, d, memory + room.values);
                packed = head;
            }
            for (int64_t s = part_begin(strips, parts, part); s < part_begin(strips, parts, part + 1); s++) {
                int64_t first = part_begin(N, strips, s);
                attend(&queries, first, part_begin(N, strips, s + 1) - first, N, d, memory, &room, out, out_type, r * N * C + h * d, C, &amx);
            }
        }
        release(&amx);
    }
    return OK;
}
