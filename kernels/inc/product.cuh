// Products of a left operand and packed weights (gemm.cu says how) in tiles, whatever the operand's rows are and whatever follows. Left operands are a matrix, here, and the
// neighbourhoods of an image's pixels, decoder.cu. One has K, the length of its rows, and gives a thread those rows that it brings to shared memory: `rows<Turns, Apart>(first)` are
// rows first, first + Apart, .., whose `fetch(turn, k, target)` starts to fill the 16 bytes of `target` with the elements of one from k on; zeros beyond its end and below the last.
#pragma once
#include "async.cuh"
#include "epilogue.cuh"
#include "matrix.cuh"
#include "sync.cuh"

static constexpr int LINE = 32;          // k of a line: 64 bytes of bfloat16
static constexpr int PIECES = LINE / 8;  // pieces of 16 bytes in a line

// ---- a matrix as the left operand

// Eight neighbours along k of a row, element by element; zeros beyond K.
DEV void gather(void* target, const Bf16* row, int k, int K) {
    u32 words[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const u32 low = k + 2 * i < K ? row[k + 2 * i].bits : 0;
        const u32 high = k + 2 * i + 1 < K ? row[k + 2 * i + 1].bits : 0;
        words[i] = low | high << 16;
    }
    *(uint4*)target = make_uint4(words[0], words[1], words[2], words[3]);
}

// Four of them.
DEV void gather(void* target, const float* row, int k, int K) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
        ((float*)target)[i] = k + i < K ? row[k + i] : 0.f;
    }
}

// a: [M, K]
template <class T>
struct Matrix {
    const T* a;
    int M, K;
    bool whole;  // whether 16 bytes can be copied at a time

    __device__ __forceinline__ Matrix(const T* a, int M, int K) : a(a), M(M), K(K), whole(K % (16 / sizeof(T)) == 0 && aligned(a)) {}

    template <int Turns, int Apart>
    struct Rows {
        const Matrix& matrix;
        int first;

        DEV void fetch(int turn, int k, void* target) const {
            const int row = first + turn * Apart;
            const T* source = matrix.a + (i64)row * matrix.K;
            if (matrix.whole) {
                copyAsync(target, source + k, row < matrix.M && k < matrix.K);
            } else {
                gather(target, source, k, row < matrix.M ? matrix.K : 0);
            }
        }
    };

    template <int Turns, int Apart>
    DEV Rows<Turns, Apart> rows(int first) const {
        return {*this, first};
    }
};

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
    // Sums of a row lie side by side; where four rows would meet in a bank, they swap their eights.
    static constexpr bool MEET = COLUMNS % 32 == 0;
    // Every second pair of rows does, where a row would begin at the banks of the row before.
    static constexpr int SWAP = COLUMNS % 32 == 16 ? 8 : 0;
    static_assert(COLUMNS % 8 == 0, "fragments have 8 columns");

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

    DEV static int at(int r, int c) { return r * COLUMNS + (c ^ (MEET ? r % 4 * 8 : (r >> 1 & 1) * SWAP)); }
};

