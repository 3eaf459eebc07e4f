/*
 * Linear layers where oneDNN is not faster: out = activation(a W^T + bias), or x += gate * (a W^T + bias).
 *
 * Operations: 2 M K N. Bytes: weights once for PIECE rows, a and out. Up to some ten rows memory bounds it, from then on the multipliers.
 *
 * Weights are packed once, into panels. Inputs in bfloat16 are widened for each call into rows that begin PAD elements further apart than K; those in float32 are taken as
 * they lie, unless K is a multiple of CROWDED: a power of two would bring all rows of a strip into a few sets of the cache.
 *
 * A panel's part of DEPTH inputs stays in the first-level cache while the strips of a block of rows pass, and the block in the second; meanwhile the part that comes next is
 * fetched. Tasks are a block of rows times a group of panels; threads take one after the other, so that a thread whose core is busy elsewhere takes fewer. Sums start anew
 * every DEPTH inputs and are added up.
 */
#include "panel.h"
#include "tile.h"

#if defined(__AVX512F__)
enum { BLOCK_ROWS = 144 };
#else
enum { BLOCK_ROWS = 72 };
#endif
enum { DEPTH = 256, PIECE = 576, PAD = 16, CROWDED = 512, COLUMNS_OF_GROUP = 96 };

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
    int64_t N;
    int activation;
    void *out; /* or, if it is NULL, `residual` */
    int out_type;
    struct residual residual;
};

/* activation(sums + bias) for one vector of outputs, of which `n` exist. */
static inline __attribute__((always_inline)) vector finish(const struct layer *l, const float *sums, int64_t column, int64_t n) {
    vector v = load_vector(sums);
    if (l->bias && n >= LANES) {
        v += load_vector(l->bias + column);
    } else if (l->bias) {
        float rest[LANES] = {0};
        memcpy(rest, l->bias + column, (size_t)n * sizeof(float));
        v += load_vector(rest);
    }
    return l->activation == GELU_TANH ? gelu_tanh(v) : l->activation == SILU ? silu(v) : v;
}

static void finish_row(const struct layer *l, const float *sums, int64_t row, int64_t column, int64_t columns) {
    for (int64_t i = 0; i < columns; i += LANES) {
        int64_t n = columns - i, at = row * l->N + column + i;
        vector v = finish(l, sums + i, column + i, n);
        if (n >= LANES) {
            store_vector(l->out, l->out_type, at, v);
        } else {
            float rest[LANES];
            *(loose_vector *)rest = v;
            store(l->out, l->out_type, at, n, rest);
        }
    }
}

static void add_row(const struct layer *l, const float *sums, int64_t row, int64_t column, int64_t columns) {
    const struct residual *e = &l->residual;
    const void *gates = e->modulation->table;
    int gate_type = (int)e->modulation->type;
    int64_t gate = modulation_at(e->modulation, row / e->tokens, (int)e->gate, l->N) + column;
    for (int64_t i = 0; i < columns; i += LANES) {
        int64_t n = columns - i, at = row * l->N + column + i;
        vector v = finish(l, sums + i, column + i, n);
        if (n >= LANES) {
            store_vector(e->x, e->x_type, at, widen_vector(e->x, e->x_type, at) + widen_vector(gates, gate_type, gate + i) * v);
            if (e->feature) {
                store_vector(e->feature, e->feature_type, at, v);
            }
        } else {
            float rest[LANES], x[LANES];
            *(loose_vector *)rest = v;
            for (int64_t j = 0; j < n; j++) {
                x[j] = widen_one(e->x, e->x_type, at + j) + widen_one(gates, gate_type, gate + i + j) * rest[j];
            }
            store(e->x, e->x_type, at, n, x);
            if (e->feature) {
                store(e->feature, e->feature_type, at, n, rest);
            }
        }
    }
}

