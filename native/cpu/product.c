/*
 * Linear layers: out = activation(a W^T + bias), or x += gate * (a W^T + bias).
 *
 * Operations: 2 M K N. Bytes: weights once for PIECE rows, a and out. Up to some ten rows memory bounds it, from then on the multipliers.
 *
 * Weights are packed once, into panels; inputs have their type. Inputs are taken as they lie if they are multiplied as they are (tile.h) in whole words, unless the words of
 * a row are a multiple of CROWDED: a power of two would bring all rows of a strip into a few sets of the cache. Else they are copied or widened for each call into rows
 * that begin PAD words further apart than they are long.
 *
 * A panel's part of DEPTH words stays in the first-level cache while the strips of a block of rows pass, and the block in the second; meanwhile the part that comes next
 * is fetched. Of pairs of bfloat16 a part is three times as long and stays in the second, too: starting anew took longer than reading it there, by an eighth at 32 rows.
 * Tasks are a block of rows times a group of panels; threads take one after the other, so that a thread whose core is busy elsewhere takes fewer. Sums start anew with
 * every part and are added up; with TILES they go on, and what becomes of a strip's is done while the next is multiplied (tile.h).
 */
#include "panel.h"
#include "tile.h"

#include <omp.h>

#if TILES
enum { BLOCK_ROWS = 128 };
#elif defined(__AVX512F__)
enum { BLOCK_ROWS = 144 };
#else
enum { BLOCK_ROWS = 72 };
#endif
enum { DEPTH = 256, DEPTH_OF_PAIRS = 768, PIECE = TILES ? 512 : 576, PAD = 16, CROWDED = 512, COLUMNS_OF_GROUP = 96, STREAMED = 1 << 20 };

/* With TILES a block of rows is multiplied by more columns at once, unless a thread would have fewer than so many tasks: of wide rows, more are read from the third-level cache than one core gets. */
enum { MOST_COLUMNS = TILES ? 2 * COLUMNS_OF_GROUP : COLUMNS_OF_GROUP, TASKS_OF_THREAD = 8 };

/* What a task costs beside its columns, in columns: groups of 32 take 4 % longer for all of them than groups of 96. */
enum { TASK_COLUMNS = 2 };

enum activation { NONE, GELU_TANH, SILU };

/* `n` inputs from `at` on in the panels' type, in bfloat16 followed by zeros up to a whole word: as they lie where that is so, else in `buffer`. */
static const void *inputs_of(const void *weight, int weight_type, int64_t at, int64_t n, int type, float buffer[CHUNK]) {
    if (type == F32) {
        return load(weight, weight_type, at, n, buffer);
    }
    if (weight_type == BF16 && (!DOTS || are_words(BF16, n))) {
        return (const uint16_t *)weight + at;
    }
    uint16_t *halves = (uint16_t *)buffer;
    if (weight_type == F32) {
        store(halves, BF16, 0, n, (const float *)weight + at);
    } else {
        memcpy(halves, (const uint16_t *)weight + at, (size_t)n * sizeof(uint16_t));
    }
    zero_rest(halves, n);
    return halves;
}

int KERNEL(pack_weights)(const void *weight, int weight_type, int64_t N, int64_t K, void *packed, int type) {
    static const float zeros[CHUNK];
    int64_t words = words_of(type, K);
#pragma omp parallel for schedule(static) if (N * K >= PARALLEL)
    for (int64_t panel = 0; panel < divide_up(N, PANEL); panel++) {
        char *target = (char *)packed + panel * panel_bytes(type, words);
        for (int64_t k = 0; k < K; k += CHUNK) {
            float buffers[PANEL][CHUNK];
            const void *rows[PANEL];
            int64_t n = at_most(K - k, CHUNK);
            for (int64_t j = 0; j < PANEL; j++) {
                int64_t row = panel * PANEL + j;
                rows[j] = row < N ? inputs_of(weight, weight_type, row * K + k, n, type, buffers[j]) : zeros;
            }
            char *part = target + panel_bytes(type, words_of(type, k));
            if (type == F32 || DOTS) {
                pack_words((const word *const *)rows, words_of(type, n), (word *)part);
            } else {
                pack_halves((const uint16_t *const *)rows, n, (uint16_t *)part);
            }
        }
    }
    return OK;
}

/* x += gate * sums, and where `feature` is not NULL it keeps the sums. */
struct residual {
    const struct modulation *modulation;
    int64_t gate, tokens;
    void *feature;
    int feature_type;
    void *x;
    int x_type;
};

/* A layer's weights and what becomes of the sums. */
struct layer {
    const char *panels;
    int type;
    int64_t K;
    const float *bias;
    int64_t N, columns_of_group;
    int streams; /* whether results are more than the caches keep until they are read */
    int activation;
    void *out; /* or, if it is NULL, `residual` */
    int out_type;
    struct residual residual;
};

