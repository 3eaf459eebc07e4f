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
// 64x72    for few tiles (M = 512: 128 blocks for N = 1152): 4 warps, two down and two along k, that meet at the end, always in the same order.
// rows     M up to 64: 8 warps share out k, all read W straight from memory, each piece once; a is small and stays in L1 and L2. Where N / 32 blocks would leave SMs idle, k is
//          split between blocks too; the last to arrive adds the parts in their order, so that equal inputs give equal bits.
// 64x64    float32 for parity, on the ordinary cores: a thread holds 8 x 4 sums; k in ascending order.
//
// At the end the sums lie in shared memory, so that an epilogue takes four neighbouring channels a thread and whole sectors a warp. K of any size, and tensors that do not begin
// at 16 bytes: a's lines are then filled element by element. N that is no multiple of 4: the epilogue takes one channel at a time.
//
// launch gemm_128x144: block 128; grid (ceil(M / 128) * ceil(N / 144)); dynamic shared 69632
// launch gemm_64x72: block 128; grid (ceil(M / 64) * ceil(N / 72)); dynamic shared 69632
// launch gemm_rows: block 256; grid (ceil(N / 32), splits), M <= 64, K and a multiples of 8; scratch of splits * ceil(N / 32) * M * 32 floats and ceil(N / 32) zeros if splits > 1
// launch gemm_64x64: block 128; grid (ceil(M / 64) * ceil(N / 64))
// launch gemm_residual_128x144: block 128; grid (ceil(M / 128) * ceil(N / 144)); dynamic shared 69632
// launch gemm_residual_64x72: block 128; grid (ceil(M / 64) * ceil(N / 72)); dynamic shared 69632
// launch gemm_residual_rows: block 256; as gemm_rows
// launch gemm_refresh_128x144: block 128; grid (ceil(M / 128) * ceil(N / 144)); dynamic shared 69632
// launch gemm_refresh_64x72: block 128; grid (ceil(M / 64) * ceil(N / 72)); dynamic shared 69632
// launch gemm_refresh_rows: block 256; as gemm_rows
// launch gemm_refresh_64x64: block 128; grid (ceil(M / 64) * ceil(N / 64))
// launch gemm_residual_64x64: block 128; grid (ceil(M / 64) * ceil(N / 64))
//
// Predicted on an H200 (790 TFLOP/s, 4.3 TB/s, not measured; mma.sync reaches about 60 % of the rate of wgmma): 16384 x 1152 x 4608 370 us, 512 x 1152 x 3456 9 us; rows, 32 x 1152 x
// 4608, 3.5 us for 10.6 MB of weights.
#include "inc/async.cuh"
#include "inc/epilogue.cuh"
#include "inc/matrix.cuh"
#include "inc/sync.cuh"

static constexpr int LINE = 32;          // k of a line: 64 bytes of bfloat16
static constexpr int PIECES = LINE / 8;  // pieces of 16 bytes in a line

// ---- tiles on the tensor cores

// A warp has 16 MT x 8 NT sums; WM x WN warps lie side by side and WK share out k.
template <int MT, int NT, int WM, int WN, int WK, int STAGES>
struct Tile {
    static constexpr int ROWS = 16 * MT * WM;
    static constexpr int COLUMNS = 8 * NT * WN;
    static constexpr int LINES = ROWS + COLUMNS;
    static constexpr int THREADS = 32 * WM * WN * WK;
    static constexpr int STAGE = WK * LINES * PIECES;  // in pieces
    static constexpr int LINES_A_TURN = THREADS / PIECES;
    // Sums of a row lie side by side; every second pair of rows swaps neighbouring eights where a row would begin at the banks of the row before.
    static constexpr int SWAP = COLUMNS % 32 == 16 ? 8 : 0;
    static_assert(COLUMNS % 32 == 16 || COLUMNS % 32 == 8 || COLUMNS % 32 == 24, "fragments of four rows would meet in a bank");

    // Where blockIdx.x lies: down GROUP tiles of rows, then to the next tile of columns.
    static constexpr int GROUP = 16;
    int row, column;

    __device__ __forceinline__ Tile(int M, int N) {
        const int down = (M + ROWS - 1) / ROWS, across = (N + COLUMNS - 1) / COLUMNS;
        const int group = blockIdx.x / (GROUP * across) * GROUP;
        const int height = min(GROUP, down - group);
        const int within = blockIdx.x - group * across;
        row = (group + within % height) * ROWS;
        column = within / height * COLUMNS;
    }

    DEV static int at(int r, int c) { return r * COLUMNS + (c ^ ((r >> 1 & 1) * SWAP)); }
};

