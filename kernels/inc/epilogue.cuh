// What follows a product while its sums are at hand: bias, activation, gate, residual, and the caches of the module. An epilogue is given four neighbouring channels of a row at a
// time, unrounded.
#pragma once
#include "ladder.cuh"
#include "math.cuh"

// Elements of either type, told at run time: a product has too many tensors to compile each combination, and a branch that all threads take alike costs nothing beside it.
struct Elements {
    void* p;
    bool narrow;

    template <int V>
    DEV void load(i64 at, float (&v)[V]) const {
        narrow ? ::load((const Bf16*)p + at, v) : ::load((const float*)p + at, v);
    }

    template <int V>
    DEV void store(i64 at, const float (&v)[V]) const {
        narrow ? ::store((Bf16*)p + at, v) : ::store((float*)p + at, v);
    }
};

// The bits of an argument `types`: which tensors are bfloat16; a test compares them with dev.clusca.backend.cuda.Narrow.
enum Narrow { NARROW_OUT = 1, NARROW_TABLE = 2, NARROW_FEATURE = 4, NARROW_X = 8, NARROW_LADDER = 16 };

// v += bias, where there is one
template <int V>
DEV void addBias(const float* bias, int column, float (&v)[V]) {
    if (bias) {
        float b[V];
        shared(bias + column, b);
#pragma unroll
        for (int e = 0; e < V; e++) {
            v[e] += b[e];
        }
    }
}

// dev.clusca.backend.Activation, in its order; a test compares the two.
enum Activation { NONE, GELU_TANH, SILU };

// 0.5 (1 + tanh(u)) is 1 / (1 + exp(-2 u)). Where a layer multiplies in bfloat16 and the result is rounded to it, the hardware's tanh is close enough.
template <bool Approximate>
DEV float gelu(float v, bool narrow) {
    const float u = 0.7978845608028654f * (v + 0.044715f * v * v * v);
    if (Approximate && narrow) {
        return 0.5f * v + 0.5f * v * hyperbolicTangent(u);
    }
    return __fdiv_rn(v, 1.f + exponential(-2.f * u));
}

// out = activation(sum + bias)
template <bool Approximate>
struct Activate {
    const float* bias;
    Elements out;
    int activation, M, N;
    bool vector;

    template <int V>
    DEV void apply(int row, int column, float (&v)[V]) const {
        addBias(bias, column, v);
        if (activation == GELU_TANH) {
#pragma unroll
            for (int e = 0; e < V; e++) {
                v[e] = gelu<Approximate>(v[e], out.narrow);
            }
        } else if (activation == SILU) {
#pragma unroll
            for (int e = 0; e < V; e++) {
                v[e] = silu(v[e]);
            }
        }
        out.store((i64)row * N + column, v);
    }
};

// out: [M, N] of the type that `types` tells; bias: [N] or null
template <bool Approximate>
DEV Activate<Approximate> activate(const float* bias, void* out, int M, int N, int activation, int types) {
    return {bias, {out, (types & NARROW_OUT) != 0}, activation, M, N, N % 4 == 0 && aligned(out) && aligned(bias)};
}

// F = sum + bias; feature = F; x += gate F; and the module's ladder takes F in. The feature may be absent, and the ladder.
struct Residual {
    const float* bias;
    Elements table, feature, x, ladder;
    const int* conditions;
    const int* cursor;
    const float* propagated;
    const int* labels;
    int M, N, tokens, count, chunks, gateChunk, clusters, terms;
    float inverse, a;
    bool vector;

    template <int V>
    DEV void apply(int row, int column, float (&v)[V]) const {
        addBias(bias, column, v);
        const i64 at = (i64)row * N + column;
        const int r = row / tokens;
        float gate[V], residual[V];
        table.load((((i64)shared(cursor) * count + shared(conditions + r)) * chunks + gateChunk) * N + column, gate);
        x.load(at, residual);
#pragma unroll
        for (int e = 0; e < V; e++) {
            residual[e] += gate[e] * v[e];
        }
        x.store(at, residual);
        if (feature.p) {
            feature.store(at, v);
        }
        if (ladder.p) {
            // Labels exist once tokens were clustered; until then a is 1.
            const float* u = a != 1.f ? propagated + ((i64)r * clusters + shared(labels + row)) * N + column : nullptr;
            const i64 plane = (i64)M * N;
            ladder.narrow ? takeIn((Bf16*)ladder.p + at, plane, terms, inverse, a, u, v) : takeIn((float*)ladder.p + at, plane, terms, inverse, a, u, v);
        }
    }
};