/* activation(sums + bias) for one vector of outputs, of which `n` exist. */
static inline __attribute__((always_inline)) vector finish(const struct layer *l, int activation, const float *sums, int64_t column, int64_t n) {
    vector v = load_vector(sums);
    if (l->bias) {
        v += n >= LANES ? load_vector(l->bias + column) : widen_some(l->bias, F32, column, n);
    }
    return activation == GELU_TANH ? gelu_tanh(v) : activation == SILU ? silu(v) : v;
}

static inline __attribute__((always_inline)) void finish_columns(const struct layer *l, int activation, const float *sums, int64_t row, int64_t column,
        int64_t columns) {
    int64_t i = 0, at = row * l->N + column;
    for (; i + 2 * LANES <= columns; i += 2 * LANES) {
        vector v[2] = {finish(l, activation, sums + i, column + i, LANES), finish(l, activation, sums + i + LANES, column + i + LANES, LANES)};
        store_two(l->type, l->streams, l->out, l->out_type, at + i, v);
    }
    for (; i < columns; i += LANES) {
        int64_t n = columns - i;
        vector v = finish(l, activation, sums + i, column + i, n);
        if (n >= LANES) {
            store_product(l->type, l->out, l->out_type, at + i, v);
        } else {
            store_some(l->out, l->out_type, at + i, n, v);
        }
    }
}

static void add_columns(const struct layer *l, const float *sums, int64_t row, int64_t column, int64_t columns) {
    const struct residual *e = &l->residual;
    const void *gates = e->modulation->table;
    int gate_type = (int)e->modulation->type;
    int64_t gate = modulation_at(e->modulation, row / e->tokens, (int)e->gate, l->N) + column;
    for (int64_t i = 0; i < columns; i += LANES) {
        int64_t n = columns - i, at = row * l->N + column + i;
        vector v = finish(l, NONE, sums + i, column + i, n);
        if (n >= LANES) {
            store_vector(e->x, e->x_type, at, widen_vector(e->x, e->x_type, at) + widen_vector(gates, gate_type, gate + i) * v);
            if (e->feature) {
                store_product(l->type, e->feature, e->feature_type, at, v);
            }
        } else {
            store_some(e->x, e->x_type, at, n, widen_some(e->x, e->x_type, at, n) + widen_some(gates, gate_type, gate + i, n) * v);
            if (e->feature) {
                store_some(e->feature, e->feature_type, at, n, v);
            }
        }
    }
}

/* Complete sums, rows MOST_COLUMNS apart, of which the first belongs to a row and a column of the result. */
struct block {
    const struct layer *layer;
    const float *sums;
    int64_t row, column, columns;
};

/* What becomes of a block's row. */
static void finish_row(const void *work, int64_t row) {
    const struct block *b = work;
    const struct layer *l = b->layer;
    const float *sums = b->sums + row * MOST_COLUMNS;
    if (!l->out) {
        add_columns(l, sums, b->row + row, b->column, b->columns);
    } else if (l->activation == GELU_TANH) {
        finish_columns(l, GELU_TANH, sums, b->row + row, b->column, b->columns);
    } else if (l->activation == SILU) {
        finish_columns(l, SILU, sums, b->row + row, b->column, b->columns);
    } else {
        finish_columns(l, NONE, sums, b->row + row, b->column, b->columns);
    }
}

/* Rows first .. first + count - 1 of the result, columns column .. of a group, from rows `step` apart; `later` is the column where the thread's next task may begin. */
static void multiply_task(const struct layer *l, const word *rows, int64_t step, int64_t first, int64_t count, int64_t column, int64_t later) {
    float c[BLOCK_ROWS * MOST_COLUMNS] __attribute__((aligned(64)));
    float widened[DEPTH * PANEL] __attribute__((aligned(64))); /* not with DOTS */
    int64_t columns = at_most(l->N - column, l->columns_of_group), K = words_of(l->type, l->K);
    int64_t depths = divide_up(K, DOTS && l->type == BF16 ? DEPTH_OF_PAIRS : DEPTH), height = divide_up(count, strip_rows(l->type));
    struct amx amx = {0};
    struct block complete;
    struct aside aside = {finish_row, &complete, 0, 0};
    for (int64_t d = 0; d < depths; d++) {
        int64_t k = words_begin(l->type, K, depths, d), end = words_begin(l->type, K, depths, d + 1);
        /* What of the next part each strip fetches. */
        int64_t share = divide_up(panel_bytes(l->type, end - k), height);
        for (int64_t j = 0; j < columns; j += PANEL) {
            const char *part = panel_part(l->panels, l->type, K, column + j, k);
            /* The part of the group's next panel, else the next part of its first, else the next task's. */
            int64_t next_column = j + PANEL < columns ? column + j + PANEL : d + 1 < depths ? column : later;
            int64_t next_k = j + PANEL < columns ? k : d + 1 < depths ? end : 0;
            const char *next = panel_part(l->panels, l->type, K, next_column, next_k);
            for (int64_t s = 0; s < height; s++) {
                int64_t row = part_begin(count, height, s);
                int64_t height_of_strip = part_begin(count, height, s + 1) - row;
                int fresh = DOTS || l->type == F32 || s == 0;
                struct tile t = {
                        .a = rows + row * step + k,
                        .step = step,
                        .panel = fresh ? (const void *)part : widened,
                        .widened = widened,
                        .K = end - k,
                        .c = c + row * MOST_COLUMNS + j,
                        .stride = MOST_COLUMNS,
                        .add = d > 0,
                        .amx = &amx,
                        .aside = &aside,
                };
                bring(&t, next + s * share, share);
                walk(&t, height_of_strip, columns - j, fresh ? l->type : F32);
                if (in_tiles(l->type) && d == depths - 1) {
                    do_rows(&aside, aside.end);
                    complete = (struct block){l, t.c, first + row, column + j, at_most(columns - j, PANEL)};
                    aside.first = 0;
                    aside.end = height_of_strip;
                }
            }
        }
    }
    if (!in_tiles(l->type)) {
        complete = (struct block){l, c, first, column, columns};
        aside.end = count;
    }
    do_rows(&aside, aside.end);
    release(&amx);
}

