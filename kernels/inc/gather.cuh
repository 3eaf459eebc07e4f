// A representative's row before a layer's MLP, and what normalises it: what prefix_gather_norm and the chain have in common.
#pragma once
#include "math.cuh"
#include "memory.cuh"
#include "warp.cuh"

static constexpr int BLOCK = 256;  // threads of a block that gathers, and the most layers

// What a block needs beside the row itself.
struct Gathering {
    u32 corrected[BLOCK / 32];  // a bit for each layer
    float meeting[BLOCK / 32];
};

// The sum over the block, in all threads.
DEV float blockSum(float value, float* meeting) {
    value = warpSum(value);
    __syncthreads();
    if (threadIdx.x % 32 == 0) {
        meeting[threadIdx.x / 32] = value;
    }
    __syncthreads();
    float sum = 0;
#pragma unroll
    for (int w = 0; w < BLOCK / 32; w++) {
        sum += meeting[w];
    }
    return sum;
}

struct Moments {
    float mean, inverse;  // of the standard deviation
};

// V numbers of shared memory.
template <int V>
DEV void keep(float* kept, const float (&v)[V]) {
    if constexpr (V == 4) {
        *(float4*)kept = make_float4(v[0], v[1], v[2], v[3]);
    } else {
        *kept = v[0];
    }
}

// Row `row` of RK before the MLP of `layer`, in `kept`, [C] in shared memory, of which a thread has V channels from threadIdx.x V on, and so on; and what normalises it. Which layers
// corrected its token is found once. What the block wrote before to rows and spread is seen.
template <int V>
DEV Moments gatherRow(Gathering& shared, float* kept, const float* rows, const int* representatives, const float* spread, int layer, i64 row, i64 RK, int C, float epsilon) {
    const int n = ::shared(representatives + layer * RK + row);
    const u32 corrected = lanesThat(n >= 0 && threadIdx.x < layer && ::shared(representatives + threadIdx.x * RK + row) == n);
    if (threadIdx.x % 32 == 0) {
        shared.corrected[threadIdx.x / 32] = corrected;
    }
    __syncthreads();
    float sum = 0;
#pragma unroll 1
    for (int c = threadIdx.x * V; c < C; c += BLOCK * V) {
        float value[V];
        load(rows + (layer * RK + row) * C + c, value);
        if (layer > 0 && n >= 0) {
            float all[V], corrections[V] = {};
            load(spread + row * C + c, all);
#pragma unroll 1
            for (int word = 0; word * 32 < layer; word++) {
#pragma unroll 1
                for (u32 left = shared.corrected[word]; left != 0; left &= left - 1) {
                    const int l = word * 32 + __ffs(left) - 1;
                    float correction[V];
                    load(rows + (l * RK + row) * C + c, correction);
#pragma unroll
                    for (int e = 0; e < V; e++) {
                        corrections[e] += correction[e];
                    }
                }
            }
#pragma unroll
            for (int e = 0; e < V; e++) {
                value[e] += all[e] + corrections[e];
            }
        }
        keep(kept + c, value);
#pragma unroll
        for (int e = 0; e < V; e++) {
            sum += value[e];
        }
    }
    const float mean = blockSum(sum, shared.meeting) / C;
    float squares = 0;
#pragma unroll 1
    for (int c = threadIdx.x * V; c < C; c += BLOCK * V) {
        float value[V];
        load(kept + c, value);
#pragma unroll
        for (int e = 0; e < V; e++) {
            const float difference = value[e] - mean;
            squares += difference * difference;
        }
    }
    return {mean, inverseRoot(blockSum(squares, shared.meeting) / C + epsilon)};
}