// Eight neighbours along k of a row, element by element; zeros beyond K.
DEV uint4 gathered(const Bf16* row, int k, int K) {
    u32 words[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const u32 low = k + 2 * i < K ? row[k + 2 * i].bits : 0;
        const u32 high = k + 2 * i + 1 < K ? row[k + 2 * i + 1].bits : 0;
        words[i] = low | high << 16;
    }
    return make_uint4(words[0], words[1], words[2], words[3]);
}

template <int MT, int NT, int WM, int WN, int WK, int STAGES, class E>
DEV void tileProduct(const Bf16* a, const Bf16* weight, int K, const E& epilogue) {
    using T = Tile<MT, NT, WM, WN, WK, STAGES>;
    extern __shared__ uint4 stages[];
    const int M = epilogue.M, N = epilogue.N;
    const T tile(M, N);
    const int chunks = (K + LINE - 1) / LINE;
    const bool whole = K % 8 == 0 && aligned(a);
    const int line = threadIdx.x / PIECES, piece = threadIdx.x % PIECES;

    // Stage s holds the chunks s WK .. s WK + WK - 1.
    auto fetch = [&](int s) {
        uint4* stage = stages + s % STAGES * T::STAGE + threadIdx.x;
#pragma unroll
        for (int part = 0; part < WK; part++) {
            const int chunk = s * WK + part;
            const int k = chunk * LINE + piece * 8;
#pragma unroll
            for (int turn = 0; turn * T::LINES_A_TURN < T::ROWS; turn++) {
                const int row = tile.row + turn * T::LINES_A_TURN + line;
                const Bf16* source = a + (i64)row * K;
                uint4* target = stage + (part * T::LINES + turn * T::LINES_A_TURN) * PIECES;
                if (whole) {
                    copyAsync(target, source + k, row < M && k < K);
                } else {
                    *target = row < M ? gathered(source, k, K) : make_uint4(0, 0, 0, 0);
                }
            }
#pragma unroll
            for (int turn = 0; turn * T::LINES_A_TURN < T::COLUMNS; turn++) {
                const int column = turn * T::LINES_A_TURN + line;
                const int n = tile.column + column;
                if (T::COLUMNS % T::LINES_A_TURN == 0 || column < T::COLUMNS) {
                    const Bf16* source = weight + (((i64)(n / 8) * chunks + chunk) * 8 + n % 8) * LINE + piece * 8;
                    copyAsync(stage + (part * T::LINES + T::ROWS + turn * T::LINES_A_TURN) * PIECES, source, n < (N + 7) / 8 * 8 && chunk < chunks);
                }
            }
        }
        commitCopies();
    };

    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int down = warp % WM, across = warp / WM % WN, part = warp / (WM * WN);
    float sums[MT][NT][4] = {};
    const int turns = (chunks + WK - 1) / WK;
#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) {
        fetch(s);
    }
#pragma unroll 1
    for (int s = 0; s < turns; s++) {
        awaitCopies<STAGES - 2>();
        __syncthreads();
        fetch(s + STAGES - 1);
        const uint4* lines = stages + s % STAGES * T::STAGE + part * T::LINES * PIECES + lane;
        uint4 rows[MT][2];
#pragma unroll
        for (int m = 0; m < MT; m++) {
            rows[m][0] = lines[(down * MT + m) * 16 * PIECES];
            rows[m][1] = lines[((down * MT + m) * 16 + 8) * PIECES];
        }
#pragma unroll
        for (int n = 0; n < NT; n++) {
            const uint4 columns = lines[(T::ROWS + (across * NT + n) * 8) * PIECES];
#pragma unroll
            for (int m = 0; m < MT; m++) {
                mma32(sums[m][n], rows[m][0], rows[m][1], columns);
            }
        }
    }
    awaitCopies<0>();
    __syncthreads();

    // The warps' sums, one band of rows after the other, to where the stages were.
    float* band = (float*)stages;
