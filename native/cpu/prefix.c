/*
 * A cached step as one pass over all layers' ladders, and for ClusCa the serial rest on K rows an image. Formulas: PrefixState.java.
 *
 * Bytes    forecast_pass and prefix_pass: (attention terms + MLP terms) L R N C of the ladders' type, each plane once, + 8 R N C of x; prefix_pass emits 4 L R K C
 *          besides. All else: K rows an image.
 * Bound    by memory, so x stays in the second-level cache: a thread takes a tile, some tokens of one batch row, through all layers. A plane's part of a tile is one stretch of
 *          memory, long enough for the processor to fetch ahead. Asking for the next layer's in software made it slower by half on Zen 3; asking for AHEAD bytes further on in the same stretch
 *          makes it faster by a third on Emerald Rapids, where pages end the processor's own fetching.
 */
#include "ladder.h"

/* Elements of x that go through the layers together, whole tokens: 128 KB, or 64 KB. */
#if defined(__AVX512F__)
enum { TILE = 16384, AHEAD = 2048 };
#else
enum { TILE = 32768, AHEAD = 0 };
#endif

/* What is the same for every tile of a pass. */
struct pass {
    const struct layers *layers;
    const struct prefix *prefix; /* NULL for a forecast alone */
    int64_t terms;
    float attention_factors[MAX_TERMS];
    float mlp_factors[MAX_TERMS];
    int64_t mlp_first; /* 1 where base is not read */
    float *x;
};

/* x[c] += gate[c] sum_i factor_i T_i[c] for c < C, with the sum in a register; planes lie `plane` elements apart. */
static inline __attribute__((always_inline)) void add_terms(float *x, int64_t C, const void *gate, int gate_type, int64_t gate_at, const void *ladder, int type, int64_t at,
        int64_t plane, int terms, const float *factors) {
    int64_t c = 0;
    for (; c + LANES <= C; c += LANES) {
        vector sum = {0};
#pragma GCC unroll 5
        for (int i = 0; i < terms; i++) {
            sum += factors[i] * widen_vector(ladder, type, at + i * plane + c);
            if (AHEAD > 0 && (type == F32 || c % (2 * LANES) == 0)) {
                __builtin_prefetch((const char *)element(ladder, type, at + i * plane + c) + AHEAD, 0, 1);
            }
        }
        *(loose_vector *)(x + c) += widen_vector(gate, gate_type, gate_at + c) * sum;
    }
    for (; c < C; c++) {
        float sum = 0;
        for (int i = 0; i < terms; i++) {
            sum += factors[i] * widen_one(ladder, type, at + i * plane + c);
        }
        x[c] += widen_one(gate, gate_type, gate_at + c) * sum;
    }
}

/* The same for the terms from `first` on, each number of terms and type in a loop of its own; the ladder's element `at` is T_0[0]. */
static void add_forecast(float *x, const struct layers *l, int64_t gate_at, const void *ladder, int64_t at, int64_t plane, int64_t first, int64_t terms, const float *factors) {
#define CLUSCA_ADD(count)                                                                                                                                      \
    case count:                                                                                                                                                \
        if (l->type == F32) {                                                                                                                                  \
            add_terms(x, l->C, l->modulation.table, (int)l->modulation.type, gate_at, ladder, F32, at + first * plane, plane, count, factors + first);         \
        } else {                                                                                                                                               \
            add_terms(x, l->C, l->modulation.table, (int)l->modulation.type, gate_at, ladder, BF16, at + first * plane, plane, count, factors + first);        \
        }                                                                                                                                                      \
        break
    switch (terms - first) {
        CLUSCA_ADD(1);
        CLUSCA_ADD(2);
        CLUSCA_ADD(3);
        CLUSCA_ADD(4);
        CLUSCA_ADD(5);
    }
#undef CLUSCA_ADD
}

