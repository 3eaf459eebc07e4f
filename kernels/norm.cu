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
//
// QK-RMSNorm + RoPE, in place: q = q / sqrt(mean(q^2) + epsilon) queryScale per head, then (q_2i, q_2i+1) = (cos q_2i - sin q_2i+1, sin q_2i + cos q_2i+1); k likewise; v stays.
//
// Bytes    4 R N C sizeof qkv: queries and keys in and out; and 4 N d of rotations.     FLOPs  about 14 R N C.
// Bound    by memory: 0.9 FLOPs a byte of f32.
// Tiling   8 lanes hold a query of up to 32 channels, 16 of up to 64, 32 of up to 128, 4 neighbouring channels each (16-byte loads of f32). They take `span` heads of a token and keep its
//          rotations, which all heads share, and both scales in registers. Queries and keys of two heads are under way together, so that a lane has four loads in flight.
//          Heads of more than 128 channels, of a d that is no multiple of 4, or tensors that do not begin at 16 bytes: a warp reads a query twice (from L1 the second time).
// launch qk_norm_rope: block 256; grid ceil(R N ceil(H / span) / groups), groups = 32 for d <= 32, 16 for d <= 64, else 8; span ceil(H / ceil(H / 8)) where that leaves 264 blocks, else 1
//
// Predicted on an H200 (likewise), FLUX at 1024 x 1024 pixels, 4608 tokens and 24 heads of 128 in bf16: 116 MB, 27 us.
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

// ---- queries and keys

static constexpr int TOGETHER = 2;  // heads under way

// Lanes that hold a query or a key of d channels.
DEV int lanesFor(int d) { return d <= 32 ? 8 : d <= 64 ? 16 : 32; }

DEV void rotate(float cosine, float sine, float& first, float& second) {
    const float v = first;
    first = cosine * v - sine * second;
    second = sine * v + cosine * second;
}

// Heads first .. end - 1 of a token by `lanes` lanes. Lanes beyond d, and groups without a token (first = end), take part in the sums alone; `span` is the same for all.
template <class T>
DEV void heldHeads(T* token, const float* queryScale, const float* keyScale, const float* angles, int H, int d, int lanes, int first, int end, int span, float epsilon) {
    const int c = threadIdx.x % lanes * 4;
    float scale[2][4] = {}, angle[4] = {};
    if (c < d && first < end) {
        if (queryScale) {
            shared(queryScale + c, scale[0]);
            shared(keyScale + c, scale[1]);
        }
        if (angles) {
            shared(angles + c, angle);
        }
    }
    T* at = token + (i64)first * d + c;
    const int keys = H * d;
    const float share = 1.f / d;
#pragma unroll 1
    for (int h = first; h < first + span; h += TOGETHER, at += TOGETHER * d) {
        float v[TOGETHER][2][4];
#pragma unroll
        for (int i = 0; i < TOGETHER; i++) {
#pragma unroll
            for (int k = 0; k < 2; k++) {
                if (c < d && h + i < end) {
                    load(at + k * keys + i * d, v[i][k]);
                } else {
                    v[i][k][0] = v[i][k][1] = v[i][k][2] = v[i][k][3] = 0;
                }
            }
        }
        if (queryScale) {
            float squares[TOGETHER][2];
#pragma unroll
            for (int i = 0; i < TOGETHER; i++) {
#pragma unroll
                for (int k = 0; k < 2; k++) {
                    const float(&w)[4] = v[i][k];
                    squares[i][k] = (w[0] * w[0] + w[1] * w[1]) + (w[2] * w[2] + w[3] * w[3]);
                }
            }
#pragma unroll 1
            for (int mask = lanes / 2; mask > 0; mask /= 2) {
#pragma unroll
                for (int i = 0; i < TOGETHER; i++) {
                    squares[i][0] += exchange(squares[i][0], mask);
                    squares[i][1] += exchange(squares[i][1], mask);
                }
            }
#pragma unroll
            for (int i = 0; i < TOGETHER; i++) {
#pragma unroll
                for (int k = 0; k < 2; k++) {
                    const float inverse = inverseRoot(squares[i][k] * share + epsilon);
#pragma unroll
                    for (int e = 0; e < 4; e++) {
                        v[i][k][e] *= inverse * scale[k][e];
                    }
                }
            }
        }
#pragma unroll
        for (int i = 0; i < TOGETHER; i++) {
#pragma unroll
            for (int k = 0; k < 2; k++) {
                if (angles) {
                    rotate(angle[0], angle[1], v[i][k][0], v[i][k][1]);
                    rotate(angle[2], angle[3], v[i][k][2], v[i][k][3]);
                }
                if (c < d && h + i < end) {
                    store(at + k * keys + i * d, v[i][k]);
                }
            }
        }
    }
}

