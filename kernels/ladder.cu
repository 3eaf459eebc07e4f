// The Taylor ladder (TaylorSeer): what lies between a module's output and the residual stream.
//
//   ladder_update      G_0 = F, G_{i+1} = (G_i - T_i) / D for i + 1 < n terms, then T = G
//   forecast_residual  x[r] += gate[r] sum_{i < terms} factor_i T_i[r]
//
// Bytes    an element of update with n terms: sizeof F + (2 n - 1) sizeof T; of forecast: terms sizeof T + 2 sizeof x. Gates are read
//          once for `span` tokens.
// FLOPs    at most 2 an element and plane.
// Bound    by memory: at most half a FLOP a byte. Every plane is touched once, planes beyond the terms are not touched (they hold no number yet: 0 x NaN is NaN).
// Tiling   A thread holds 4 neighbouring channels (16 bytes of f32, 8 of bf16: whole sectors a warp), loads all its planes before it uses one, and where there is a gate walks `span`
//          tokens of one batch row with the gate in registers. Where C is no multiple of 4, or a tensor does not begin at 16 bytes, a thread holds 1 channel.
//
// launch ladder_update: block 256; any grid, best (ceil(count / 2048))
// launch forecast_residual: block 256; any grid of height R, best (ceil(ceil(N / span) * C / 1024), R); span 8 where that leaves 264 blocks, else 4, 2 or 1
//
// Predicted on an H200 (4.3 TB/s, from bytes, not measured), 64 x 256 x 1152, ladders bf16, x f32: update of 3 terms from f32 264 MB, 61 us; forecast of 3 terms
// 264 MB, 61 us. 2 x 256 x 1152: 8 to 9 MB, in L2 where the producer left them, 2 to 3 us.
#include "inc/ladder.cuh"

static constexpr int BLOCK = 256;

template <int V, class F, class T>
DEV void updateElements(const F* feature, T* ladder, Step step, i64 count, int planes) {
    const int terms = step.terms(LADDER_TERMS, planes);
    const float inverse = 1.f / step[LADDER_DIVISOR];
    for (i64 i = ((i64)blockIdx.x * BLOCK + threadIdx.x) * V; i < count; i += (i64)gridDim.x * BLOCK * V) {
        float now[V];
        load(feature + i, now);
        takeIn(ladder + i, count, terms, inverse, 1.f, nullptr, now);
    }
}

// feature: [count], may be plane 0 itself where there is one term; ladder: [planes][count]
template <class F, class T>
DEV void ladderUpdate(const F* feature, T* ladder, const float* rows, const int* cursor, i64 count, int planes) {
    const Step step(rows, cursor);
    if (count % 4 == 0 && aligned(feature, ladder)) {
        updateElements<4>(feature, ladder, step, count, planes);
    } else {
        updateElements<1>(feature, ladder, step, count, planes);
    }
}

// The tokens and channels of one batch row that belong to this thread, and the gate over those channels: calls body(element, gate) for each token.
template <int V, class M, class Body>
DEV void gatedTokens(const M* gateRow, int N, int C, int span, Body body) {
    const u32 chunks = C / V;
    const u32 groups = (N + span - 1) / span;
    for (u32 item = blockIdx.x * BLOCK + threadIdx.x; item < groups * chunks; item += gridDim.x * BLOCK) {
        const u32 group = item / chunks;
        const int c = (item - group * chunks) * V;
        float gate[V];
        shared(gateRow + c, gate);
        const int end = min(N, (int)(group + 1) * span);
        for (int n = group * span; n < end; n++) {
            body(((i64)blockIdx.y * N + n) * C + c, gate);
        }
    }
}

template <int V, class T, class M, class X>
DEV void forecastElements(const T* ladder, const M* gateRow, X* x, Step step, int planes, int N, int C, int span) {
    const int terms = step.terms(TERMS, planes);
    const i64 plane = (i64)gridDim.y * N * C;
    float factor[MAX_TERMS];
#pragma unroll
    for (int order = 0; order < MAX_TERMS; order++) {
        factor[order] = order < terms ? step[FACTOR_0 + order] : 0.f;
    }
    gatedTokens<V>(gateRow, N, C, span, [&](i64 at, const float(&gate)[V]) {
        // Zeros stand where a term is not read: the compiler may compute with them and drop the result.
        float residual[V], term[MAX_TERMS][V] = {};
        load(x + at, residual);
#pragma unroll
        for (int order = 0; order < MAX_TERMS; order++) {
            if (order < terms) {
                streamed(ladder + order * plane + at, term[order]);
            }
        }
        float sum[V];
#pragma unroll
        for (int e = 0; e < V; e++) {
            sum[e] = factor[0] * term[0][e];
        }
#pragma unroll
        for (int order = 1; order < MAX_TERMS; order++) {
            if (order < terms) {
#pragma unroll
                for (int e = 0; e < V; e++) {
                    sum[e] += factor[order] * term[order][e];
                }
            }
        }
#pragma unroll
        for (int e = 0; e < V; e++) {
            residual[e] += gate[e] * sum[e];
        }
        store(x + at, residual);
    });
}

// ladder: [planes][R, N, C]; x: [R, N, C]; R is the grid's height
template <class T, class M, class X>
DEV void forecastResidual(const T* ladder, const M* table, const int* conditions, const float* rows, const int* cursor, X* x, int planes, int N, int C, int count,
                          int chunks, int gateChunk, int span) {
    const Step step(rows, cursor);
    const M* gateRow = modulations(table, conditions, cursor, blockIdx.y, count, chunks, C) + (i64)gateChunk * C;
    if (C % 4 == 0 && aligned(ladder, table, x)) {
        forecastElements<4>(ladder, gateRow, x, step, planes, N, C, span);
    } else {
        forecastElements<1>(ladder, gateRow, x, step, planes, N, C, span);
    }
}

#define LADDER_UPDATE(F, T, types)                                                                                                         \
    extern "C" __global__ void __launch_bounds__(256, 3)                                                                                      \
        ladder_update_##types(const F* feature, T* ladder, const float* rows, const int* cursor, i64 count, int planes) {                  \
        ladderUpdate(feature, ladder, rows, cursor, count, planes);                                                                        \
    }
#define FORECAST_RESIDUAL(T, M, X, types)                                                                                                  \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                                                      \
        forecast_residual_##types(const T* ladder, const M* table, const int* conditions, const float* rows, const int* cursor, X* x,      \
                                  int planes, int N, int C, int count, int chunks, int gateChunk, int span) {                              \
        forecastResidual(ladder, table, conditions, rows, cursor, x, planes, N, C, count, chunks, gateChunk, span);                        \
    }

LADDER_UPDATE(float, float, f32_f32)
LADDER_UPDATE(float, Bf16, f32_bf16)
LADDER_UPDATE(Bf16, float, bf16_f32)
LADDER_UPDATE(Bf16, Bf16, bf16_bf16)

FORECAST_RESIDUAL(float, float, float, f32_f32_f32)
FORECAST_RESIDUAL(float, float, Bf16, f32_f32_bf16)
FORECAST_RESIDUAL(float, Bf16, float, f32_bf16_f32)
FORECAST_RESIDUAL(float, Bf16, Bf16, f32_bf16_bf16)
FORECAST_RESIDUAL(Bf16, float, float, bf16_f32_f32)
FORECAST_RESIDUAL(Bf16, float, Bf16, bf16_f32_bf16)
FORECAST_RESIDUAL(Bf16, Bf16, float, bf16_bf16_f32)
FORECAST_RESIDUAL(Bf16, Bf16, Bf16, bf16_bf16_bf16)