/* Tokens first .. first + count - 1 of batch row r through all layers. */
static void pass_tile(const struct pass *p, int64_t r, int64_t first, int64_t count) {
    const struct layers *l = p->layers;
    int64_t C = l->C, plane = l->R * l->N * C, ladder = l->planes * plane;
    for (int64_t layer = 0; layer < l->L; layer++) {
        int64_t gates = layer * l->table_stride;
        int64_t attention_gate = gates + modulation_at(&l->modulation, r, (int)l->attention_gate, C);
        int64_t mlp_gate = gates + modulation_at(&l->modulation, r, (int)l->mlp_gate, C);
        for (int64_t n = first; n < first + count; n++) {
            int64_t in_plane = (r * l->N + n) * C, at = layer * ladder + in_plane;
            float *x = p->x + in_plane;
            add_forecast(x, l, attention_gate, l->attention, at, plane, 0, p->terms, p->attention_factors);
            if (p->prefix) {
                int64_t row = (layer * l->R + r) * p->prefix->K + p->prefix->labels[r * l->N + n];
                if (p->prefix->representatives[row] == n) {
                    memcpy(p->prefix->rows + row * C, x, (size_t)C * sizeof(float));
                }
            }
            add_forecast(x, l, mlp_gate, l->mlp, at, plane, p->mlp_first, p->terms, p->mlp_factors);
        }
    }
}

static void run_pass(const struct pass *p) {
    const struct layers *l = p->layers;
    int64_t tokens = TILE / l->C > 0 ? TILE / l->C : 1;
    int64_t tiles = (l->N + tokens - 1) / tokens;
#pragma omp parallel for schedule(dynamic, 1) if (l->L * l->R * l->N * l->C >= PARALLEL)
    for (int64_t tile = 0; tile < l->R * tiles; tile++) {
        int64_t first = tile % tiles * tokens;
        pass_tile(p, tile / tiles, first, at_most(l->N - first, tokens));
    }
}

/* The step's row, or NULL with `status` set. */
static const float *pass_of(const struct layers *l, float *x, struct pass *p, int *status) {
    *status = modulation_status(&l->modulation, l->R);
    if (*status != OK) {
        return NULL;
    }
    const float *step = step_row(&l->modulation.steps);
    *p = (struct pass){.layers = l, .terms = terms(step, TERMS, l->planes), .x = x};
    if (p->terms == 0) {
        *status = TERMS_OUTSIDE;
        return NULL;
    }
    memcpy(p->attention_factors, step + FACTOR_0, sizeof p->attention_factors);
    memcpy(p->mlp_factors, step + FACTOR_0, sizeof p->mlp_factors);
    return step;
}

int KERNEL(forecast_pass)(const struct layers *layers, float *x) {
    struct pass p;
    int status;
    if (pass_of(layers, x, &p, &status)) {
        run_pass(&p);
    }
    return status;
}

/* ---- ClusCa */

/* a before this step, and in it. */
struct share {
    float before, now;
};

static struct share share_at(const struct prefix *p, const struct steps *steps) {
    const float *row = p->retained + 2 * (int64_t)*steps->cursor;
    return (struct share){row[0], row[1]};
}

static int labels_status(const struct prefix *p) {
    return index_status(p->labels, p->R * p->N, 0, p->K);
}

static int representatives_status(const struct prefix *p) {
    return index_status(p->representatives, p->L * p->R * p->K, -1, p->N);
}

/* The row of U, [L, R, K], that token n of batch row r has in a layer. */
static int64_t row_of(const struct prefix *p, int64_t layer, int64_t r, int64_t n) {
    return (layer * p->R + r) * p->K + p->labels[r * p->N + n];
}

/* T0 of C elements from `at` on, whose row of U is u. */
static const float *order_zero(float a, const void *ladder, int type, int64_t at, const float *u, int64_t n, float *buffer) {
    if (a == 0) {
        return u;
    }
    const float *base = load(ladder, type, at, n, buffer);
    if (a == 1) {
        return base;
    }
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        buffer[k] = a * base[k] + u[k];
    }
    return buffer;
}

