// L1 k-means with mean update, batched, from first assignment to last in one launch; each batch row stops on its own, or all together, decided on the device.
//
// exact: every bit is part of the contract (dev.clusca.backend.Ops.kMeans), so no multiply-add may form where the source has a multiplication and an addition.
//   A distance sums channel c into accumulator c mod 32 in ascending order: accumulator j lives in lane j of one warp. The butterfly 16, 8, 4, 2, 1 folds them. Adding
//   |0 - 0| beyond the last channel changes no bit. Ties go to the lower centroid; a distance that is NaN or infinite is never the least. A mean sums its cluster's
//   tokens in token order, in one thread a channel. An empty cluster's centroid is the zero vector. Where a row settles, the old centroids stay.
//
// FLOPs    2 R N K C an iteration for distances, R N C for means.        Bytes  an iteration reads x twice from L2 or HBM, and centroids K / 32 as often as tokens.
// Bound    by FP32 addition (no tensor core knows L1) where x stays in L2, beyond that by the two readings of x; small batches by the two grid barriers.
// Tiling   A persistent grid walks two phases, with a barrier of the whole grid after each.
//   assign   An item is 32 (or, where that would leave blocks idle, 8) tokens of a row. A warp takes 4 (1) of them and 16 centroids at a time: 64 accumulators a lane, so a
//            centroid's value read from shared memory serves 4 tokens. Centroids come in tiles of 16 x 128 channels through cp.async, double-buffered; tokens
//            stream past, read once for every 16 centroids. The last folds exchange halves of the accumulators, so that 16 sums cost 16 shuffles and not 80.
//   update   An item is one cluster of a row and up to 1024 channels. The block lists the cluster's tokens in order, 4096 tokens at a time (any N), then every thread
//            sums its channels over the list, so a token is read by the one cluster that has it. New centroids go to the other of two buffers.
//   Tokens are not kept in shared memory: 64 images of 256 x 1152 are 75 MB, the shared memory of an H200 30 MB, and below that size they stay in L2.
//
// launch kmeans: block 256; cooperative, any grid that is resident as a whole, best 2 blocks a multiprocessor; grid (1) needs no cooperative launch
//
// workspace: `scratch` takes R K C floats, `flags` R + 2 words that are zero before the first use; each launch leaves the first two zero.
// Limits   none on N, K and C but R ceil(N / 8) and R K ceil(C / 256) below 2^31; K of 2 to 64 is what the tiles are made for.
//
// Predicted on an H200 (from bytes at 4.3 TB/s and 29.6 T additions/s, not measured): 64 x 256 x 1152 f32, K = 16: distances 20 us beside 18 us for x, means 18 us, barriers
// 4 us, so 60 us an iteration and 1.2 ms for 20; 2 x 256 x 1152: 5 us an iteration, mostly barriers.
#include "inc/async.cuh"
#include "inc/memory.cuh"
#include "inc/sync.cuh"
#include "inc/warp.cuh"

static constexpr int BLOCK = 256;
static constexpr int WARPS = BLOCK / 32;
static constexpr int CENTROIDS = 16;      // centroids that a warp compares at a time
static constexpr int CHANNELS = 128;      // channels in a tile
static constexpr int SEGMENT = 4096;      // tokens in a list
static constexpr int SHARE = SEGMENT / WARPS;

struct Shared {
    union {
        __align__(16) float tile[2][CENTROIDS][CHANNELS];
        u16 members[WARPS][SHARE];
    };
    int found[WARPS];
    // The nearest centroid of a warp's tokens so far, kept by lane 0: registers belong to the accumulators.
    float least[WARPS][4];
    int nearest[WARPS][4];
};

// Starts copying channels c .. c + 127 of centroids k .. k + 15 into a tile; zeros where there are none.
DEV void stage(float (&tile)[CENTROIDS][CHANNELS], const float* centroids, int k, int c, int K, int C, bool vector) {
    const int rows = min(CENTROIDS, K - k), columns = min(CHANNELS, C - c);
    const float* from = centroids + (i64)k * C + c;
    if (vector) {
#pragma unroll 1
        for (int e = threadIdx.x * 4; e < CENTROIDS * CHANNELS; e += BLOCK * 4) {
            const int row = e / CHANNELS, column = e % CHANNELS;
            if (row < rows && column < columns) {
                copyAsync(&tile[row][column], from + (i64)row * C + column);
            } else {
                *(float4*)&tile[row][column] = make_float4(0, 0, 0, 0);
            }
        }
    } else {
#pragma unroll 1
        for (int e = threadIdx.x; e < CENTROIDS * CHANNELS; e += BLOCK) {
            const int row = e / CHANNELS, column = e % CHANNELS;
            tile[row][column] = row < rows && column < columns ? from[(i64)row * C + column] : 0.f;
        }
    }
    commitCopies();
}

