// What follows a product that another program computed, a vendor's library: the epilogues of gemm.cu on sums that lie in memory.
//
//   epilogue_activate  out[m, n] = activation(sums[m, n] + bias[n])
//   epilogue_residual  F = sums + bias; feature = F; x[m] += gate[m / tokens] F; the module's Taylor ladder takes F in (as ladder_update, or as prefix_update with labels)
//   epilogue_refresh   F likewise, of representatives: what prefix_refresh makes of it
//
// Bytes    4 M N for the sums, which a product of our own keeps to itself, and then what gemm.cu's epilogue reads and writes.          FLOPs  a few an element.
// Bound    by memory: sums that were just written are read from L2 where M N is below some 10 M.
// Tiling   A thread has four neighbouring channels of a row, or one after the other where N is no multiple of 4. A row's threads lie side by side, rows follow each other without gaps.
//
// launch epilogue_activate: block 256; grid (ceil(M * ceil(N / 4) / 256))
// launch epilogue_residual: block 256; grid (ceil(M * ceil(N / 4) / 256))
// launch epilogue_refresh: block 256; grid (ceil(M * ceil(N / 4) / 256))
//
// Predicted on an H200 (not measured): 512 x 1152 from L2 2 us, a launch; 16384 x 4608 to bfloat16 105 us.
#include "inc/epilogue.cuh"

static constexpr int BLOCK = 256;

// sums: [M, N]
template <class E>
DEV void follow(const float* sums, E epilogue) {
    epilogue.vector = epilogue.vector && aligned(sums);
    const u32 across = (epilogue.N + 3) / 4;
    const u32 group = blockIdx.x * BLOCK + threadIdx.x;
    const int row = group / across, column = group % across * 4;
    if (row >= epilogue.M) {
        return;
    }
    const float* from = sums + (i64)row * epilogue.N + column;
    float v[4] = {};
    if (epilogue.vector) {
        streamed(from, v);
    } else {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            if (column + e < epilogue.N) {
                v[e] = __ldg(from + e);
            }
        }
    }
    finish(epilogue, row, column, v);
}

extern "C" __global__ void __launch_bounds__(256) epilogue_activate(const float* sums, const float* bias, void* out, int M, int N, int activation, int types) {
    follow(sums, activate<false>(bias, out, M, N, activation, types));
}

extern "C" __global__ void __launch_bounds__(256)
    epilogue_residual(const float* sums, const float* bias, const void* table, const int* conditions, const float* steps, const int* cursor, void* feature, void* x,
                      void* ladder, const float* propagated, const int* labels, const float* retained, int M, int N, int tokens, int count, int chunks, int gateChunk,
                      int planes, int clusters, int types) {
    follow(sums, residual(bias, table, conditions, steps, cursor, feature, x, ladder, propagated, labels, retained, M, N, tokens, count, chunks, gateChunk, planes, clusters,
                          types));
}

extern "C" __global__ void __launch_bounds__(256)
    epilogue_refresh(const float* sums, const float* bias, const int* representatives, const void* table, const int* conditions, const int* cursor, const float* retained,
                     void* base, float* propagated, float* spread, float* rows, int M, int N, int layer, int tokens, int clusters, int count, int chunks, int gateChunk,
                     int types, float ratio) {
    follow(sums, refresh(bias, representatives, table, conditions, cursor, retained, base, propagated, spread, rows, M, N, layer, tokens, clusters, count, chunks, gateChunk,
                         types, ratio));
}
