// Linear layers: out = activation(a W^T + bias), and x += gate F with F = a W^T + bias kept for the caches. a: [M, K]; W: [N, K], packed.
//
//   gemm           out[m, n] = activation(sum_k a[m, k] W[n, k] + bias[n])
//   gemm_residual  F likewise; feature = F; x[m] += gate[m / tokens] F; the module's Taylor ladder takes F in (as ladder_update, or as prefix_update with labels)
//   gemm_refresh   F likewise, of representatives: what prefix_refresh makes of it
//
// Packing, once when a layer is made. bfloat16: tiles of 8 outputs x 32 inputs, [N / 8][K / 32][8][32], zeros beyond N and K; a tile is 512 bytes, which a warp reads as 32 pieces
// of 16 and multiplies as they are (inc/matrix.cuh): one form serves all three products. float32: [N / 64][K][64], zeros beyond N.
//
// Bytes    2 (M K + N K) of bfloat16 (4 of float32), outputs once, residual twice, ladders as ladder_update.          FLOPs  2 M N K.
// Bound    128x144 and 64x72 by the tensor cores at M of 512 and more; rows by the bytes of W: 32 rows are 32 FLOPs a byte.
//
// 128x144  4 warps, each 64 x 72 of the result: 4 x 9 products of 16 x 8, 144 sums a lane. 1152, 3456 and 4608 are multiples of 72 and 144: no tile is cut. Lines of 32 k, 64 bytes
//          each, of 128 rows and 144 columns come through cp.async, four stages of 17 KB; a warp reads 17 pieces for 72 products. Blocks walk down 16 tiles of rows before they
//          go to the next tile of columns, so that both stay in L2.
// 64x72    where fewer than half of the SMs would have a tile of 128x144 (M = 512: 32 for N = 1152, here 128): 4 warps, two down and two along k, that meet at the end, always in
//          the same order. It asks L2 for twice as much: 40 MB at K = 1152.
// rows     M up to 64: 8 warps share out k, all read W straight from memory, each piece once; a is small and stays in L1 and L2. Where N / 32 blocks would leave SMs idle, k is
//          split between blocks too; the last to arrive adds the parts in their order, so that equal inputs give equal bits.
// 64x64    float32 for parity, on the ordinary cores: a thread holds 8 x 4 sums; k in ascending order. Few rows give few blocks (18 at N = 1152): then k is split between blocks as for rows.
//
// The tiles are in inc/product.cuh, for they serve other left operands than matrices, too.
// At the end the sums lie in shared memory, so that an epilogue takes four neighbouring channels a thread and whole sectors a warp. K of any size, and tensors that do not begin
// at 16 bytes: a's lines are then filled element by element. N that is no multiple of 4: the epilogue takes one channel at a time.
//
// launch gemm_128x144: block 128; grid (ceil(M / 128) * ceil(N / 144)); dynamic shared 69632
// launch gemm_64x72: block 128; grid (ceil(M / 64) * ceil(N / 72)); dynamic shared 69632
// launch gemm_rows: block 256; grid (ceil(N / 32), splits), M <= 64, K and a multiples of 8; scratch of splits * ceil(N / 32) * M * 32 floats and ceil(N / 32) zeros if splits > 1
// launch gemm_64x64: block 128; grid (ceil(M / 64) * ceil(N / 64), splits); scratch of splits * blocks * 4096 floats and blocks zeros if splits > 1, blocks being the grid's first extent
// launch gemm_residual_128x144: block 128; grid (ceil(M / 128) * ceil(N / 144)); dynamic shared 69632
// launch gemm_residual_64x72: block 128; grid (ceil(M / 64) * ceil(N / 72)); dynamic shared 69632
// launch gemm_residual_rows: block 256; as gemm_rows
// launch gemm_refresh_128x144: block 128; grid (ceil(M / 128) * ceil(N / 144)); dynamic shared 69632
// launch gemm_refresh_64x72: block 128; grid (ceil(M / 64) * ceil(N / 72)); dynamic shared 69632
// launch gemm_refresh_rows: block 256; as gemm_rows
// launch gemm_refresh_64x64: block 128; as gemm_64x64
// launch gemm_residual_64x64: block 128; as gemm_64x64
//
// Predicted on an H200 (790 TFLOP/s, 4.3 TB/s, not measured; mma.sync reaches about 60 % of the rate of wgmma): 16384 x 1152 x 4608 370 us; 512 x 1152 x 3456 12 us, on 96 of
// 132 SMs (64x72 would ask L2 for 120 MB, 22 us); rows, 32 x 1152 x 4608, 3.5 us for 10.6 MB of weights; float32, 32 x 4608 x 1152, 14 us with k split seven times, 82 without.
#include "inc/product.cuh"
#include "inc/sync.cuh"

