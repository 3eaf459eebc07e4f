// ClusCa's chain as one launch: for layer after layer what prefix_gather_norm, gemm_rows and gemm_refresh_rows do in three. Its weights are known before its rows are, so they flow
// on while blocks wait for each other; between launches they would stop.
//
//   rows   F of the layer before is the sum of its parts, in their order; it is taken in as prefix_refresh does; the row is gathered and normalised as prefix_gather_norm does
//   fc1    hidden = GELU(normed W1^T + b1)
//   fc2    parts[p] = hidden W2^T over the p-th part of k
//
// Bytes    weights once: 4 C H a layer, 595 MB for the 28 layers of 1152 x 4608; rows, parts and hidden are read from L2.        FLOPs  4 M C H a layer.
// Bound    by the weights; then by what a layer cannot do without: three grid barriers, two readings of the left operand from L2, the latency of a row.
// Tiling   A grid of one block a multiprocessor, resident as a whole. Columns lie in tiles of 8; a block has the same tiles of every layer, and of fc2 one part of k, which is as
//          long as the k of fc1, so that the left operand of either fits into shared memory, the panel. 8 warps share out k by lines of 32 and have 5 tiles at a time, 5 x 4 products
//          of 16 x 8; they meet in the panel, in their order, so equal inputs give equal bits on any number of multiprocessors.
//   ring   A lane multiplies the very 16 bytes that it copied (gemm.cu tells how weights are packed), so nobody waits for anybody: each thread runs `depth` steps ahead of itself, a
//          step being 5 tiles x 8 warps x 512 bytes, across products and layers. 6 steps hold more than a product of 1152 x 4608 has for one of 132 blocks.
//   panel  lines of 64 bytes, row after row, line of k after line: 8 rows are 512 bytes that a warp reads without a conflict. `normed` and `hidden` lie so in memory, too.
//
// launch chain: block 256; cooperative, grid resident as a whole and at least parts = ceil(ceil(H / 32) / ceil(C / 32)); dynamic shared 61440 and more, max(64 ceil(C / 32), 1280) * (16, 32 or 64, not below M) + 20480 * depth, depth 2 to 7
//
// workspace: `normed` takes 32 ceil(C / 32) M bfloat16, `hidden` 32 ceil(H / 32) M, `parts` parts M C floats, `flags` two words that are zero before the first use; each launch leaves them zero.
// Limits   C and H multiples of 8, M up to 64, L up to 64, tensors at multiples of 16 bytes.
//
// Predicted on an H200 (4.3 TB/s, 1.2 us a grid barrier, not measured): 28 layers of 32 x 1152 x 4608 7.7 us each, 0.22 ms; as 84 launches in a graph 0.25 ms and what they cost to
// start.
#include "inc/async.cuh"
#include "inc/epilogue.cuh"
#include "inc/gather.cuh"
#include "inc/matrix.cuh"
#include "inc/sync.cuh"

static constexpr int WARPS = BLOCK / 32;
static constexpr int LINE = 32;          // k of a line: 64 bytes
static constexpr int PIECES = LINE / 8;  // pieces of 16 bytes in a line
static constexpr int TILES = 5;          // of 8 columns, that a warp multiplies at a time
static constexpr int BANDS = 4;          // of 16 rows
static constexpr int MOST_MLPS = 64;

struct Mlp {
    const Bf16* fc1;  // [H, C], packed
    const float* bias1;
    const Bf16* fc2;  // [C, H], packed
    const float* bias2;
};

struct Mlps {
    Mlp layer[MOST_MLPS];
};

// What a block multiplies of a layer's weights: tiles first, first + apart, .. below `tiles`, of whose `length` lines those from `begin` on.
struct Share {
    int first, apart, tiles, begin, lines, length;
};

// Waits for this thread's groups of copies except the newest.
DEV void awaitAllBut(int newest) {
    switch (newest) {
        case 0: awaitCopies<0>(); break;
        case 1: awaitCopies<1>(); break;
        case 2: awaitCopies<2>(); break;
        case 3: awaitCopies<3>(); break;
        case 4: awaitCopies<4>(); break;
        default: awaitCopies<5>(); break;
    }
}

// Where element c of row m lies among M rows of lines.
DEV i64 lineElement(int m, int c, int M) { return ((i64)(c / LINE) * M + m) * LINE + c % LINE; }

