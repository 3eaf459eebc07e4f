// The fast order of a cached ClusCa step (PrefixPass): everything but the representatives' MLPs is known when the step begins, so one pass reads every cached plane once with
// x in registers; then the layers follow each other on K rows an image.
//
// The MLP's order 0 stays implicit, T0[n] = a base[n] + U[label(n)]: base is plane 0 of its ladder, a = (1 - gamma)^s after s cached steps, U = 0 after a full step. As a is
// known before the run it is no device state but a table, retained[step] = (as the last step left it, as this step uses it); they differ, the second being 1, where
// prefix_materialise makes T0 explicit first. a = 1 says that U is zero: U is not read. a = 0 (gamma = 1) says that base is not read.
// d is the signed distance to the last full step, A_l(d) = sum_i d^i/i! TA_i, M_l(d) = sum_{i >= 1} d^i/i! TM_i, a' = (1 - gamma) a; for layer l:
//
//   prefix_materialise  base = a base + U[label], of all layers, if retained says so
//   prefix_pass         P_{l+1} = P_l + g_a A_l(d) + g_m (a' base_l + M_l(d)), P_0 = x; rows[l, r, k] = P_l + g_a A_l(d) at representatives; x = P_L at the end
//   prefix_gather       out[r, k] = rows[l, r, k] + S[r, k] + corr of earlier layers that had the same representative
//   prefix_gather_norm  the same, and LN(out) (1 + scale) + shift of it: what the MLP multiplies
//   prefix_refresh      with F = MLP(out): U' = (1 - gamma) U + gamma F; S += g_m U'; corr = g_m (1 - gamma) (F - T0_old); base[n] = (F - U) / a
//   prefix_close        x = P_L + S[label] + corr of all layers that had the token as representative
//   prefix_update       the ladder update of a full step for the MLP: as ladder_update with T_0 = a base + U[label], labels and U still the old ones
//
// corr has no plane of its own: a row's correction replaces what the pass emitted for it, rows[l, r, k], once that is used; whoever needs a token's corrections looks in the
// list of representatives for the layers that drew it, in the order of layers, so that sums have one order.
//
// Bytes    pass: (attention terms + MLP terms) L R N C sizeof T + 8 R N C + 4 L R K C; 5 terms, 28 layers, bf16, 2 x 256 x 1152: 337 MB. All else: K rows an image.
// FLOPs    2 an element and plane, so the pass is bound by memory.
// Tiling   pass: a thread holds 4 channels of 2 tokens and walks the layers; the 2 x 5 planes of a layer are 10 independent loads a token. 1 channel where C is no multiple
//          of 4 or a tensor does not begin at 16 bytes. The number of terms is the same for all threads; each has its own loop. The others: a thread
//          4 channels of a row, or 1.
//
// launch prefix_materialise: block 256; any grid of height R and depth L, best (ceil(N * C / 1024), R, L)
// launch prefix_pass: block 128; any grid of height R, best (ceil(ceil(N / 2) * C / 512), R)
// launch prefix_gather: block 256; any grid, best (ceil(R * K * C / 1024))
// launch prefix_gather_norm: block 256; grid (R * K); C <= 4096
// launch prefix_refresh: block 256; any grid, best (ceil(R * K * C / 1024))
// launch prefix_close: block 256; any grid of height R, best (ceil(N * C / 1024), R)
// launch prefix_update: block 256; any grid of height R, best (ceil(N * C / 1024), R)
//
// Predicted on an H200 (4.3 TB/s, from bytes, not measured), 5 terms, 28 layers, bf16 ladders, 256 x 1152: pass of 2 rows 78 us, of 64 rows 2.5 ms; the row kernels a launch
// each at 2 rows, 3 us at 64.
#include "inc/epilogue.cuh"
#include "inc/gather.cuh"

static constexpr int PASS_BLOCK = 128;
static constexpr int TOKENS = 2;  // tokens of a thread in the pass

// ---- the pass

// Ladders lie [L][planes][R, N, C], layers `stride` elements apart; modulations [L][steps, count, chunks, C], `tableStride` apart.
template <class T, class M>
struct Pass {
    const T* attention;
    const T* mlp;
    const M* gates;  // of layer 0, this step and batch row
    const int* labels;
    const int* representatives;
    float* x;
    float* rows;
    i64 stride, tableStride, plane;
    int L, N, C, K, attentionChunk, mlpChunk;
    float share;  // a'
};

