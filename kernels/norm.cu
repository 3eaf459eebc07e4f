// LayerNorm + modulate: out[r, t] = LN(x[r, t]) (1 + scale[r]) + shift[r], LN without affine parameters over C channels.
//
// Bytes    R T C (sizeof x + sizeof out), and 2 C modulations for each block.     FLOPs  about 9 R T C.
// Bound    by memory: 1.5 FLOPs a byte.
// Tiling   A warp owns a row. Its lanes hold the row in registers, 4 neighbouring channels each (16-byte loads), so the mean and then the variance around it take
//          no second read. A lane holds 48 floats: rows of up to 1536 channels belong to one warp, up to 3072 to two, up to 4096 to four; these meet in shared
//          memory. A block of 8 warps serves `span` rows a warp of one batch row, whose modulations wait in shared memory as float32: a larger span reads them less
//          often, a smaller one gives more blocks.
//          Rows beyond 4096 channels, of a C that is no multiple of 4, or whose tensors do not begin at 16 bytes, are read three times (from L1 after the first) by
//          one warp each.
// launch layer_norm_modulate: block 256; grid (ceil(T / (rows * span)), R), rows = 8 for C <= 1536, 4 for C <= 3072, else 2; span 4 where that leaves 264 blocks, else 1
//
// Predicted on an H200 (4.3 TB/s, from bytes, not measured), C = 1152, x f32 and out bf16: 64 x 256 rows 113 MB, 26 us; 2 x 256 rows 3.5 MB in L2, 2 us.
#include "inc/math.cuh"
#include "inc/steps.cuh"
#include "inc/warp.cuh"

static constexpr int WARPS = 8;
static constexpr int HELD = 48;       // floats of a row that a lane holds
static constexpr int WIDEST = 4096;   // channels of a row that is held

// How many warps hold a row.
DEV int heldBy(int C) { return C <= HELD * 32 ? 1 : C <= HELD * 64 ? 2 : 4; }

// The sum over a row's warps, in all their lanes. Every warp of the block comes here.
DEV float rowSum(float value, int warpsARow, float* meeting) {
    value = warpSum(value);
    if (warpsARow > 1) {
        const int warp = threadIdx.x / 32;
        __syncthreads();
        if (threadIdx.x % 32 == 0) {
            meeting[warp] = value;
        }
        __syncthreads();
        value = 0;
        for (int w = 0; w < warpsARow; w++) {
            value += meeting[warp / warpsARow * warpsARow + w];
        }
    }
    return value;
}

// One row in registers. `active` is false where a warp has no row but must take part in its block's meetings.
template <class X, class O>
DEV void heldRow(const X* x, O* out, int C, int warpsARow, bool active, float epsilon, const float* shift, const float* factor, float* meeting) {
    const int stride = warpsARow * 32 * 4;
    const int first = threadIdx.x % (warpsARow * 32) * 4;
    const int end = active ? C : 0;
    float v[HELD / 4][4];
    float sum = 0;
#pragma unroll
    for (int j = 0; j < HELD / 4; j++) {
        if (first + j * stride < end) {
            streamed(x + first + j * stride, v[j]);
        } else {
            v[j][0] = v[j][1] = v[j][2] = v[j][3] = 0;
        }
    }
#pragma unroll
    for (int j = 0; j < HELD / 4; j++) {
        sum += (v[j][0] + v[j][1]) + (v[j][2] + v[j][3]);
    }
    const float mean = rowSum(sum, warpsARow, meeting) / C;
    float squares = 0;
#pragma unroll
    for (int j = 0; j < HELD / 4; j++) {
        if (first + j * stride < end) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                v[j][i] -= mean;
                squares += v[j][i] * v[j][i];
            }
        }
    }
    const float inverse = inverseRoot(rowSum(squares, warpsARow, meeting) / C + epsilon);
#pragma unroll
    for (int j = 0; j < HELD / 4; j++) {
        const int c = first + j * stride;
        if (c < end) {
            float f[4], s[4];
            load(factor + c, f);
            load(shift + c, s);
#pragma unroll
            for (int i = 0; i < 4; i++) {
                v[j][i] = v[j][i] * inverse * f[i] + s[i];
            }
            store(out + c, v[j]);
        }
    }
}