// representatives: [L, M], M = R K; table: [L][steps, count, chunks, C], layers `tableStride` apart; base: [L][planes][R, tokens, C], layers `stride` apart; propagated, rows: [L, M, C];
// spread: [M, C]
extern "C" __global__ void __launch_bounds__(256, 1)
    chain_bf16(Mlps mlps, const int* representatives, const void* table, const int* conditions, const int* cursor, const float* retained, void* base,
               float* propagated, float* spread, float* rows, Bf16* normed, Bf16* hidden, float* parts, u32* flags, i64 stride, i64 tableStride, int L, int M, int tokens,
               int K, int C, int H, int count, int chunks, int shiftChunk, int scaleChunk, int gateChunk, int depth, int types, float ratio, float epsilon) {
    __shared__ Gathering gathering;
    extern __shared__ uint4 panel[];
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int doublings = M <= 16 ? 0 : M <= 32 ? 1 : 2;
    const int bands = 1 << doublings, height = 16 * bands;  // of the panel
    const int narrow = (C + LINE - 1) / LINE, wide = (H + LINE - 1) / LINE;  // lines of k of fc1 and fc2
    const int several = (wide + narrow - 1) / narrow;                        // parts
    uint4* const ring = panel + max(narrow * 64, 1280) * bands;
    const int part = blockIdx.x % several, place = blockIdx.x / several;
    const int blocks = ((int)gridDim.x - part + several - 1) / several;  // that have this part
    // Product 2 l is layer l's fc1, 2 l + 1 its fc2.
    auto shareOf = [&](int product) {
        const bool second = product & 1;
        return Share{second ? place : (int)blockIdx.x,
                     second ? blocks : (int)gridDim.x,
                     (second ? C : H) / 8,
                     second ? part * narrow : 0,
                     second ? min(narrow, wide - part * narrow) : narrow,
                     second ? wide : narrow};
    };

    // ---- the weights

    int product, tile, line, filled = 0;
    auto begin = [&](int next) {
        for (product = next; product < 2 * L; product++) {
            const Share share = shareOf(product);
            tile = share.first;
            line = warp;
            if (tile < share.tiles && line < share.lines) {
                break;
            }
        }
    };
    auto fetch = [&] {
        if (product < 2 * L) {
            const Share share = shareOf(product);
            const Bf16* weight = product & 1 ? mlps.layer[product / 2].fc2 : mlps.layer[product / 2].fc1;
            const uint4* source = (const uint4*)weight + ((i64)tile * share.length + share.begin + line) * 32 + lane;
            uint4* target = ring + filled * (TILES * BLOCK) + threadIdx.x;
#pragma unroll
            for (int t = 0; t < TILES; t++) {
                if (tile + t * share.apart < share.tiles) {
                    copyAsync(target + t * BLOCK, source + (i64)t * share.apart * share.length * 32);
                }
            }
            line += WARPS;
            if (line >= share.lines) {
                line = warp;
                tile += TILES * share.apart;
                if (tile >= share.tiles) {
                    begin(product + 1);
                }
            }
        }
        commitCopies();
        filled = filled + 1 == depth ? 0 : filled + 1;
    };
    begin(0);
#pragma unroll 1
    for (int s = 0; s < depth - 1; s++) {
        fetch();
    }

    // ---- the rows

    auto layerTable = [&](int l) { return Elements{(char*)table + l * tableStride * (types & NARROW_TABLE ? 2 : 4), (types & NARROW_TABLE) != 0}; };
    auto layerBase = [&](int l) { return Elements{(char*)base + l * stride * (types & NARROW_LADDER ? 2 : 4), (types & NARROW_LADDER) != 0}; };
    auto modulation = [&](int row, int chunk) { return (((i64)shared(cursor) * count + shared(conditions + row / K)) * chunks + chunk) * C; };

    auto takeIn = [&](int l, int row) {
        const Refresh all = refresh(mlps.layer[l].bias2, representatives, layerTable(l).p, conditions, cursor, retained, layerBase(l).p, propagated, spread, rows, M, C, l,
                                    tokens, K, count, chunks, gateChunk, types, ratio);
#pragma unroll 1
        for (int c = threadIdx.x * 4; c < C; c += BLOCK * 4) {
            float f[4] = {};
            for (int p = 0; p < several; p++) {
                float v[4];
                load(parts + ((i64)p * M + row) * C + c, v);
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    f[e] += v[e];
                }
            }
            all.apply(row, c, f);
        }
    };
    auto gather = [&](int l, int row) {
        float* const kept = (float*)panel;
        const Moments moments = gatherRow<4>(gathering, kept, rows, representatives, spread, l, row, M, C, epsilon);
        const Elements values = layerTable(l);
        const i64 shifts = modulation(row, shiftChunk), scales = modulation(row, scaleChunk);
#pragma unroll 1
        for (int c = threadIdx.x * 4; c < C; c += BLOCK * 4) {
            float value[4], shift[4], scale[4];
            load(kept + c, value);
            values.load(shifts + c, shift);
            values.load(scales + c, scale);
#pragma unroll
            for (int e = 0; e < 4; e++) {
                value[e] = (value[e] - moments.mean) * moments.inverse * (1.f + scale[e]) + shift[e];
            }
            store(normed + lineElement(row, c, M), value);
        }
    };
    // Brings to L2 what this block's row of the next phase will ask memory for.
    auto expect = [&](int l) {
        const int row = blockIdx.x;
        const int n = row < M ? shared(representatives + l * M + row) : -1;
        if (n < 0) {
            return;
        }
        const int bytes = types & NARROW_LADDER ? 2 : 4;
        const char* const token = (const char*)layerBase(l).p + ((i64)(row / K) * tokens + n) * C * bytes;
        for (int c = threadIdx.x * 32; c < C; c += BLOCK * 32) {
            prefetch(token + c * bytes);
            prefetch(propagated + ((i64)l * M + row) * C + c);
            if (l + 1 < L) {
                prefetch(rows + ((i64)(l + 1) * M + row) * C + c);
            }
        }
    };

    // ---- the layers

    u32 round = 0;
    int taken = 0;