// sum += factor_i T_i for i from First on
template <int V, int First, int Terms, class T>
DEV void addTerms(const T* ladder, i64 plane, const float (&factor)[MAX_TERMS], float (&sum)[V]) {
    float term[Terms][V];
#pragma unroll
    for (int i = First; i < Terms; i++) {
        streamed(ladder + i * plane, term[i]);
    }
#pragma unroll
    for (int i = First; i < Terms; i++) {
#pragma unroll
        for (int e = 0; e < V; e++) {
            sum[e] += factor[i] * term[i][e];
        }
    }
}

template <int V, int Terms, class T, class M>
DEV void passTokens(const Pass<T, M>& p, const float (&factor)[MAX_TERMS]) {
    const u32 chunks = p.C / V;
    const u32 groups = (p.N + TOKENS - 1) / TOKENS;
    const int r = blockIdx.y;
    for (u32 item = blockIdx.x * PASS_BLOCK + threadIdx.x; item < groups * chunks; item += gridDim.x * PASS_BLOCK) {
        const int first = item / chunks * TOKENS;
        const int c = item % chunks * V;
        float x[TOKENS][V];
        int label[TOKENS];
        i64 at[TOKENS];
#pragma unroll
        for (int t = 0; t < TOKENS; t++) {
            // An odd last token is computed twice and stored once.
            const int n = min(first + t, p.N - 1);
            at[t] = ((i64)r * p.N + n) * p.C + c;
            label[t] = p.K > 0 ? shared(p.labels + (i64)r * p.N + n) : 0;
            load(p.x + at[t], x[t]);
        }
        for (int l = 0; l < p.L; l++) {
            const M* gates = p.gates + l * p.tableStride + c;
            float attentionGate[V], mlpGate[V];
            shared(gates + (i64)p.attentionChunk * p.C, attentionGate);
            shared(gates + (i64)p.mlpChunk * p.C, mlpGate);
#pragma unroll
            for (int t = 0; t < TOKENS; t++) {
                float sum[V] = {};
                addTerms<V, 0, Terms>(p.attention + l * p.stride + at[t], p.plane, factor, sum);
#pragma unroll
                for (int e = 0; e < V; e++) {
                    x[t][e] += attentionGate[e] * sum[e];
                }
                const i64 row = ((i64)l * gridDim.y + r) * p.K + label[t];
                if (p.K > 0 && first + t < p.N && shared(p.representatives + row) == first + t) {
                    store(p.rows + row * p.C + c, x[t]);
                }
                float rest[V] = {};
                if (p.share != 0) {
                    streamed(p.mlp + l * p.stride + at[t], rest);
#pragma unroll
                    for (int e = 0; e < V; e++) {
                        rest[e] *= p.share;
                    }
                }
                addTerms<V, 1, Terms>(p.mlp + l * p.stride + at[t], p.plane, factor, rest);
#pragma unroll
                for (int e = 0; e < V; e++) {
                    x[t][e] += mlpGate[e] * rest[e];
                }
            }
        }
#pragma unroll
        for (int t = 0; t < TOKENS; t++) {
            if (first + t < p.N) {
                store(p.x + at[t], x[t]);
            }
        }
    }
}

template <int V, class T, class M>
DEV void passTerms(const Pass<T, M>& p, int terms, const float (&factor)[MAX_TERMS]) {
    switch (terms) {
        case 1: passTokens<V, 1>(p, factor); break;
        case 2: passTokens<V, 2>(p, factor); break;
        case 3: passTokens<V, 3>(p, factor); break;
        case 4: passTokens<V, 4>(p, factor); break;
        default: passTokens<V, 5>(p, factor); break;
    }
}

// x: [R, N, C], x_0 before and P_L after; rows: [L, R, K, C], wholly written; R is the grid's height. K = 0 is a forecast alone: retained, labels, representatives and rows
// are not touched.
template <class T, class M>
DEV void prefixPass(const T* attention, const T* mlp, const M* table, const int* conditions, const float* steps, const int* cursor, const float* retained,
                    const int* labels, const int* representatives, float* x, float* rows, i64 stride, i64 tableStride, int planes, int L, int N, int C, int K,
                    int count, int chunks, int attentionChunk, int mlpChunk, float ratio) {
    const Step step(steps, cursor);
    const int terms = step.terms(TERMS, planes);
    float factor[MAX_TERMS];
#pragma unroll
    for (int i = 0; i < MAX_TERMS; i++) {
        factor[i] = i < terms ? step[FACTOR_0 + i] : 0.f;
    }
    const i64 plane = (i64)gridDim.y * N * C;
    const Pass<T, M> p{attention,      mlp,
                       modulations(table, conditions, cursor, blockIdx.y, count, chunks, C),
                       labels,         representatives,
                       x,              rows,
                       stride,         tableStride,
                       plane,          L,
                       N,              C,
                       K,              attentionChunk,
                       mlpChunk,       K > 0 ? (1.f - ratio) * Retained(retained, cursor).now : factor[0]};
    if (C % 4 == 0 && stride % 4 == 0 && tableStride % 4 == 0 && aligned(attention, mlp, table, x, rows)) {
        passTerms<4>(p, terms, factor);
    } else {
        passTerms<1>(p, terms, factor);
    }
    // Rows of empty clusters are zeros.
    for (i64 i = blockIdx.x; i < (i64)L * K; i += gridDim.x) {
        const i64 row = (i / K * gridDim.y + blockIdx.y) * K + i % K;
        if (shared(representatives + row) < 0) {
            for (int c = threadIdx.x; c < C; c += PASS_BLOCK) {
                rows[row * C + c] = 0;
            }
        }
    }
}

