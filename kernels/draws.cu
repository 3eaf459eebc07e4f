// Random choices of tokens: Philox4x32-10 with key `seed` and counter (token, rows[r], layer | stream << 16, step | purpose << 24), word 0; the larger draw wins,
// ties go to the lower token. The bits are those of every other backend.
//
//   draw_first_tokens     tokens[r, k] = the token with the k-th largest draw of purpose FIRST_CENTROIDS, layer 0
//   draw_representatives  representatives[l, r, k] = the member of cluster k with the largest draw of purpose REPRESENTATIVE, -1 where it has none
//
// Cost     80 integer operations a draw: N draws for each (layer, batch row) of representatives; K N for each row of first tokens, which a run draws once.
// Bound    by latency: one short block each.
// Tiling   A block serves one batch row (and layer). A draw and its token make one 64-bit key, the draw above 2^31 - 1 - token, so that the largest key is the winner and
//          no two are equal. Representatives: one atomic maximum in shared memory a token, where the lanes of one cluster take turns; a block has few tokens, so
//          nothing is built around that. First tokens: K rounds of the largest key below the last winner's; draws are made anew each round, so that any N fits.
//
// launch draw_first_tokens: block 256; grid (R)
// launch draw_representatives: block 256; grid (R, L); K at most 4096
//
// Predicted on an H200 (from operations, not measured): representatives of 28 layers x 64 rows x 256 tokens 40 million operations, 2 us; a launch for 2 rows.
#include "inc/philox.cuh"
#include "inc/steps.cuh"
#include "inc/warp.cuh"

static constexpr int BLOCK = 256;
static constexpr int MAX_CLUSTERS = 4096;

// Never 0 and never all ones.
DEV u64 key(u32 drawn, int token) { return (u64)drawn << 32 | (u32)(0x7fffffff - token); }
DEV int tokenOf(u64 key) { return 0x7fffffff - (int)(u32)key; }

DEV u64 warpMax(u64 value) {
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) {
        const u64 other = (u64)exchange((u32)(value >> 32), mask) << 32 | exchange((u32)value, mask);
        value = max(value, other);
    }
    return value;
}

// rows: [R]; tokens: [R, K]
extern "C" __global__ void __launch_bounds__(256)
    draw_first_tokens(const int* rows, const float* table, const int* cursor, int* tokens, u64 seed, int N, int K, int stream) {
    __shared__ u64 best[2][BLOCK / 32];
    const Step step(table, cursor);
    const int row = shared(rows + blockIdx.x);
    const u32 last = (u32)step[STEP] | FIRST_CENTROIDS << 24;
    u64 bound = ~0ull;
    for (int k = 0; k < K; k++) {
        u64 largest = 0;
        for (int n = threadIdx.x; n < N; n += BLOCK) {
            const u64 candidate = key(draw(seed, n, row, (u32)stream << 16, last), n);
            if (candidate < bound && candidate > largest) {
                largest = candidate;
            }
        }
        largest = warpMax(largest);
        // Two sets of winners: a fast warp's next round does not overwrite what a slow one still reads.
        if (threadIdx.x % 32 == 0) {
            best[k % 2][threadIdx.x / 32] = largest;
        }
        __syncthreads();
        bound = 0;
        for (int w = 0; w < BLOCK / 32; w++) {
            bound = max(bound, best[k % 2][w]);
        }
        if (threadIdx.x == 0) {
            tokens[(i64)blockIdx.x * K + k] = tokenOf(bound);
        }
    }
}

// rows: [R]; labels: [R, N]; representatives: [L, R, K]
extern "C" __global__ void __launch_bounds__(256)
    draw_representatives(const int* rows, const float* table, const int* cursor, const int* labels, int* representatives, u64 seed, int N, int K, int stream) {
    __shared__ u64 best[MAX_CLUSTERS];  // 0: no member yet
    const Step step(table, cursor);
    const int r = blockIdx.x;
    const int layer = blockIdx.y;
    for (int k = threadIdx.x; k < K; k += BLOCK) {
        best[k] = 0;
    }
    __syncthreads();
    const int row = shared(rows + r);
    const u32 last = (u32)step[STEP] | REPRESENTATIVE << 24;
    for (int n = threadIdx.x; n < N; n += BLOCK) {
        const int k = shared(labels + (i64)r * N + n);
        if ((u32)k < (u32)K) {
            atomicMax(&best[k], key(draw(seed, n, row, (u32)layer | (u32)stream << 16, last), n));
        }
    }
    __syncthreads();
    for (int k = threadIdx.x; k < K; k += BLOCK) {
        representatives[((i64)layer * gridDim.x + r) * K + k] = best[k] == 0 ? -1 : tokenOf(best[k]);
    }
}