int KERNEL(prefix_materialise)(const struct layers *layers, const struct prefix *p) {
    if (!step_row(&layers->modulation.steps)) {
        return CURSOR_OUTSIDE;
    }
    struct share a = share_at(p, &layers->modulation.steps);
    if (a.before == a.now) {
        return OK;
    }
    int status = labels_status(p);
    if (status != OK) {
        return status;
    }
    int64_t C = p->C, plane = p->R * p->N * C;
#pragma omp parallel for SHARED
    for (int64_t row = 0; row < p->L * p->R * p->N; row++) {
        int64_t layer = row / (p->R * p->N), token = row % (p->R * p->N);
        int64_t at = layer * layers->planes * plane + token * C;
        const float *u = p->propagated + row_of(p, layer, token / p->N, token % p->N) * C;
        for (int64_t c = 0; c < C; c += CHUNK) {
            float buffer[CHUNK];
            int64_t n = at_most(C - c, CHUNK);
            store(layers->mlp, (int)layers->type, at + c, n, order_zero(a.before, layers->mlp, (int)layers->type, at + c, u + c, n, buffer));
        }
    }
    return OK;
}

int KERNEL(prefix_pass)(const struct layers *layers, const struct prefix *prefix, float *x) {
    struct pass p;
    int status;
    if (!pass_of(layers, x, &p, &status)) {
        return status;
    }
    status = labels_status(prefix);
    if (status == OK) {
        status = representatives_status(prefix);
    }
    if (status != OK) {
        return status;
    }
    float share = share_at(prefix, &layers->modulation.steps).now;
    p.prefix = prefix;
    p.mlp_factors[0] = (1.0f - (float)prefix->ratio) * share;
    p.mlp_first = share == 0 ? 1 : 0;
    run_pass(&p);
    for (int64_t i = 0; i < prefix->L * prefix->R * prefix->K; i++) {
        if (prefix->representatives[i] < 0) {
            memset(prefix->rows + i * prefix->C, 0, (size_t)prefix->C * sizeof(float));
        }
    }
    return OK;
}

/* out[c] += the corrections that token n has from the first layers; `row` is its cluster's row of layer 0. */
static void add_corrections(const struct prefix *p, int64_t row, int64_t layers, int64_t n, float *out) {
    for (int64_t layer = 0; layer < layers; layer++) {
        int64_t at = layer * p->R * p->K + row;
        if (p->representatives[at] == n) {
            const float *correction = p->rows + at * p->C;
#pragma omp simd
            for (int64_t c = 0; c < p->C; c++) {
                out[c] += correction[c];
            }
        }
    }
}

static void add_row(float *out, const float *row, int64_t n) {
#pragma omp simd
    for (int64_t c = 0; c < n; c++) {
        out[c] += row[c];
    }
}

int KERNEL(prefix_gather)(const struct prefix *p, int64_t layer, float *out) {
    int64_t RK = p->R * p->K, C = p->C;
#pragma omp parallel for SHARED if (RK * C >= PARALLEL / 4)
    for (int64_t row = 0; row < RK; row++) {
        int32_t n = p->representatives[layer * RK + row];
        memcpy(out + row * C, p->rows + (layer * RK + row) * C, (size_t)C * sizeof(float));
        if (layer > 0 && n >= 0) {
            add_row(out + row * C, p->spread + row * C, C);
            add_corrections(p, row, layer, n, out + row * C);
        }
    }
    return OK;
}