// ---- the chain over layers, on the representatives' rows

// Calls body(row, c) for the V channels from c on of each of `rows` rows that belong to this thread.
template <int V, class Body>
DEV void rowChannels(i64 rows, int C, Body body) {
    const i64 chunks = C / V;
    for (i64 i = (i64)blockIdx.x * BLOCK + threadIdx.x; i < rows * chunks; i += (i64)gridDim.x * BLOCK) {
        const i64 row = i / chunks;
        body(row, (int)(i - row * chunks) * V);
    }
}

// The corrections that token n has from the first `layers` layers; `row` is its cluster's row of layer 0 and layers lie RK rows apart.
template <int V>
DEV void corrections(const float* rows, const int* representatives, i64 row, i64 RK, int layers, int n, int C, int c, float (&sum)[V]) {
#pragma unroll
    for (int e = 0; e < V; e++) {
        sum[e] = 0;
    }
    for (int l = 0; l < layers; l++) {
        if (shared(representatives + l * RK + row) == n) {
            float correction[V];
            load(rows + (l * RK + row) * C + c, correction);
#pragma unroll
            for (int e = 0; e < V; e++) {
                sum[e] += correction[e];
            }
        }
    }
}

template <int V>
DEV void gatherElements(const float* rows, const int* representatives, const float* spread, float* out, int layer, i64 RK, int C) {
    rowChannels<V>(RK, C, [&](i64 row, int c) {
        const int n = shared(representatives + layer * RK + row);
        float value[V];
        load(rows + (layer * RK + row) * C + c, value);
        if (layer > 0 && n >= 0) {
            float sum[V], all[V];
            corrections(rows, representatives, row, RK, layer, n, C, c, sum);
            load(spread + row * C + c, all);
#pragma unroll
            for (int e = 0; e < V; e++) {
                value[e] += all[e] + sum[e];
            }
        }
        store(out + row * C + c, value);
    });
}

// rows, representatives: [L, R, K(, C)]; spread (S): [R, K, C], not read at layer 0; out: [R, K, C]
extern "C" __global__ void __launch_bounds__(256)
    prefix_gather(const float* rows, const int* representatives, const float* spread, float* out, int layer, int R, int K, int C) {
    if (C % 4 == 0 && aligned(rows, spread, out)) {
        gatherElements<4>(rows, representatives, spread, out, layer, (i64)R * K, C);
    } else {
        gatherElements<1>(rows, representatives, spread, out, layer, (i64)R * K, C);
    }
}

static constexpr int WIDEST = 4096;  // channels of a row that prefix_gather_norm keeps in shared memory

template <int V, class M, class O>
DEV void gatherNorm(float* kept, Gathering& gathering, const float* rows, const int* representatives, const float* spread, const M* modulation, O* out, int layer, i64 RK,
                    int C, int shiftChunk, int scaleChunk, float epsilon) {
    const i64 row = blockIdx.x;
    const Moments moments = gatherRow<V>(gathering, kept, rows, representatives, spread, layer, row, RK, C, epsilon);
#pragma unroll 1
    for (int c = threadIdx.x * V; c < C; c += BLOCK * V) {
        float value[V], shift[V], scale[V];
        load(kept + c, value);
        shared(modulation + (i64)shiftChunk * C + c, shift);
        shared(modulation + (i64)scaleChunk * C + c, scale);
#pragma unroll
        for (int e = 0; e < V; e++) {
            value[e] = (value[e] - moments.mean) * moments.inverse * (1.f + scale[e]) + shift[e];
        }
        store(out + row * C + c, value);
    }
}