// ---- a few rows

static constexpr int ROW_WARPS = 8;
static constexpr int ROW_TILES = 4;     // of 16 rows
static constexpr int ROW_COLUMNS = 32;  // of a block

// parts: [splits][blocks][M][32], arrived: [blocks] zeros, which it leaves as zeros; both unused where gridDim.y is 1.
template <class E>
DEV void rowsProduct(const Bf16* a, const Bf16* weight, float* parts, u32* arrived, int K, const E& epilogue) {
    __shared__ __align__(16) float meeting[ROW_WARPS][16][ROW_COLUMNS];
    __shared__ __align__(16) float total[ROW_TILES * 16][ROW_COLUMNS];
    __shared__ int last;
    const int M = epilogue.M, N = epilogue.N;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int chunks = (K + LINE - 1) / LINE;
    const int tiles = min(ROW_COLUMNS / 8, (N + 7) / 8 - (int)blockIdx.x * (ROW_COLUMNS / 8));
    const uint4* columns = (const uint4*)weight + (i64)blockIdx.x * (ROW_COLUMNS / 8) * chunks * 32 + lane;
    float sums[ROW_TILES][ROW_COLUMNS / 8][4] = {};
#pragma unroll 2
    for (int chunk = blockIdx.y * ROW_WARPS + warp; chunk < chunks; chunk += gridDim.y * ROW_WARPS) {
        uint4 w[ROW_COLUMNS / 8];
#pragma unroll
        for (int n = 0; n < ROW_COLUMNS / 8; n++) {
            w[n] = make_uint4(0, 0, 0, 0);
            if (n < tiles) {
                w[n] = streamedWords(columns + ((i64)n * chunks + chunk) * 32);
            }
        }
        const int k = chunk * LINE + lane % 4 * 8;
#pragma unroll
        for (int m = 0; m < ROW_TILES; m++) {
            if (m * 16 < M) {
                uint4 rows[2];
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    const int row = m * 16 + half * 8 + lane / 4;
                    rows[half] = make_uint4(0, 0, 0, 0);
                    if (row < M && k < K) {
                        rows[half] = sharedWords(a + (i64)row * K + k);
                    }
                }
#pragma unroll
                for (int n = 0; n < ROW_COLUMNS / 8; n++) {
                    mma32(sums[m][n], rows[0], rows[1], w[n]);
                }
            }
        }
    }
    // The warps' sums in their order. Rows that would begin at the same bank swap their eights.