int KERNEL(prefix_refresh)(const void *fresh, int fresh_type, const struct layers *layers, const struct prefix *p, int64_t layer) {
    int status = modulation_status(&layers->modulation, layers->R);
    if (status == OK) {
        status = representatives_status(p);
    }
    if (status != OK) {
        return status;
    }
    int64_t RK = p->R * p->K, C = p->C, type = layers->type;
    float a = share_at(p, &layers->modulation.steps).now, gamma = (float)p->ratio;
#pragma omp parallel for SHARED if (RK * C >= PARALLEL / 4)
    for (int64_t row = 0; row < RK; row++) {
        int32_t n = p->representatives[layer * RK + row];
        int64_t r = row / p->K;
        int64_t base_at = layer * layers->planes * p->R * p->N * C + (r * p->N + n) * C;
        int64_t gate_at = layer * layers->table_stride + modulation_at(&layers->modulation, r, (int)layers->mlp_gate, C);
        for (int64_t c = 0; c < C && n >= 0; c += CHUNK) {
            float fresh_buffer[CHUNK], gate_buffer[CHUNK], base_buffer[CHUNK], old_u[CHUNK] = {0};
            int64_t count = at_most(C - c, CHUNK);
            const float *f = load(fresh, fresh_type, row * C + c, count, fresh_buffer);
            const float *gate = load(layers->modulation.table, (int)layers->modulation.type, gate_at + c, count, gate_buffer);
            float *u = p->propagated + (layer * RK + row) * C + c;
            float *spread = p->spread + row * C + c, *correction = p->rows + (layer * RK + row) * C + c;
            if (a != 1) {
                memcpy(old_u, u, (size_t)count * sizeof(float));
            }
            const float *base = a == 0 ? old_u : load(layers->mlp, (int)type, base_at + c, count, base_buffer);
            float *based = place(layers->mlp, (int)type, base_at + c, base_buffer);
            for (int64_t k = 0; k < count; k++) {
                float old = a == 0 ? old_u[k] : a * base[k] + old_u[k];
                float next = (1.0f - gamma) * old_u[k] + gamma * f[k];
                u[k] = next;
                spread[k] = (layer == 0 ? 0.0f : spread[k]) + gate[k] * next;
                correction[k] = gate[k] * (1.0f - gamma) * (f[k] - old);
            }
            if (a != 0) {
                for (int64_t k = 0; k < count; k++) {
                    based[k] = (f[k] - old_u[k]) / a;
                }
                store(layers->mlp, (int)type, base_at + c, count, based);
            }
        }
    }
    return OK;
}

int KERNEL(prefix_close)(const struct prefix *p, float *x) {
    int status = labels_status(p);
    if (status != OK) {
        return status;
    }
#pragma omp parallel for SHARED if (p->R * p->N * p->C >= PARALLEL)
    for (int64_t token = 0; token < p->R * p->N; token++) {
        int64_t row = row_of(p, 0, token / p->N, token % p->N);
        add_row(x + token * p->C, p->spread + row * p->C, p->C);
        add_corrections(p, row, p->L, token % p->N, x + token * p->C);
    }
    return OK;
}

int KERNEL(prefix_update)(const void *feature, int feature_type, const struct layers *layers, const struct prefix *p, int64_t layer) {
    const float *step = step_row(&layers->modulation.steps);
    if (!step) {
        return CURSOR_OUTSIDE;
    }
    int64_t count = terms(step, LADDER_TERMS, layers->planes);
    if (count == 0) {
        return TERMS_OUTSIDE;
    }
    float a = share_at(p, &layers->modulation.steps).now, divisor = step[LADDER_DIVISOR];
    if (count > 1 && a != 1) {
        int status = labels_status(p);
        if (status != OK) {
            return status;
        }
    }
    int64_t C = p->C, plane = p->R * p->N * C, ladder = layer * layers->planes * plane, piece = ladder_piece(plane) / C + 1;
#pragma omp parallel for schedule(dynamic, piece) if (plane >= PARALLEL)
    for (int64_t token = 0; token < p->R * p->N; token++) {
        const float *u = count > 1 && a != 1 ? p->propagated + row_of(p, layer, token / p->N, token % p->N) * C : NULL;
        update_planes(feature, feature_type, token * C, layers->mlp, (int)layers->type, ladder + token * C, plane, count, 1.0f / divisor, a, u, C);
    }
    return OK;
}