// A block a row. out: [R, K, C]
template <class M, class O>
DEV void prefixGatherNorm(const float* rows, const int* representatives, const float* spread, const M* table, const int* conditions, const int* cursor, O* out,
                          int layer, int R, int K, int C, int count, int chunks, int shiftChunk, int scaleChunk, float epsilon) {
    __shared__ __align__(16) float kept[WIDEST];
    __shared__ Gathering gathering;
    const M* const modulation = modulations(table, conditions, cursor, (int)blockIdx.x / K, count, chunks, C);
    if (C % 4 == 0 && aligned(rows, spread, table, out)) {
        gatherNorm<4>(kept, gathering, rows, representatives, spread, modulation, out, layer, (i64)R * K, C, shiftChunk, scaleChunk, epsilon);
    } else {
        gatherNorm<1>(kept, gathering, rows, representatives, spread, modulation, out, layer, (i64)R * K, C, shiftChunk, scaleChunk, epsilon);
    }
}

// fresh (F): [R, K, C]; the rest as in inc/epilogue.cuh, which a product applies to its sums
template <int V>
DEV void refreshElements(Elements fresh, const Refresh& refresh) {
    rowChannels<V>(refresh.M, refresh.N, [&](i64 row, int c) {
        float f[V];
        fresh.load(row * refresh.N + c, f);
        refresh.apply((int)row, c, f);
    });
}

extern "C" __global__ void __launch_bounds__(256, 3)
    prefix_refresh(const void* fresh, const int* representatives, const void* table, const int* conditions, const int* cursor, const float* retained, void* base,
                   float* propagated, float* spread, float* rows, int layer, int R, int N, int K, int C, int count, int chunks, int gateChunk, int types, float ratio) {
    const Elements values{(void*)fresh, (types & NARROW_FEATURE) != 0};
    const Refresh all =
        refresh(nullptr, representatives, table, conditions, cursor, retained, base, propagated, spread, rows, R * K, C, layer, N, K, count, chunks, gateChunk, types, ratio);
    if (all.vector && aligned(fresh)) {
        refreshElements<4>(values, all);
    } else {
        refreshElements<1>(values, all);
    }
}

template <int V>
DEV void closeElements(const float* rows, const int* representatives, const int* labels, const float* spread, float* x, int L, int N, int K, int C) {
    const i64 r = blockIdx.y;
    rowChannels<V>(N, C, [&](i64 n, int c) {
        const i64 row = r * K + shared(labels + r * N + n);
        float sum[V], all[V], value[V];
        load(x + (r * N + n) * C + c, value);
        load(spread + row * C + c, all);
        corrections(rows, representatives, row, (i64)gridDim.y * K, L, (int)n, C, c, sum);
#pragma unroll
        for (int e = 0; e < V; e++) {
            value[e] += all[e] + sum[e];
        }
        store(x + (r * N + n) * C + c, value);
    });
}

// x: [R, N, C], P_L before and x_L after; R is the grid's height
extern "C" __global__ void __launch_bounds__(256) prefix_close(const float* rows, const int* representatives, const int* labels, const float* spread, float* x, int L,
                                                               int N, int K, int C) {
    if (C % 4 == 0 && aligned(rows, spread, x)) {
        closeElements<4>(rows, representatives, labels, spread, x, L, N, K, C);
    } else {
        closeElements<1>(rows, representatives, labels, spread, x, L, N, K, C);
    }
}

// ---- making T0 explicit

template <int V, class T>
DEV void materialiseElements(T* base, const float* propagated, const int* labels, float a, int N, int K, int C) {
    const i64 r = blockIdx.y;
    rowChannels<V>(N, C, [&](i64 n, int c) {
        T* const element = base + (r * N + n) * C + c;
        float value[V];
        load(element, value);
        orderZero(a, propagated + (r * K + shared(labels + r * N + n)) * C + c, value);
        store(element, value);
    });
}

// base: [L][R, N, C], layers `stride` elements apart; propagated: [L, R, K, C]; R and L are the grid's height and depth
template <class T>
DEV void prefixMaterialise(T* base, const float* propagated, const int* labels, const int* cursor, const float* retained, i64 stride, int N, int K, int C) {
    const Retained a(retained, cursor);
    if (a.before == a.now) {
        return;
    }
    base += blockIdx.z * stride;
    propagated += (i64)blockIdx.z * gridDim.y * K * C;
    if (C % 4 == 0 && aligned(base, propagated)) {
        materialiseElements<4>(base, propagated, labels, a.before, N, K, C);
    } else {
        materialiseElements<1>(base, propagated, labels, a.before, N, K, C);
    }
}