// One row of any width and alignment by one warp.
template <class X, class M, class O>
DEV void longRow(const X* x, O* out, int C, float epsilon, const M* shift, const M* scale) {
    const int lane = threadIdx.x % 32;
    float sum = 0;
    for (int c = lane; c < C; c += 32) {
        sum += shared(x + c);
    }
    const float mean = warpSum(sum) / C;
    float squares = 0;
    for (int c = lane; c < C; c += 32) {
        const float v = shared(x + c) - mean;
        squares += v * v;
    }
    const float inverse = inverseRoot(warpSum(squares) / C + epsilon);
    for (int c = lane; c < C; c += 32) {
        const float v[1] = {(shared(x + c) - mean) * inverse * (1.f + shared(scale + c)) + shared(shift + c)};
        store(out + c, v);
    }
}

template <class X, class M, class O>
DEV void layerNormModulate(const X* x, const M* table, const int* conditions, const int* cursor, O* out, int T, int C, int count, int chunks, int shiftChunk,
                           int scaleChunk, int span, float epsilon) {
    __shared__ __align__(16) float shift[WIDEST];
    __shared__ __align__(16) float factor[WIDEST];
    __shared__ float meeting[WARPS];
    const int r = blockIdx.y;
    const int warp = threadIdx.x / 32;
    const M* modulation = modulations(table, conditions, cursor, r, count, chunks, C);
    const M* shiftRow = modulation + (i64)shiftChunk * C;
    const M* scaleRow = modulation + (i64)scaleChunk * C;
    x += (i64)r * T * C;
    out += (i64)r * T * C;

    if (C > WIDEST || C % 4 != 0 || !aligned(x, out)) {
#pragma unroll 1
        for (int i = 0; i < span; i++) {
            const int t = (blockIdx.x * span + i) * WARPS + warp;
            if (t < T) {
                longRow(x + (i64)t * C, out + (i64)t * C, C, epsilon, shiftRow, scaleRow);
            }
        }
        return;
    }

    for (int c = threadIdx.x; c < C; c += WARPS * 32) {
        shift[c] = shared(shiftRow + c);
        factor[c] = 1.f + shared(scaleRow + c);
    }
    __syncthreads();
    const int warpsARow = heldBy(C);
    const int rows = WARPS / warpsARow;
#pragma unroll 1
    for (int i = 0; i < span; i++) {
        const int t = (blockIdx.x * span + i) * rows + warp / warpsARow;
        heldRow(x + (i64)t * C, out + (i64)t * C, C, warpsARow, t < T, epsilon, shift, factor, meeting);
    }
}

#define LAYER_NORM_MODULATE(X, M, O, types)                                                                                                \
    extern "C" __global__ void __launch_bounds__(256, 3) layer_norm_modulate_##types(                                                         \
        const X* x, const M* table, const int* conditions, const int* cursor, O* out, int T, int C, int count, int chunks, int shiftChunk,  \
        int scaleChunk, int span, float epsilon) {                                                                                        \
        layerNormModulate(x, table, conditions, cursor, out, T, C, count, chunks, shiftChunk, scaleChunk, span, epsilon);                  \
    }

LAYER_NORM_MODULATE(float, float, float, f32_f32_f32)
LAYER_NORM_MODULATE(float, float, Bf16, f32_f32_bf16)
LAYER_NORM_MODULATE(float, Bf16, float, f32_bf16_f32)
LAYER_NORM_MODULATE(float, Bf16, Bf16, f32_bf16_bf16)
LAYER_NORM_MODULATE(Bf16, float, float, bf16_f32_f32)
LAYER_NORM_MODULATE(Bf16, float, Bf16, bf16_f32_bf16)
LAYER_NORM_MODULATE(Bf16, Bf16, float, bf16_bf16_f32)
LAYER_NORM_MODULATE(Bf16, Bf16, Bf16, bf16_bf16_bf16)