/* The columns of a group with which the last thread ends first, of so many blocks of rows: twelve groups take eight threads two turns, where eighteen narrower ones take three of two thirds. */
static int64_t columns_of_group(int64_t blocks, int64_t N, int64_t most) {
    int64_t best = most, least = INT64_MAX;
    for (int64_t columns = most; columns > 0; columns -= PANEL) {
        int64_t turns = divide_up(blocks * divide_up(N, columns), omp_get_max_threads());
        if (turns * (columns + TASK_COLUMNS) < least) {
            least = turns * (columns + TASK_COLUMNS);
            best = columns;
        }
    }
    return best;
}

/* The layer over M rows of a. room: float [min(M, PIECE), K + PAD], with K rounded up to 2 TILE */
static void multiply_layer(struct layer *l, const void *a, int64_t M, float *room) {
    int64_t blocks_of_piece = divide_up(at_most(M, PIECE), BLOCK_ROWS), wide = blocks_of_piece * divide_up(l->N, MOST_COLUMNS);
    l->columns_of_group = columns_of_group(blocks_of_piece, l->N, in_tiles(l->type) && wide >= TASKS_OF_THREAD * omp_get_max_threads() ? MOST_COLUMNS : COLUMNS_OF_GROUP);
    l->streams = M * l->N * type_bytes(l->out_type) >= STREAMED;
    int64_t groups = divide_up(l->N, l->columns_of_group), words = words_of(l->type, l->K);
    int in_place = are_words(l->type, l->K) && words % CROWDED != 0;
    int64_t step = in_place ? words : words + PAD;
    for (int64_t piece = 0; piece < M; piece += PIECE) {
        int64_t count = at_most(M - piece, PIECE);
        int64_t blocks = divide_up(count, BLOCK_ROWS);
        const word *rows = in_place ? (const word *)a + piece * step : room;
#pragma omp parallel if (count * l->K * l->N >= PARALLEL * 8)
        {
            if (!in_place) {
#pragma omp for SHARED
                for (int64_t row = 0; row < count; row++) {
                    load_words(a, l->type, (piece + row) * l->K, l->K, room + row * step);
                }
            }
#pragma omp for schedule(dynamic, 1)
            for (int64_t task = 0; task < blocks * groups; task++) {
                int64_t first = part_begin(count, blocks, task % blocks), end = part_begin(count, blocks, task % blocks + 1);
                int64_t later = (task + omp_get_num_threads()) / blocks;
                multiply_task(l, rows + first * step, step, piece + first, end - first, task / blocks * l->columns_of_group, later * l->columns_of_group);
            }
        }
    }
}

/* a: of the weights' type */
int KERNEL(multiply)(const void *a, int64_t M, int64_t K, const void *packed, int type, const float *bias, int64_t N, int activation, void *out, int out_type,
        float *room) {
    struct layer l = {.panels = packed, .type = type, .K = K, .bias = bias, .N = N, .activation = activation, .out = out, .out_type = out_type};
    multiply_layer(&l, a, M, room);
    return OK;
}

/* a: [R, tokens, K] of the weights' type; x and feature: [R, tokens, N] */
int KERNEL(multiply_residual)(const void *a, int64_t R, int64_t tokens, int64_t K, const void *packed, int type, const float *bias, int64_t N,
        const struct modulation *modulation, int gate, void *feature, int feature_type, void *x, int x_type, float *room) {
    int status = modulation_status(modulation, R);
    if (status == OK) {
        struct layer l = {.panels = packed, .type = type, .K = K, .bias = bias, .N = N, .residual = {modulation, gate, tokens, feature, feature_type, x, x_type}};
        multiply_layer(&l, a, R * tokens, room);
    }
    return status;
}
