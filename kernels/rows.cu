// Whole tokens by index: what ClusCa does with its representatives.
//
//   gather_rows   rows[r, k] = x[r, index[r, k]], zeros where the index is -1
//   scatter_rows  target[r, index[r, k]] = rows[r, k], nothing where the index is -1
//   propagate     target[r, n] = ratio sum_k rows[r, k] + (1 - ratio) target[r, n] over the k with labels[r, index[r, k]] = labels[r, n]; nothing where there is none
//
// Bytes    gather and scatter: R K C (sizeof from + sizeof to). propagate: R N C (sizeof rows + 2 sizeof target) asked for, of which the rows come from L2: K rows an
//          image serve its N tokens.                                         FLOPs  3 an element of propagate.
// Bound    by memory; gather and scatter of a small batch by launch and latency.
// Tiling   A warp owns a row and moves 4 channels a lane (1 channel where C is no multiple of 4 or a tensor does not begin at 16 bytes). Indices are
//          read once a warp, of propagate by a lane each, with the labels of their tokens. An index outside 0..N - 1 (a label outside 0..K - 1) counts as -1, so that no foreign memory is touched.
//
// launch gather_rows: block 256; grid (ceil(R * K / 8))
// launch scatter_rows: block 256; grid (ceil(R * K / 8))
// launch propagate: block 256; grid (ceil(R * N / 8))
//
// Predicted on an H200 (4.3 TB/s, from bytes, not measured), C = 1152, f32 rows: gather 64 x 16 rows 9.4 MB, 2.2 us; propagate into 64 x 256 bf16 rows 75 MB of HBM,
// 18 us; 2 x 16 rows under 1 us of data, so a launch.
#include "inc/memory.cuh"
#include "inc/warp.cuh"

static constexpr int ROWS = 8;

// This warp's row, of `rows` in all; past the end where there is none.
DEV i64 warpRow() { return (i64)blockIdx.x * ROWS + threadIdx.x / 32; }

template <int V, class F, class T>
DEV void copyRow(const F* from, T* to, int C) {
#pragma unroll 4
    for (int c = threadIdx.x % 32 * V; c < C; c += 32 * V) {
        float v[V];
        streamed(from + c, v);
        store(to + c, v);
    }
}

template <int V, class X, class T>
DEV void gatherRow(const X* x, T* rows, i64 row, int n, int N, int K, int C) {
    if ((u32)n < (u32)N) {
        copyRow<V>(x + (row / K * N + n) * C, rows + row * C, C);
    } else {
        for (int c = threadIdx.x % 32 * V; c < C; c += 32 * V) {
            const float zero[V] = {};
            store(rows + row * C + c, zero);
        }
    }
}

template <class X, class T>
DEV void gatherRows(const X* x, const int* index, T* rows, int R, int N, int K, int C) {
    const i64 row = warpRow();
    if (row >= (i64)R * K) {
        return;
    }
    const int n = shared(index + row);
    if (C % 4 == 0 && aligned(x, rows)) {
        gatherRow<4>(x, rows, row, n, N, K, C);
    } else {
        gatherRow<1>(x, rows, row, n, N, K, C);
    }
}

template <class F, class T>
DEV void scatterRows(const F* rows, const int* index, T* target, int R, int N, int K, int C) {
    const i64 row = warpRow();
    if (row >= (i64)R * K) {
        return;
    }
    const int n = shared(index + row);
    if ((u32)n >= (u32)N) {
        return;
    }
    T* to = target + (row / K * N + n) * C;
    if (C % 4 == 0 && aligned(rows, target)) {
        copyRow<4>(rows + row * C, to, C);
    } else {
        copyRow<1>(rows + row * C, to, C);
    }
}

template <int V, class F, class T>
DEV void mixRow(const F* from, T* to, float ratio, int C) {
#pragma unroll 2
    for (int c = threadIdx.x % 32 * V; c < C; c += 32 * V) {
        float fresh[V], old[V];
        shared(from + c, fresh);
        load(to + c, old);
#pragma unroll
        for (int e = 0; e < V; e++) {
            old[e] = ratio * fresh[e] + (1.f - ratio) * old[e];
        }
        store(to + c, old);
    }
}