template <int MT, int NT, int WM, int WN, int WK, int STAGES, class A, class E>
DEV void tileProduct(const A& operand, const Bf16* weight, const E& epilogue) {
    using T = Tile<MT, NT, WM, WN, WK, STAGES>;
    extern __shared__ uint4 stages[];
    const int N = epilogue.N;
    const T tile(epilogue.M, N);
    const int chunks = (operand.K + LINE - 1) / LINE;
    const int line = threadIdx.x / PIECES, piece = threadIdx.x % PIECES;
    const auto rows = operand.template rows<T::ROWS / T::LINES_A_TURN, T::LINES_A_TURN>(tile.row + line);

    // Stage s holds the chunks s WK .. s WK + WK - 1.
    auto fetch = [&](int s) {
        uint4* stage = stages + s % STAGES * T::STAGE + threadIdx.x;
#pragma unroll
        for (int part = 0; part < WK; part++) {
            const int chunk = s * WK + part;
            const int k = chunk * LINE + piece * 8;
#pragma unroll
            for (int turn = 0; turn * T::LINES_A_TURN < T::ROWS; turn++) {
                rows.fetch(turn, k, stage + (part * T::LINES + turn * T::LINES_A_TURN) * PIECES);
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
#pragma unroll 1
    for (int s = 0; s < STAGES - 1; s++) {
        fetch(s);
    }
#pragma unroll 1
    for (int s = 0; s < turns; s++) {
        awaitCopies<STAGES - 2>();
        __syncthreads();
        fetch(s + STAGES - 1);
        const uint4* lines = stages + s % STAGES * T::STAGE + part * T::LINES * PIECES + lane;
        uint4 left[MT][2];
#pragma unroll
        for (int m = 0; m < MT; m++) {
            left[m][0] = lines[(down * MT + m) * 16 * PIECES];
            left[m][1] = lines[((down * MT + m) * 16 + 8) * PIECES];
        }
#pragma unroll
        for (int n = 0; n < NT; n++) {
            const uint4 columns = lines[(T::ROWS + (across * NT + n) * 8) * PIECES];
#pragma unroll
            for (int m = 0; m < MT; m++) {
                mma32(sums[m][n], left[m][0], left[m][1], columns);
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

// ---- float32

static constexpr int SIDE = 64;          // rows and columns of a block
static constexpr int DEEP = 16;          // k of a stage
static constexpr int PLAIN_THREADS = 128;
static constexpr int PLAIN_STAGES = 3;

// SPLIT: blocks of one tile share out k; parts: [gridDim.y][gridDim.x][SIDE * SIDE], arrived: [gridDim.x] zeros, which it leaves as zeros; both unused where gridDim.y is 1.
template <bool SPLIT = false, class A, class E>
DEV void plainProduct(const A& operand, const float* weight, const E& epilogue, float* parts = nullptr, u32* arrived = nullptr) {
    __shared__ __align__(16) float left[PLAIN_STAGES][SIDE][DEEP];
    __shared__ __align__(16) float columns[PLAIN_STAGES][DEEP][SIDE];
    const int K = operand.K;
    const int across = (epilogue.N + SIDE - 1) / SIDE;
    const int firstRow = blockIdx.x / across * SIDE, block = blockIdx.x % across;
    const float* packed = weight + (i64)block * K * SIDE;
    constexpr int ROWS_A_TURN = PLAIN_THREADS / (DEEP / 4);
    const int line = threadIdx.x / (DEEP / 4), piece = threadIdx.x % (DEEP / 4) * 4;
    const auto rows = operand.template rows<SIDE / ROWS_A_TURN, ROWS_A_TURN>(firstRow + line);

    const int turns = (K + DEEP - 1) / DEEP;
    int begin = 0, end = turns;
    if constexpr (SPLIT) {
        const int each = (turns + gridDim.y - 1) / gridDim.y;
        begin = blockIdx.y * each;
        end = min(begin + each, turns);
    }
    const int stop = min(end * DEEP, K);  // no other block's weights are fetched

    auto fetch = [&](int s) {
        const int stage = s % PLAIN_STAGES;
#pragma unroll
        for (int turn = 0; turn < SIDE / ROWS_A_TURN; turn++) {
            rows.fetch(turn, s * DEEP + piece, &left[stage][turn * ROWS_A_TURN + line][piece]);
            const int i = turn * PLAIN_THREADS + threadIdx.x;
            const int depth = s * DEEP + i / (SIDE / 4);
            copyAsync(&columns[stage][i / (SIDE / 4)][i % (SIDE / 4) * 4], packed + (i64)depth * SIDE + i % (SIDE / 4) * 4, depth < stop);
        }
        commitCopies();
    };

    // Rows down, down + 8, .. and four neighbouring columns.
    const int down = threadIdx.x / 16, right = threadIdx.x % 16 * 4;
    float sums[SIDE / 8][4] = {};
#pragma unroll 1
    for (int s = 0; s < PLAIN_STAGES - 1; s++) {
        fetch(begin + s);
    }
#pragma unroll 1
    for (int s = begin; s < end; s++) {
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
                const float4 four = *(const float4*)&left[stage][down + 8 * r][k];
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
    awaitCopies<0>();
    if constexpr (SPLIT) {
        __shared__ int last;
        if (gridDim.y > 1) {
            float4* part = (float4*)parts + (i64)blockIdx.x * (SIDE * SIDE / 4) + threadIdx.x;
            const i64 split = (i64)gridDim.x * (SIDE * SIDE / 4);
#pragma unroll
            for (int r = 0; r < SIDE / 8; r++) {
                part[blockIdx.y * split + r * PLAIN_THREADS] = make_float4(sums[r][0], sums[r][1], sums[r][2], sums[r][3]);
            }
            if (!lastOfColumn(arrived, last)) {
                return;
            }
#pragma unroll
            for (int r = 0; r < SIDE / 8; r++) {
                float4 sum = make_float4(0, 0, 0, 0);
                for (int s = 0; s < gridDim.y; s++) {
                    const float4 v = part[s * split + r * PLAIN_THREADS];
                    sum.x += v.x, sum.y += v.y, sum.z += v.z, sum.w += v.w;
                }
                sums[r][0] = sum.x, sums[r][1] = sum.y, sums[r][2] = sum.z, sums[r][3] = sum.w;
            }
        }
    }
#pragma unroll
    for (int r = 0; r < SIDE / 8; r++) {
        finish(epilogue, firstRow + down + 8 * r, block * SIDE + right, sums[r]);
    }
}