// Adds the upper half of the accumulators of lanes that differ in bit `Mask` across them: afterwards a lane holds Half sums, of the values that its bit selects.
template <int Mask, int Half>
DEV void fold(float (&v)[CENTROIDS]) {
    const bool upper = threadIdx.x & Mask;
#pragma unroll
    for (int i = 0; i < Half; i++) {
        const float keep = upper ? v[i + Half] : v[i];
        const float give = upper ? v[i] : v[i + Half];
        v[i] = __fadd_rn(keep, exchange(give, Mask));
    }
}

// The distance to centroid lane / 2, of 16 centroids whose accumulators the lanes hold.
DEV float distance(float (&v)[CENTROIDS]) {
    fold<16, 8>(v);
    fold<8, 4>(v);
    fold<4, 2>(v);
    fold<2, 1>(v);
    return __fadd_rn(v[0], exchange(v[0], 1));
}

// Labels Tokens tokens a warp, from token `first` of a row on.
template <int Tokens, class X>
DEV void assign(Shared& s, const X* x, const float* centroids, int* labels, int first, int N, int K, int C) {
    const int lane = threadIdx.x % 32;
    const int token = first + threadIdx.x / 32 * Tokens;
    const bool vector = C % 4 == 0 && aligned(centroids);
    const int warp = threadIdx.x / 32;
    x += (i64)token * C + lane;
    if (lane == 0) {
#pragma unroll
        for (int t = 0; t < Tokens; t++) {
            s.least[warp][t] = INFINITE;
            s.nearest[warp][t] = 0;
        }
    }
#pragma unroll 1
    for (int k = 0; k < K; k += CENTROIDS) {
        float sums[Tokens][CENTROIDS] = {};
        __syncthreads();
        stage(s.tile[0], centroids, k, 0, K, C, vector);
#pragma unroll 1
        for (int c = 0, turn = 0; c < C; c += CHANNELS, turn ^= 1) {
            awaitCopies<0>();
            __syncthreads();
            if (c + CHANNELS < C) {
                stage(s.tile[turn ^ 1], centroids, k, c + CHANNELS, K, C, vector);
            }
#pragma unroll 1
            for (int i = 0; i < CHANNELS / 32; i++) {
                const int channel = c + i * 32;
                float values[Tokens];
#pragma unroll
                for (int t = 0; t < Tokens; t++) {
                    values[t] = channel + lane < C && token + t < N ? shared(x + t * C + channel) : 0.f;
                }
#pragma unroll
                for (int j = 0; j < CENTROIDS; j++) {
                    const float centroid = s.tile[turn][j][i * 32 + lane];
#pragma unroll
                    for (int t = 0; t < Tokens; t++) {
                        sums[t][j] = __fadd_rn(sums[t][j], fabsf(__fsub_rn(values[t], centroid)));
                    }
                }
            }
        }
#pragma unroll
        for (int t = 0; t < Tokens; t++) {
            float d = distance(sums[t]);
            int j = k + lane / 2;
            if (!(j < K && d < INFINITE)) {
                d = INFINITE;
            }
#pragma unroll
            for (int mask = 16; mask > 1; mask /= 2) {
                const float otherDistance = exchange(d, mask);
                const int other = (int)exchange((u32)j, mask);
                if (otherDistance < d || (otherDistance == d && other < j)) {
                    d = otherDistance;
                    j = other;
                }
            }
            // Earlier tiles hold the lower centroids: they win ties.
            if (lane == 0 && d < s.least[warp][t]) {
                s.least[warp][t] = d;
                s.nearest[warp][t] = j;
            }
        }
    }
    if (lane == 0) {
#pragma unroll
        for (int t = 0; t < Tokens; t++) {
            if (token + t < N) {
                labels[token + t] = s.nearest[warp][t];
            }
        }
    }
}

// Lists in token order which of a row's tokens from .. from + 4095 have label k: each warp a list of its own share, one after the other.
DEV void listMembers(Shared& s, const int* labels, int from, int N, int k) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int end = min(N, from + (warp + 1) * SHARE);
    int count = 0;
    for (int n = from + warp * SHARE; n < end; n += 32) {
        const bool mine = n + lane < end && labels[n + lane] == k;
        const u32 lanes = lanesThat(mine);
        if (mine) {
            s.members[warp][count + __popc(lanes & ((1u << lane) - 1))] = (u16)(n + lane - from);
        }
        count += __popc(lanes);
    }
    if (lane == 0) {
        s.found[warp] = count;
    }
}