/* Rows first .. first + count - 1 of the result, columns column .. of a group, from rows `step` apart. */
static void multiply_task(const struct layer *l, const float *rows, int64_t step, int64_t first, int64_t count, int64_t column) {
    float c[BLOCK_ROWS * COLUMNS_OF_GROUP] __attribute__((aligned(64)));
    float widened[DEPTH * PANEL] __attribute__((aligned(64)));
    int64_t columns = at_most(l->N - column, COLUMNS_OF_GROUP), K = l->K;
    int64_t depths = divide_up(K, DEPTH), height = divide_up(count, STRIP);
    for (int64_t d = 0; d < depths; d++) {
        int64_t k = part_begin(K, depths, d), end = part_begin(K, depths, d + 1);
        /* What of the next part each strip fetches: few lines at once, many all along, as only so many can be on their way. */
        int64_t share = divide_up(panel_bytes(l->type, end - k), height);
        int64_t fetch = share < 16 * (end - k) ? 64 : divide_up(share, end - k), reach = divide_up(share, fetch);
        for (int64_t j = 0; j < columns; j += PANEL) {
            const char *part = panel_part(l->panels, l->type, K, column + j, k);
            /* The part of the group's next panel, else the next part of its first, else the next group's. */
            int64_t next_column = j + PANEL < columns ? column + j + PANEL : d + 1 < depths ? column : column + COLUMNS_OF_GROUP;
            int64_t next_k = j + PANEL < columns ? k : d + 1 < depths ? end : 0;
            const char *next = panel_part(l->panels, l->type, K, next_column, next_k);
            for (int64_t s = 0; s < height; s++) {
                int64_t row = part_begin(count, height, s);
                int fresh = l->type == F32 || s == 0;
                struct tile t = {
                        .a = rows + row * step + k,
                        .step = step,
                        .panel = fresh ? (const void *)part : widened,
                        .widened = widened,
                        .K = end - k,
                        .c = c + row * COLUMNS_OF_GROUP + j,
                        .stride = COLUMNS_OF_GROUP,
                        .add = d > 0,
                        .next = next + s * share,
                        .fetch = fetch,
                        .reach = reach,
                };
                walk(&t, part_begin(count, height, s + 1) - row, columns - j, fresh ? l->type : F32);
            }
        }
    }
    for (int64_t row = 0; row < count; row++) {
        const float *sums = c + row * COLUMNS_OF_GROUP;
        if (l->out) {
            finish_row(l, sums, first + row, column, columns);
        } else {
            add_row(l, sums, first + row, column, columns);
        }
    }
}

/* The layer over M rows of a. widened: float [min(M, PIECE), K + PAD] */
static void multiply_layer(const struct layer *l, const void *a, int a_type, int64_t M, float *widened) {
    int64_t groups = divide_up(l->N, COLUMNS_OF_GROUP);
    int in_place = a_type == F32 && l->K % CROWDED != 0;
    int64_t step = in_place ? l->K : l->K + PAD;
    for (int64_t piece = 0; piece < M; piece += PIECE) {
        int64_t count = at_most(M - piece, PIECE);
        int64_t blocks = divide_up(count, BLOCK_ROWS);
        const float *rows = in_place ? (const float *)a + piece * l->K : widened;
#pragma omp parallel if (count * l->K * l->N >= PARALLEL * 8)
        {
            if (!in_place) {
#pragma omp for SHARED
                for (int64_t row = 0; row < count; row++) {
                    load_into(a, a_type, (piece + row) * l->K, l->K, widened + row * step);
                }
            }
#pragma omp for schedule(dynamic, 1)
            for (int64_t task = 0; task < blocks * groups; task++) {
                int64_t first = part_begin(count, blocks, task % blocks), end = part_begin(count, blocks, task % blocks + 1);
                multiply_task(l, rows + first * step, step, piece + first, end - first, task / blocks * COLUMNS_OF_GROUP);
            }
        }
    }
}

int KERNEL(multiply)(const void *a, int a_type, int64_t M, int64_t K, const void *packed, int type, const float *bias, int64_t N, int activation, void *out, int out_type,
        float *widened) {
    struct layer l = {.panels = packed, .type = type, .K = K, .bias = bias, .N = N, .activation = activation, .out = out, .out_type = out_type};
    multiply_layer(&l, a, a_type, M, widened);
    return OK;
}

/* a: [R, tokens, K]; x and feature: [R, tokens, N] */
int KERNEL(multiply_residual)(const void *a, int a_type, int64_t R, int64_t tokens, int64_t K, const void *packed, int type, const float *bias, int64_t N,
        const struct modulation *modulation, int gate, void *feature, int feature_type, void *x, int x_type, float *widened) {
    int status = modulation_status(modulation, R);
    if (status == OK) {
        struct layer l = {.panels = packed, .type = type, .K = K, .bias = bias, .N = N, .residual = {modulation, gate, tokens, feature, feature_type, x, x_type}};
        multiply_layer(&l, a, a_type, R * tokens, widened);
    }
    return status;
}