// A query or key of any width and alignment by one warp; scale and angles may be null.
template <class T>
DEV void longHead(T* x, const float* scale, const float* angles, int d, float epsilon) {
    const int lane = threadIdx.x % 32;
    float inverse = 1;
    if (scale) {
        float squares = 0;
#pragma unroll 1
        for (int c = lane; c < d; c += 32) {
            float v[1];
            load(x + c, v);
            squares += v[0] * v[0];
        }
        inverse = inverseRoot(warpSum(squares) / d + epsilon);
    }
#pragma unroll 1
    for (int c = 2 * lane; c < d; c += 64) {
        const bool paired = c + 1 < d;
        float a[1], b[1] = {0};
        load(x + c, a);
        if (paired) {
            load(x + c + 1, b);
        }
        if (scale) {
            a[0] *= inverse * shared(scale + c);
            b[0] *= paired ? inverse * shared(scale + c + 1) : 0.f;
        }
        if (angles) {
            rotate(shared(angles + c), shared(angles + c + 1), a[0], b[0]);
        }
        store(x + c, a);
        if (paired) {
            store(x + c + 1, b);
        }
    }
}

// qkv: [tokens, 3, H, d], tokens = R N; rotations: [N, d / 2, 2]
template <class T>
DEV void qkNormRope(T* qkv, const float* queryScale, const float* keyScale, const float* rotations, int tokens, int N, int H, int d, int span, float epsilon) {
    const int lanes = lanesFor(d), segments = (H + span - 1) / span;
    const bool held = d <= 128 && d % 4 == 0 && aligned(qkv, queryScale, keyScale, rotations);
    // What a warp's groups would take at once, it takes in turn where queries are not held.
    const int groups = 32 / lanes, turns = held ? 1 : groups;
#pragma unroll 1
    for (int turn = 0; turn < turns; turn++) {
        const u32 item = (blockIdx.x * WARPS + threadIdx.x / 32) * groups + (held ? threadIdx.x % 32 / lanes : turn);
        const u32 token = item / segments;
        const int first = item % segments * span, end = token < tokens ? min(first + span, H) : first;
        T* own = qkv + (i64)token * 3 * H * d;
        const float* angles = rotations ? rotations + (i64)(token % N) * d : nullptr;
        if (held) {
            heldHeads(own, queryScale, keyScale, angles, H, d, lanes, first, end, span, epsilon);
        } else {
#pragma unroll 1
            for (int i = 0; i < 2 * (end - first); i++) {
                longHead(own + (i % 2 * H + first + i / 2) * d, i % 2 ? keyScale : queryScale, angles, d, epsilon);
            }
        }
    }
}

#define QK_NORM_ROPE(T, type)                                                                                                              \
    extern "C" __global__ void __launch_bounds__(256)                                                                                      \
        qk_norm_rope_##type(T* qkv, const float* queryScale, const float* keyScale, const float* rotations, int tokens, int N, int H,      \
                            int d, int span, float epsilon) {                                                                              \
        qkNormRope(qkv, queryScale, keyScale, rotations, tokens, N, H, d, span, epsilon);                                                  \
    }

QK_NORM_ROPE(float, f32)
QK_NORM_ROPE(Bf16, bf16)