// Of the 32 clusters from `first` on, those whose token has the label; index and labels are the batch row's.
DEV u32 withLabel(const int* index, const int* labels, int first, int label, int N, int K) {
    const int k = first + threadIdx.x % 32;
    const int n = k < K ? shared(index + k) : -1;
    return lanesThat((u32)n < (u32)N && shared(labels + n) == label);
}

// The only cluster whose token has the label: as a rule its own. NONE, or SEVERAL, as where one token stands for clusters without members.
static constexpr int NONE = -1, SEVERAL = -2;

DEV int rowOf(const int* index, const int* labels, int label, int N, int K) {
    int found = NONE;
#pragma unroll 1
    for (int first = 0; first < K; first += 32) {
        const u32 those = withLabel(index, labels, first, label, N, K);
        if (those != 0) {
            found = found == NONE && __popc(those) == 1 ? first + __ffs(those) - 1 : SEVERAL;
        }
    }
    return found;
}

// The same as mixRow with the sum of the label's rows.
template <class F, class T>
DEV void mixRows(const F* rows, const int* index, const int* labels, int label, T* to, float ratio, int N, int K, int C) {
#pragma unroll 1
    for (int piece = 0; piece < C; piece += 32) {
        const int c = piece + threadIdx.x % 32;
        float sum = 0, old[1];
#pragma unroll 1
        for (int first = 0; first < K; first += 32) {
            for (u32 those = withLabel(index, labels, first, label, N, K); those != 0; those &= those - 1) {
                if (c < C) {
                    sum += shared(rows + (i64)(first + __ffs(those) - 1) * C + c);
                }
            }
        }
        if (c < C) {
            load(to + c, old);
            old[0] = ratio * sum + (1.f - ratio) * old[0];
            store(to + c, old);
        }
    }
}

template <class F, class T>
DEV void propagateRows(const F* rows, const int* index, const int* labels, T* target, int R, int N, int K, int C, float ratio) {
    const i64 token = warpRow();
    if (token >= (i64)R * N) {
        return;
    }
    const i64 r = token / N;
    const int label = shared(labels + token);
    const bool wide = C % 4 == 0 && aligned(rows, target);
    index += r * K, labels += r * N, rows += r * K * C, target += token * C;
    const int k = (u32)label < (u32)K ? rowOf(index, labels, label, N, K) : NONE;
    if (k == NONE) {
        return;
    }
    if (k == SEVERAL) {
        mixRows(rows, index, labels, label, target, ratio, N, K, C);
    } else if (wide) {
        mixRow<4>(rows + (i64)k * C, target, ratio, C);
    } else {
        mixRow<1>(rows + (i64)k * C, target, ratio, C);
    }
}

#define ROW_KERNELS(A, B, types)                                                                                                           \
    extern "C" __global__ void __launch_bounds__(256, 4)                                                                                      \
        gather_rows_##types(const A* x, const int* index, B* rows, int R, int N, int K, int C) {                                           \
        gatherRows(x, index, rows, R, N, K, C);                                                                                            \
    }                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(256, 4)                                                                                      \
        scatter_rows_##types(const A* rows, const int* index, B* target, int R, int N, int K, int C) {                                     \
        scatterRows(rows, index, target, R, N, K, C);                                                                                      \
    }                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(256, 4)                                                                                      \
        propagate_##types(const A* rows, const int* index, const int* labels, B* target, int R, int N, int K, int C, float ratio) {        \
        propagateRows(rows, index, labels, target, R, N, K, C, ratio);                                                                     \
    }

ROW_KERNELS(float, float, f32_f32)
ROW_KERNELS(float, Bf16, f32_bf16)
ROW_KERNELS(Bf16, float, bf16_f32)
ROW_KERNELS(Bf16, Bf16, bf16_bf16)