template <int V, class F, class T>
DEV void updateElements(const F* feature, T* ladder, const float* propagated, const int* labels, float a, int terms, float inverse, int N, int K, int C) {
    const i64 plane = (i64)gridDim.y * N * C;
    const i64 r = blockIdx.y;
    rowChannels<V>(N, C, [&](i64 n, int c) {
        const i64 at = (r * N + n) * C + c;
        float now[V];
        load(feature + at, now);  // may be the ladder's only plane, so not by the cache for what nobody writes
        takeIn(ladder + at, plane, terms, inverse, a, terms > 1 && a != 1.f ? propagated + (r * K + shared(labels + r * N + n)) * C + c : nullptr, now);
    });
}

// feature: [R, N, C]; ladder: [planes][R, N, C]; propagated: [R, K, C] of this layer; R is the grid's height
template <class F, class T>
DEV void prefixUpdate(const F* feature, T* ladder, const float* propagated, const int* labels, const float* steps, const int* cursor, const float* retained, int planes,
                      int N, int K, int C) {
    const Step step(steps, cursor);
    const int terms = step.terms(LADDER_TERMS, planes);
    const float inverse = 1.f / step[LADDER_DIVISOR];
    const float a = Retained(retained, cursor).now;
    if (C % 4 == 0 && aligned(feature, ladder, propagated)) {
        updateElements<4>(feature, ladder, propagated, labels, a, terms, inverse, N, K, C);
    } else {
        updateElements<1>(feature, ladder, propagated, labels, a, terms, inverse, N, K, C);
    }
}

#define PREFIX_PASS(T, M, blocks, types)                                                                                                           \
    extern "C" __global__ void __launch_bounds__(128, blocks) prefix_pass_##types(                                                              \
        const T* attention, const T* mlp, const M* table, const int* conditions, const float* steps, const int* cursor,                    \
        const float* retained, const int* labels, const int* representatives, float* x, float* rows, i64 stride, i64 tableStride,          \
        int planes, int L, int N, int C, int K, int count, int chunks, int attentionChunk, int mlpChunk, float ratio) {                    \
        prefixPass(attention, mlp, table, conditions, steps, cursor, retained, labels, representatives, x, rows, stride, tableStride,      \
                   planes, L, N, C, K, count, chunks, attentionChunk, mlpChunk, ratio);                                                    \
    }
#define PREFIX_MATERIALISE(T, types)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(256, 4)                                                                                   \
        prefix_materialise_##types(T* base, const float* propagated, const int* labels, const int* cursor, const float* retained,          \
                                   i64 stride, int N, int K, int C) {                                                                      \
        prefixMaterialise(base, propagated, labels, cursor, retained, stride, N, K, C);                                                    \
    }
#define PREFIX_UPDATE(F, T, types)                                                                                                         \
    extern "C" __global__ void __launch_bounds__(256, 4) prefix_update_##types(                                                            \
        const F* feature, T* ladder, const float* propagated, const int* labels, const float* steps, const int* cursor,                    \
        const float* retained, int planes, int N, int K, int C) {                                                                          \
        prefixUpdate(feature, ladder, propagated, labels, steps, cursor, retained, planes, N, K, C);                                       \
    }

#define PREFIX_GATHER_NORM(M, O, types)                                                                                                    \
    extern "C" __global__ void __launch_bounds__(256, 4) prefix_gather_norm_##types(                                                       \
        const float* rows, const int* representatives, const float* spread, const M* table, const int* conditions, const int* cursor,      \
        O* out, int layer, int R, int K, int C, int count, int chunks, int shiftChunk, int scaleChunk, float epsilon) {                    \
        prefixGatherNorm(rows, representatives, spread, table, conditions, cursor, out, layer, R, K, C, count, chunks, shiftChunk,         \
                         scaleChunk, epsilon);                                                                                             \
    }

PREFIX_PASS(float, float, 3, f32_f32)
PREFIX_PASS(float, Bf16, 3, f32_bf16)
PREFIX_PASS(Bf16, float, 4, bf16_f32)
PREFIX_PASS(Bf16, Bf16, 4, bf16_bf16)

PREFIX_MATERIALISE(float, f32)
PREFIX_MATERIALISE(Bf16, bf16)

PREFIX_UPDATE(float, float, f32_f32)
PREFIX_UPDATE(float, Bf16, f32_bf16)
PREFIX_UPDATE(Bf16, float, bf16_f32)
PREFIX_UPDATE(Bf16, Bf16, bf16_bf16)

PREFIX_GATHER_NORM(float, float, f32_f32)
PREFIX_GATHER_NORM(float, Bf16, f32_bf16)
PREFIX_GATHER_NORM(Bf16, float, bf16_f32)
PREFIX_GATHER_NORM(Bf16, Bf16, bf16_bf16)