#pragma unroll
    for (int m = 0; m < ROW_TILES; m++) {
        if (m * 16 < M) {
#pragma unroll
            for (int n = 0; n < ROW_COLUMNS / 8; n++) {
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    const int row = half * 8 + lane / 4;
                    *(float2*)&meeting[warp][row][(n * 8 + lane % 4 * 2) ^ row % 4 * 8] = make_float2(sums[m][n][2 * half], sums[m][n][2 * half + 1]);
                }
            }
            __syncthreads();
            const int row = threadIdx.x / 16, column = threadIdx.x % 16 * 2;
            float2 sum = make_float2(0, 0);
#pragma unroll
            for (int w = 0; w < ROW_WARPS; w++) {
                const float2 part = *(const float2*)&meeting[w][row][column ^ row % 4 * 8];
                sum.x += part.x, sum.y += part.y;
            }
            *(float2*)&total[m * 16 + row][column] = sum;
            __syncthreads();
        }
    }
    const int count = M * ROW_COLUMNS / 4;
    float4* const mine = (float4*)total;
    if (gridDim.y > 1) {
        float4* part = (float4*)parts + (i64)blockIdx.x * count;
        const i64 split = (i64)gridDim.x * count;
        for (int i = threadIdx.x; i < count; i += ROW_WARPS * 32) {
            part[blockIdx.y * split + i] = mine[i];
        }
        if (!lastOfColumn(arrived, last)) {
            return;
        }
        for (int i = threadIdx.x; i < count; i += ROW_WARPS * 32) {
            float4 sum = make_float4(0, 0, 0, 0);
            for (int s = 0; s < gridDim.y; s++) {
                const float4 v = part[s * split + i];
                sum.x += v.x, sum.y += v.y, sum.z += v.z, sum.w += v.w;
            }
            mine[i] = sum;
        }
    }
    // A thread takes again what it stored itself, or what lies behind a barrier.
    for (int i = threadIdx.x; i < count; i += ROW_WARPS * 32) {
        float v[4] = {mine[i].x, mine[i].y, mine[i].z, mine[i].w};
        finish(epilogue, i / (ROW_COLUMNS / 4), blockIdx.x * ROW_COLUMNS + i % (ROW_COLUMNS / 4) * 4, v);
    }
}

// ---- entries

#define EMPTY
#define PARTS , float *parts, u32 *arrived
#define GEMM(name, bounds, A, between, ...)                                                                                                \
    extern "C" __global__ void __launch_bounds__ bounds gemm_##name(                                                                       \
        const A* a, const A* weight, const float* bias, void* out between, int M, int N, int K, int activation, int types) {               \
        const auto epilogue = activate<sizeof(A) == 2>(bias, out, M, N, activation, types);                                                \
        __VA_ARGS__;                                                                                                                       \
    }                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__ bounds gemm_residual_##name(                                                              \
        const A* a, const A* weight, const float* bias, const void* table, const int* conditions, const float* steps, const int* cursor,   \
        void* feature, void* x, void* ladder, const float* propagated, const int* labels, const float* retained between, int M, int N,     \
        int K, int tokens, int count, int chunks, int gateChunk, int planes, int clusters, int types) {                                    \
        const auto epilogue = residual(bias, table, conditions, steps, cursor, feature, x, ladder, propagated, labels, retained, M, N,     \
                                       tokens, count, chunks, gateChunk, planes, clusters, types);                                         \
        __VA_ARGS__;                                                                                                                       \
    }                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__ bounds gemm_refresh_##name(                                                               \
        const A* a, const A* weight, const float* bias, const int* representatives, const void* table, const int* conditions,              \
        const int* cursor, const float* retained, void* base, float* propagated, float* spread, float* rows between, int M, int N, int K,  \
        int layer, int tokens, int clusters, int count, int chunks, int gateChunk, int types, float ratio) {                               \
        const auto epilogue = refresh(bias, representatives, table, conditions, cursor, retained, base, propagated, spread, rows, M, N,    \
                                      layer, tokens, clusters, count, chunks, gateChunk, types, ratio);                                    \
        __VA_ARGS__;                                                                                                                       \
    }

GEMM(128x144_bf16, (128, 2), Bf16, EMPTY, tileProduct<4, 9, 2, 2, 1, 4>(Matrix(a, M, K), weight, epilogue))
GEMM(64x72_bf16, (128, 3), Bf16, EMPTY, tileProduct<2, 9, 2, 1, 2, 4>(Matrix(a, M, K), weight, epilogue))
GEMM(64x64_f32, (128, 3), float, PARTS, plainProduct<true>(Matrix(a, M, K), weight, epilogue, parts, arrived))
GEMM(rows_bf16, (256, 2), Bf16, PARTS, rowsProduct(a, weight, parts, arrived, K, epilogue))