// table: [steps, count, chunks, N]; feature: [M, N] or null; x: [M, N]; ladder: [planes][M, N] or null; propagated: [M / tokens, clusters, N] and labels: [M], or null
DEV Residual residual(const float* bias, const void* table, const int* conditions, const float* steps, const int* cursor, void* feature, void* x, void* ladder,
                      const float* propagated, const int* labels, const float* retained, int M, int N, int tokens, int count, int chunks, int gateChunk, int planes,
                      int clusters, int types) {
    const Step step(steps, cursor);
    const bool keeps = ladder != nullptr;
    return Residual{bias,
                    {(void*)table, (types & NARROW_TABLE) != 0},
                    {feature, (types & NARROW_FEATURE) != 0},
                    {x, (types & NARROW_X) != 0},
                    {ladder, (types & NARROW_LADDER) != 0},
                    conditions,
                    cursor,
                    propagated,
                    labels,
                    M,
                    N,
                    tokens,
                    count,
                    chunks,
                    gateChunk,
                    clusters,
                    keeps ? step.terms(LADDER_TERMS, planes) : 0,
                    keeps ? 1.f / step[LADDER_DIVISOR] : 0.f,
                    keeps && labels ? Retained(retained, cursor).now : 1.f,
                    N % 4 == 0 && aligned(bias, table, feature, x, ladder, propagated)};
}

// F = sum + bias is a layer's MLP output for the representatives: row m = r K + k is cluster k's of batch row r. As prefix_refresh: U' = (1 - gamma) U + gamma F; S += g_m U';
// corr = g_m (1 - gamma) (F - T0_old); base[n] = (F - U) / a. Rows of empty clusters leave everything as it is.
struct Refresh {
    const float* bias;
    const int* representatives;  // of this layer
    Elements table, base;
    const int* conditions;
    const int* cursor;
    float* propagated;  // U of this layer
    float* spread;      // S
    float* rows;        // of this layer
    int M, N, tokens, clusters, count, chunks, gateChunk;
    float a, ratio;
    bool first, vector;

    template <int V>
    DEV void apply(int row, int column, float (&f)[V]) const {
        const int n = shared(representatives + row);
        if (n < 0) {
            return;
        }
        addBias(bias, column, f);
        const i64 at = (i64)row * N + column;
        const int r = row / clusters;
        float gate[V], u[V] = {}, old[V], all[V] = {}, b[V] = {};
        table.load((((i64)shared(cursor) * count + shared(conditions + r)) * chunks + gateChunk) * N + column, gate);
        if (a != 1.f) {
            load(propagated + at, u);
        }
        if (!first) {
            load(spread + at, all);
        }
        const i64 element = ((i64)r * tokens + n) * N + column;
        if (a != 0) {
            base.load(element, b);
        }
#pragma unroll
        for (int e = 0; e < V; e++) {
            old[e] = u[e] + a * b[e];
            b[e] = (f[e] - u[e]) / a;
        }
        if (a != 0) {
            base.store(element, b);
        }
        float correction[V];
#pragma unroll
        for (int e = 0; e < V; e++) {
            u[e] = (1.f - ratio) * u[e] + ratio * f[e];
            all[e] += gate[e] * u[e];
            correction[e] = gate[e] * (1.f - ratio) * (f[e] - old[e]);
        }
        store(propagated + at, u);
        store(spread + at, all);
        store(rows + at, correction);
    }
};

// representatives: [L, M]; base: [M / clusters, tokens, N] of this layer; propagated, rows: [L, M, N]; spread: [M, N]
DEV Refresh refresh(const float* bias, const int* representatives, const void* table, const int* conditions, const int* cursor, const float* retained, void* base,
                    float* propagated, float* spread, float* rows, int M, int N, int layer, int tokens, int clusters, int count, int chunks, int gateChunk, int types,
                    float ratio) {
    const i64 before = (i64)layer * M;
    return Refresh{bias,
                   representatives + before,
                   {(void*)table, (types & NARROW_TABLE) != 0},
                   {base, (types & NARROW_LADDER) != 0},
                   conditions,
                   cursor,
                   propagated + before * N,
                   spread,
                   rows + before * N,
                   M,
                   N,
                   tokens,
                   clusters,
                   count,
                   chunks,
                   gateChunk,
                   Retained(retained, cursor).now,
                   ratio,
                   layer == 0,
                   N % 4 == 0 && aligned(bias, table, base, propagated, spread, rows)};
}

// Hands four channels to an epilogue, or those of them that exist.
template <class E>
DEV void finish(const E& epilogue, int row, int column, float (&v)[4]) {
    if (row >= epilogue.M) {
        return;
    }
    if (epilogue.vector) {
        if (column < epilogue.N) {
            epilogue.apply(row, column, v);
        }
        return;
    }
#pragma unroll 1
    for (int e = 0; e < 4 && column + e < epilogue.N; e++) {
        // Not v[e]: an index known at run time alone would put v into local memory.
        float one[1] = {e < 2 ? (e ? v[1] : v[0]) : (e == 2 ? v[2] : v[3])};
        epilogue.apply(row, column + e, one);
    }
}