#pragma unroll 1
    for (int now = 0; now <= 2 * L; now++) {
        const bool second = now & 1;
        const Share share = shareOf(now);
        const int layer = now / 2;
        if (!second) {
            for (int row = blockIdx.x; row < M; row += gridDim.x) {
                if (layer > 0) {
                    takeIn(layer - 1, row);
                }
                if (layer < L) {
                    gather(layer, row);
                }
            }
            if (layer == L) {
                break;
            }
            gridBarrier(flags, round);
            expect(layer);
        }
        const Bf16* const left = (second ? hidden : normed) + (i64)share.begin * M * LINE;
#pragma unroll 1
        for (int first = share.first; first < share.tiles; first += TILES * share.apart) {
            // What others wrote in this launch, from L2; several pieces at a time.
            constexpr int BATCH = 6;
#pragma unroll 1
            for (int i = threadIdx.x; i < share.lines * height * PIECES; i += BLOCK * BATCH) {
                uint4 v[BATCH];
#pragma unroll
                for (int b = 0; b < BATCH; b++) {
                    const int at = i + b * BLOCK, m = at / PIECES & height - 1, k = at / PIECES >> 4 + doublings;
                    v[b] = make_uint4(0, 0, 0, 0);
                    if (k < share.lines && m < M && (share.begin + k) * LINE + at % PIECES * 8 < (second ? H : C)) {
                        v[b] = __ldcg((const uint4*)left + ((i64)k * M + m) * PIECES + at % PIECES);
                    }
                }
#pragma unroll
                for (int b = 0; b < BATCH; b++) {
                    if (i + b * BLOCK < share.lines * height * PIECES) {
                        panel[i + b * BLOCK] = v[b];
                    }
                }
            }
            __syncthreads();

            float sums[TILES][BANDS][4] = {};
#pragma unroll 1
            for (int k = warp; k < share.lines; k += WARPS) {
                awaitAllBut(depth - 2);
                fetch();
                uint4 lines[BANDS][2];
#pragma unroll
                for (int m = 0; m < BANDS; m++) {
                    if (m * 16 < M) {
                        const uint4* band = panel + (k * height + m * 16) * PIECES + lane;
                        lines[m][0] = band[0];
                        lines[m][1] = band[8 * PIECES];
                    }
                }
                const uint4* columns = ring + taken * (TILES * BLOCK) + threadIdx.x;
#pragma unroll
                for (int t = 0; t < TILES; t++) {
                    if (first + t * share.apart < share.tiles) {
                        const uint4 column = columns[t * BLOCK];
#pragma unroll
                        for (int m = 0; m < BANDS; m++) {
                            if (m * 16 < M) {
                                mma32(sums[t][m], lines[m][0], lines[m][1], column);
                            }
                        }
                    }
                }
                taken = taken + 1 == depth ? 0 : taken + 1;
            }
            __syncthreads();

            // The warps' sums in their order; a lane's four of a tile and band lie together.
            float4* const meeting = (float4*)panel;
#pragma unroll
            for (int t = 0; t < TILES; t++) {
#pragma unroll
                for (int m = 0; m < BANDS; m++) {
                    if (m < bands) {
                        meeting[((warp * TILES + t) * bands + m) * 32 + lane] = make_float4(sums[t][m][0], sums[t][m][1], sums[t][m][2], sums[t][m][3]);
                    }
                }
            }
            __syncthreads();
            for (int i = threadIdx.x; i < TILES * bands * 32; i += BLOCK) {
                const int column = (first + (i >> 5 + doublings) * share.apart) * 8 + i % 4 * 2;
                if (column >= share.tiles * 8) {
                    break;
                }
                float v[4] = {};
#pragma unroll
                for (int w = 0; w < WARPS; w++) {
                    const float4 sum = meeting[w * TILES * bands * 32 + i];
                    v[0] += sum.x, v[1] += sum.y, v[2] += sum.z, v[3] += sum.w;
                }
                const float* const bias = second ? nullptr : mlps.layer[layer].bias1;
                const float2 b = bias ? __ldg((const float2*)(bias + column)) : make_float2(0, 0);
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    const int row = (i / 32 & bands - 1) * 16 + half * 8 + i % 32 / 4;
                    const float low = v[2 * half] + b.x, high = v[2 * half + 1] + b.y;
                    if (row < M) {
                        if (second) {
                            *(float2*)(parts + ((i64)part * M + row) * C + column) = make_float2(low, high);
                        } else {
                            *(u32*)(hidden + lineElement(row, column, M)) = pack(gelu<true>(low, true), gelu<true>(high, true));
                        }
                    }
                }
            }
            __syncthreads();
        }
        gridBarrier(flags, round);
    }
    if (lastToLeave(flags + 1)) {
        flags[0] = 0;
        flags[1] = 0;
    }
}