#pragma unroll 1
    for (int d = 0; d < WM; d++) {
#pragma unroll
        for (int p = WK - 1; p >= 0; p--) {
            if (down == d && part == p) {
#pragma unroll
                for (int m = 0; m < MT; m++) {
#pragma unroll
                    for (int n = 0; n < NT; n++) {
#pragma unroll
                        for (int half = 0; half < 2; half++) {
                            float2* to = (float2*)(band + T::at(m * 16 + half * 8 + lane / 4, (across * NT + n) * 8 + lane % 4 * 2));
                            float2 sum = make_float2(sums[m][n][2 * half], sums[m][n][2 * half + 1]);
                            if (p < WK - 1) {
                                sum.x += to->x, sum.y += to->y;
                            }
                            *to = sum;
                        }
                    }
                }
            }
            __syncthreads();
        }
#pragma unroll 1
        for (int i = threadIdx.x; i < 16 * MT * T::COLUMNS / 4; i += T::THREADS) {
            const int r = i / (T::COLUMNS / 4), c = i % (T::COLUMNS / 4) * 4;
            const float4 four = *(const float4*)(band + T::at(r, c));
            float v[4] = {four.x, four.y, four.z, four.w};
            finish(epilogue, tile.row + d * 16 * MT + r, tile.column + c, v);
        }
        __syncthreads();
    }
}

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
        __syncthreads();
        if (threadIdx.x == 0) {
            last = addReleased(arrived + blockIdx.x, 1) == gridDim.y - 1;
            if (last) {
                arrived[blockIdx.x] = 0;
            }
        }
        __syncthreads();
        if (!last) {
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

// ---- float32

static constexpr int SIDE = 64;          // rows and columns of a block
static constexpr int DEEP = 16;          // k of a stage
static constexpr int PLAIN_THREADS = 128;
static constexpr int PLAIN_STAGES = 3;

template <class E>
DEV void plainProduct(const float* a, const float* weight, int K, const E& epilogue) {
    __shared__ __align__(16) float rows[PLAIN_STAGES][SIDE][DEEP];
    __shared__ __align__(16) float columns[PLAIN_STAGES][DEEP][SIDE];
    const int M = epilogue.M, N = epilogue.N;
    const int across = (N + SIDE - 1) / SIDE;
    const int firstRow = blockIdx.x / across * SIDE, block = blockIdx.x % across;
    const float* packed = weight + (i64)block * K * SIDE;
    const bool whole = K % 4 == 0 && aligned(a);

    auto fetch = [&](int s) {
        const int stage = s % PLAIN_STAGES;
#pragma unroll
        for (int i = threadIdx.x; i < SIDE * DEEP / 4; i += PLAIN_THREADS) {
            const int row = firstRow + i / (DEEP / 4), k = s * DEEP + i % (DEEP / 4) * 4;
            float* target = &rows[stage][i / (DEEP / 4)][i % (DEEP / 4) * 4];
            const float* source = a + (i64)row * K + k;
            if (whole) {
                copyAsync(target, source, row < M && k < K);
            } else {
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    target[e] = row < M && k + e < K ? source[e] : 0.f;
                }
            }
            const int depth = s * DEEP + i / (SIDE / 4);
            copyAsync(&columns[stage][i / (SIDE / 4)][i % (SIDE / 4) * 4], packed + (i64)depth * SIDE + i % (SIDE / 4) * 4, depth < K);
        }
        commitCopies();
    };

    // Rows down, down + 8, .. and four neighbouring columns.
    const int down = threadIdx.x / 16, right = threadIdx.x % 16 * 4;
    float sums[SIDE / 8][4] = {};
    const int turns = (K + DEEP - 1) / DEEP;
    for (int s = 0; s < PLAIN_STAGES - 1; s++) {
        fetch(s);
    }
#pragma unroll 1
    for (int s = 0; s < turns; s++) {
        awaitCopies<PLAIN_STAGES - 2>();
        __syncthreads();
        fetch(s + PLAIN_STAGES - 1);
        const int stage = s % PLAIN_STAGES;
#pragma unroll
        for (int k = 0; k < DEEP; k += 4) {
            float w[4][4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float4 four = *(const float4*)&columns[stage][k + i][right];
                w[i][0] = four.x, w[i][1] = four.y, w[i][2] = four.z, w[i][3] = four.w;
            }
#pragma unroll
            for (int r = 0; r < SIDE / 8; r++) {
                const float4 four = *(const float4*)&rows[stage][down + 8 * r][k];
                const float v[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
                for (int i = 0; i < 4; i++) {
#pragma unroll
                    for (int e = 0; e < 4; e++) {
                        sums[r][e] += v[i] * w[i][e];
                    }
                }
            }
        }
    }
#pragma unroll
    for (int r = 0; r < SIDE / 8; r++) {
        finish(epilogue, firstRow + down + 8 * r, block * SIDE + right, sums[r]);
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

GEMM(128x144_bf16, (128, 2), Bf16, EMPTY, tileProduct<4, 9, 2, 2, 1, 4>(a, weight, K, epilogue))
GEMM(64x72_bf16, (128, 3), Bf16, EMPTY, tileProduct<2, 9, 2, 1, 2, 4>(a, weight, K, epilogue))
GEMM(64x64_f32, (128, 3), float, EMPTY, plainProduct(a, weight, K, epilogue))
GEMM(rows_bf16, (256, 2), Bf16, PARTS, rowsProduct(a, weight, parts, arrived, K, epilogue))