// The mean of cluster k over channels first .. first + 256 V - 1, into `fresh`; returns whether any of this thread's channels moved too far to settle.
template <int V, class X>
DEV bool update(Shared& s, const X* x, const float* old, float* fresh, const int* labels, int k, int first, int N, int C, float relative, float absolute) {
    const int c = first + threadIdx.x * V;
    float sum[V] = {};
    int size = 0;
    for (int from = 0; from < N; from += SEGMENT) {
        __syncthreads();
        listMembers(s, labels, from, N, k);
        __syncthreads();
        for (int w = 0; w < WARPS; w++) {
            const int count = s.found[w];
            size += count;
            if (c < C) {
#pragma unroll 4
                for (int i = 0; i < count; i++) {
                    float v[V];
                    shared(x + (i64)(from + s.members[w][i]) * C + c, v);
#pragma unroll
                    for (int e = 0; e < V; e++) {
                        sum[e] = __fadd_rn(sum[e], v[e]);
                    }
                }
            }
        }
    }
    bool moved = false;
    if (c < C) {
        float before[V];
        load(old + (i64)k * C + c, before);
#pragma unroll
        for (int e = 0; e < V; e++) {
            if (size > 0) {
                sum[e] = __fdiv_rn(sum[e], (float)size);
            }
            const float bound = __fadd_rn(absolute, __fmul_rn(relative, fabsf(sum[e])));
            moved |= !(fabsf(__fsub_rn(before[e], sum[e])) <= bound);
        }
        store(fresh + (i64)k * C + c, sum);
    }
    return moved;
}

// Whether row r goes on after `made` assignments: its flag holds the last one after which it had not settled.
DEV bool goesOn(const u32* unsettled, int r, bool together, u32 made) { return made == 0 || current(unsettled + (together ? 0 : r)) >= made; }

template <class X>
DEV void kMeans(const X* x, float* centroids, float* scratch, int* labels, int* iterations, u32* flags, int R, int N, int K, int C, int maxIterations,
                int together, float relative, float absolute) {
    __shared__ Shared s;
    u32* arrived = flags;
    u32* left = flags + 1;
    u32* unsettled = flags + 2;
    u32 round = 0;
    const i64 plane = (i64)K * C;
    if (blockIdx.x == 0) {
        for (int r = threadIdx.x; r < R; r += BLOCK) {
            unsettled[r] = 0;
        }
    }
    const bool vector = C % 4 == 0 && aligned(x, centroids, scratch);
    const int width = vector ? BLOCK * 4 : BLOCK;
    const int slices = (C + width - 1) / width;
    const int wide = (N + 4 * WARPS - 1) / (4 * WARPS);
    const bool few = (i64)R * wide < gridDim.x;
    const int groups = few ? (N + WARPS - 1) / WARPS : wide;

    for (u32 made = 1; made <= (u32)maxIterations; made++) {
        float* const old = made & 1 ? centroids : scratch;
        float* const fresh = made & 1 ? scratch : centroids;
        for (int item = blockIdx.x; item < R * groups; item += gridDim.x) {
            const int r = item / groups, group = item % groups;
            if (goesOn(unsettled, r, together, made - 1)) {
                const X* row = x + (i64)r * N * C;
                if (few) {
                    assign<1>(s, row, old + r * plane, labels + (i64)r * N, group * WARPS, N, K, C);
                } else {
                    assign<4>(s, row, old + r * plane, labels + (i64)r * N, group * WARPS * 4, N, K, C);
                }
            }
        }
        gridBarrier(arrived, round);
        for (int item = blockIdx.x; item < R * K * slices; item += gridDim.x) {
            const int r = item / (K * slices), part = item % (K * slices);
            const int k = part / slices, first = part % slices * width;
            if (goesOn(unsettled, r, together, made - 1)) {
                const X* row = x + (i64)r * N * C;
                const int* rowLabels = labels + (i64)r * N;
                const bool moved =
                    vector ? update<4>(s, row, old + r * plane, fresh + r * plane, rowLabels, k, first, N, C, relative, absolute)
                           : update<1>(s, row, old + r * plane, fresh + r * plane, rowLabels, k, first, N, C, relative, absolute);
                if (lanesThat(moved) != 0 && threadIdx.x % 32 == 0) {
                    atomicMax(unsettled + (together ? 0 : r), made);
                }
            }
        }
        gridBarrier(arrived, round);
        bool any = false;
        for (int r = threadIdx.x % 32; r < (together ? 1 : R); r += 32) {
            any |= goesOn(unsettled, r, together, made);
        }
        if (lanesThat(any) == 0) {
            break;
        }
    }

    // A row that was last unsettled after m assignments made one more, unless m is the most; either way its centroids are those in buffer m mod 2.
    for (int r = blockIdx.x; r < R; r += gridDim.x) {
        const u32 m = current(unsettled + (together ? 0 : r));
        if (threadIdx.x == 0) {
            iterations[r] = (int)min(m + 1, (u32)maxIterations);
        }
        if (m & 1) {
            for (i64 i = threadIdx.x; i < plane; i += BLOCK) {
                centroids[r * plane + i] = scratch[r * plane + i];
            }
        }
    }
    if (lastToLeave(left)) {
        *arrived = 0;
        *left = 0;
    }
}

#define KMEANS(X, types)                                                                                                                   \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                                                   \
        kmeans_##types(const X* x, float* centroids, float* scratch, int* labels, int* iterations, u32* flags, int R, int N, int K, int C, \
                       int maxIterations, int together, float relative, float absolute) {                                                  \
        kMeans(x, centroids, scratch, labels, iterations, flags, R, N, K, C, maxIterations, together, relative, absolute);                 \
    }

KMEANS(float, f32)
KMEANS(Bf16, bf16)
