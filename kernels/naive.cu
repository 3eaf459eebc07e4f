// The first rung of each ladder: the operations by the plainest kernels that one would write, as llm.c's *_forward_kernel1 are. The variant naive of the cuda backend runs them
// (dev.clusca.backend.cuda.NaiveOps): measured beside the others they show what a tuned kernel gains, and read before it, what it computes.
//
//   naive_gemm                   out[m, n] = activation(sum_k a[m, k] W[n, k] + bias[n])
//   naive_gemm_residual          F likewise; feature = F; x[m] += gate[m / tokens] F
//   naive_attention_scores       S[r, h, q, k] = Q[r, q, h] K[r, k, h] / sqrt(d)
//   naive_attention_softmax      S[r, h, q] = softmax(S[r, h, q])
//   naive_attention_values       out[r, q, h] = sum_k S[r, h, q, k] V[r, k, h]
//   naive_layer_norm_modulate    out[r, t] = LN(x[r, t]) (1 + scale[r]) + shift[r]
//   naive_qk_norm_rope           q = RMSNorm(q) queryScale, then each pair of channels turned; k likewise
//   naive_ladder_update          G_0 = F, G_{i+1} = (G_i - T_i) / D for i + 1 < n terms, then T = G
//   naive_forecast_residual      x[r] += gate[r] sum_{i < terms} factor_i T_i[r]; one module of one layer of a forecast pass or a prefix pass
//   naive_kmeans_assign          label[r, n] = the centroid with the least sum_c |x[r, n, c] - centroid[k, c]|
//   naive_kmeans_means           fresh[r, k] = the mean of the tokens with label k
//   naive_kmeans_settle          centroids = fresh, unless they lie so near that the row is done
//   naive_convolve               out[b, y, x] = sum_ij W[i, j] v[b, y + i - p, x + j - p] + bias + residual[b, y, x], v being x or x enlarged to twice its extents
//   naive_group_norm_moments     norm[b, g] = (mean, 1 / sqrt(variance + epsilon)) over the pixels of image b and the channels of group g
//   naive_group_norm             out = activation((x - mean) norm weight[c] + bias[c])
//
// Bytes    those of the tuned kernels where caches serve what threads read again: a product asks for 2 M N K elements to fill M N. Attention's scores come beside them, written and
//          read twice, 16 R H N^2 bytes; so does x, once in and once out for each module of each layer of a pass.       FLOPs  those of the tuned kernels.
// Bound    products and attention by loads, one for each multiply-add and none kept in a register or in shared memory; the others by memory that a warp asks for in small pieces,
//          and by latency where a row is one thread's.
// Tiling   none: a thread has one result, or one row where a row must be summed. Element types are told at run time (`types`), but for the operands of products.
//
// launch naive_gemm: block 256; grid (M, ceil(N / 256))
// launch naive_gemm_residual: block 256; grid (M, ceil(N / 256))
// launch naive_attention_scores: block 256; grid (ceil(N * N / 256), heads, R)
// launch naive_attention_softmax: block 256; grid (ceil(R * heads * N / 256))
// launch naive_attention_values: block 256; grid (ceil(N * d / 256), heads, R)
// launch naive_layer_norm_modulate: block 256; grid (ceil(T / 256), R)
// launch naive_qk_norm_rope: block 256; grid (ceil(R * N * 2 * heads / 256))
// launch naive_ladder_update: block 256; grid (ceil(count / 256))
// launch naive_forecast_residual: block 256; grid (ceil(N * C / 256), R)
// launch naive_kmeans_assign: block 256; grid (ceil(N / 8), R)
// launch naive_kmeans_means: block 256; grid (ceil(K * C / 256), R)
// launch naive_kmeans_settle: block 256; grid (R), or (1) where all rows stop together
// launch naive_convolve: block 256; grid (B H W, ceil(N / 256))
// launch naive_group_norm_moments: block 256; grid (ceil(B * groups / 256))
// launch naive_group_norm: block 256; grid (ceil(h * w * C / 256), B)
//
// Predicted on an H200 (not measured): 512 x 1152 x 3456 in bf16 3 ms, where gemm.cu takes 9 us; LayerNorm and attention 10 times as long as theirs, ladders 1 to 2
// times.
#include "inc/epilogue.cuh"
#include "inc/warp.cuh"

static constexpr int BLOCK = 256;

// What this thread computes, of all threads with its blockIdx.y and z.
DEV i64 self() { return (i64)blockIdx.x * BLOCK + threadIdx.x; }

DEV float number(float element) { return element; }
DEV float number(Bf16 element) { return widen(element.bits); }

DEV float read(Elements from, i64 at) {
    float v[1];
    from.load(at, v);
    return v[0];
}

DEV void write(Elements to, i64 at, float value) {
    const float v[1] = {value};
    to.store(at, v);
}

// Where a chunk of the running step's modulations of batch row r begins.
DEV i64 chunkOf(const int* conditions, const int* cursor, int r, int count, int chunks, int chunk, int C) {
    return (((i64)*cursor * count + conditions[r]) * chunks + chunk) * C;
}

// ---- products
// Each thread reads a whole row of a and of W. Next: a tile of both in shared memory, which 64 rows and columns share; sums of 8 x 4 in registers; then 16 bytes a load, copies
// that run ahead, and the tensor cores (gemm.cu).

// Where row n of W begins, and its element k lies from there: as gemm.cu packs them.
DEV const float* rowOf(const float* weight, int n, int K) { return weight + (i64)(n / 64) * K * 64 + n % 64; }
DEV const Bf16* rowOf(const Bf16* weight, int n, int K) { return weight + ((i64)(n / 8) * ((K + 31) / 32) * 8 + n % 8) * 32; }
DEV int along(const float*, int k) { return k * 64; }
DEV int along(const Bf16*, int k) { return (k & ~31) * 8 + (k & 31); }

template <class A>
DEV float product(const A* a, const A* weight, const float* bias, int m, int n, int K) {
    const A* row = a + (i64)m * K;
    const A* column = rowOf(weight, n, K);
    float sum = 0;
    for (int k = 0; k < K; k++) {
        sum += number(row[k]) * number(column[along(column, k)]);
    }
    return bias ? sum + bias[n] : sum;
}

// out: [M, N]; bias: [N] or null; M is the grid's width
template <class A>
DEV void gemm(const A* a, const A* weight, const float* bias, Elements out, int N, int K, int activation) {
    const int m = blockIdx.x, n = blockIdx.y * BLOCK + threadIdx.x;
    if (n < N) {
        const float v = product(a, weight, bias, m, n, K);
        write(out, (i64)m * N + n, activation == GELU_TANH ? gelu<false>(v, false) : activation == SILU ? silu(v) : v);
    }
}

// x: [M, N]; feature: [M, N] or null; table: [steps, count, chunks, N]; M is the grid's width
template <class A>
DEV void gemmResidual(const A* a, const A* weight, const float* bias, Elements table, const int* conditions, const int* cursor, Elements feature, Elements x, int N, int K,
                      int tokens, int count, int chunks, int gateChunk) {
    const int m = blockIdx.x, n = blockIdx.y * BLOCK + threadIdx.x;
    if (n < N) {
        const i64 i = (i64)m * N + n;
        const float fresh = product(a, weight, bias, m, n, K);
        const float gate = read(table, chunkOf(conditions, cursor, m / tokens, count, chunks, gateChunk, N) + n);
        if (feature.p) {
            write(feature, i, fresh);
        }
        write(x, i, read(x, i) + gate * fresh);
    }
}

// ---- attention
// Three kernels, and the scores in memory between them. Next: a block keeps 64 queries, keys and values pass through shared memory, and the softmax is corrected as they come, so
// that no score is ever stored; then the tensor cores (attention.cu).

// qkv: [R, N, 3 C]; scores: [R, heads, N, N], N N below 2^31; heads and R are the grid's height and depth
template <class T>
DEV void attentionScores(const T* qkv, float* scores, int N, int C, int d, float scale) {
    const i64 r = blockIdx.z, head = blockIdx.y;
    const u32 i = self(), q = i / N, k = i % N;
    if (q < N) {
        const T* query = qkv + (r * N + q) * 3 * C + head * d;
        const T* key = qkv + (r * N + k) * 3 * C + C + head * d;
        float sum = 0;
        for (int c = 0; c < d; c++) {
            sum += number(query[c]) * number(key[c]);
        }
        scores[(r * gridDim.y + head) * N * N + i] = sum * scale;
    }
}

// A thread a row, which it reads three times. max ignores NaN but exp does not. Next: a warp a row.
DEV void attentionSoftmax(float* scores, i64 rows, int N) {
    if (self() < rows) {
        float* row = scores + self() * N;
        float most = -INFINITE;
        for (int k = 0; k < N; k++) {
            most = fmaxf(most, row[k]);
        }
        float sum = 0;
        for (int k = 0; k < N; k++) {
            row[k] = exponential(row[k] - most);
            sum += row[k];
        }
        for (int k = 0; k < N; k++) {
            row[k] = __fdiv_rn(row[k], sum);
        }
    }
}

// out: [R, N, C]
template <class T>
DEV void attentionValues(const float* scores, const T* qkv, T* out, int N, int C, int d) {
    const i64 r = blockIdx.z, head = blockIdx.y;
    const u32 i = self(), q = i / d, column = head * d + i % d;
    if (q < N) {
        const float* weights = scores + ((r * gridDim.y + head) * N + q) * N;
        const T* values = qkv + r * N * 3 * C + 2 * C + column;
        float sum[1] = {0};
        for (int k = 0; k < N; k++, values += 3 * C) {
            sum[0] += weights[k] * number(*values);
        }
        store(out + (r * N + q) * C + column, sum);
    }
}

// ---- LayerNorm
// A thread a row, which it reads three times; neighbouring threads read C elements apart, each its own sector. Next: a warp a row, whose lanes read neighbours; then the row in
// registers, so that it is read once (norm.cu).

// x, out: [R, T, C]; table: [steps, count, chunks, C]; R is the grid's height
DEV void layerNormModulate(Elements x, Elements table, const int* conditions, const int* cursor, Elements out, int T, int C, int count, int chunks, int shiftChunk,
                           int scaleChunk, float epsilon) {
    const int r = blockIdx.y;
    if (self() < T) {
        const i64 row = (i64)r * T + self();
        const i64 shift = chunkOf(conditions, cursor, r, count, chunks, shiftChunk, C), scale = chunkOf(conditions, cursor, r, count, chunks, scaleChunk, C);
        float sum = 0, squares = 0;
        for (int c = 0; c < C; c++) {
            sum += read(x, row * C + c);
        }
        const float mean = sum / C;
        for (int c = 0; c < C; c++) {
            const float difference = read(x, row * C + c) - mean;
            squares += difference * difference;
        }
        const float inverse = inverseRoot(squares / C + epsilon);
        for (int c = 0; c < C; c++) {
            write(out, row * C + c, (read(x, row * C + c) - mean) * inverse * (1.f + read(table, scale + c)) + read(table, shift + c));
        }
    }
}

// ---- queries and keys
// A thread a query or a key, which it reads twice. Next: as many lanes as hold it in registers; then several heads of a token, which share its rotations (norm.cu).

// qkv: [tokens, 3, H, d], tokens = R N; rotations: [N, d / 2, 2]
DEV void qkNormRope(Elements qkv, const float* queryScale, const float* keyScale, const float* rotations, int tokens, int N, int H, int d, float epsilon) {
    const i64 token = self() / (2 * H);
    const int head = (int)(self() % (2 * H));
    if (token >= tokens) {
        return;
    }
    const i64 at = (token * 3 * H + head) * d;
    const float* scale = head < H ? queryScale : keyScale;
    const float* angles = rotations + token % N * d;
    float inverse = 1;
    if (scale) {
        float squares = 0;
        for (int c = 0; c < d; c++) {
            squares += read(qkv, at + c) * read(qkv, at + c);
        }
        inverse = inverseRoot(squares / d + epsilon);
    }
    // Without rotations each channel is by itself, and d may be odd.
    for (int c = 0; !rotations && c < d; c++) {
        write(qkv, at + c, read(qkv, at + c) * inverse * scale[c]);
    }
    for (int c = 0; rotations && c < d; c += 2) {
        const float first = read(qkv, at + c) * inverse * (scale ? scale[c] : 1.f), second = read(qkv, at + c + 1) * inverse * (scale ? scale[c + 1] : 1.f);
        write(qkv, at + c, angles[c] * first - angles[c + 1] * second);
        write(qkv, at + c + 1, angles[c + 1] * first + angles[c] * second);
    }
}

// ---- the Taylor ladder
// A thread an element, one after the other loaded, used and stored. Next: 4 channels a thread, 16 bytes a load, all planes asked for before the first is used, and a gate read once
// for several tokens (ladder.cu).

// feature: [count], may be plane 0 itself where there is one term; ladder: [planes][count]
DEV void ladderUpdate(Elements feature, Elements ladder, Step step, i64 count, int planes) {
    const i64 i = self();
    if (i < count) {
        const int terms = step.terms(LADDER_TERMS, planes);
        const float inverse = 1.f / step[LADDER_DIVISOR];
        float now = read(feature, i);
        for (int order = 0; order < terms; order++) {
            // The next order's difference is to what lies here still; the last has none, and its plane may hold nothing yet.
            const float old = order + 1 < terms ? read(ladder, order * count + i) : 0.f;
            write(ladder, order * count + i, now);
            now = (now - old) * inverse;
        }
    }
}

// ladder: [planes][R, N, C]; x: [R, N, C]; R is the grid's height. With `retained` as the MLP of a prefix pass: (1 - ratio) a instead of factor 0, and base is not read where that is 0. Next: one kernel for
// all modules of all layers, with x in registers meanwhile (prefix.cu).
DEV void forecastResidual(Elements ladder, Elements table, const int* conditions, Step step, const int* cursor, const float* retained, Elements x, int planes, int N, int C,
                          int count, int chunks, int gateChunk, float ratio) {
    const i64 row = (i64)N * C, plane = gridDim.y * row;
    if (self() < row) {
        const i64 i = blockIdx.y * row + self();
        const int c = (u32)self() % C;
        const int terms = step.terms(TERMS, planes);
        const float first = retained ? (1.f - ratio) * Retained(retained, cursor).now : step[FACTOR_0];
        float sum = !retained || first != 0 ? first * read(ladder, i) : 0.f;
        for (int order = 1; order < terms; order++) {
            sum += step[FACTOR_0 + order] * read(ladder, order * plane + i);
        }
        const float gate = read(table, chunkOf(conditions, cursor, blockIdx.y, count, chunks, gateChunk, C) + c);
        write(x, i, read(x, i) + gate * sum);
    }
}

// ---- k-means
// A launch for each phase of each iteration, `made` counting them; rows that are done leave at once, so that the host asks nothing. The bits are those of kmeans.cu: no multiply-add
// may form, which the intrinsics forbid. Next: one launch with a barrier of the whole grid between phases, centroids in shared memory for 32 tokens and tokens in registers for 16
// centroids, and lists of a cluster's tokens, so that no other token is looked at (kmeans.cu).

// Whether a row, or all of them, goes on after made - 1 iterations.
DEV bool goesOn(const int* going, int r, int together, int made) { return made == 1 || going[together ? 0 : r] != 0; }

// A warp a token: lane j has the channels c mod 32 = j. x: [R, N, C]; centroids: [R, K, C]; R is the grid's height
template <class X>
DEV void kMeansAssign(const X* x, const float* centroids, int* labels, const int* going, int N, int K, int C, int together, int made) {
    const int lane = threadIdx.x % 32, n = (int)(self() / 32), r = blockIdx.y;
    if (n >= N || !goesOn(going, r, together, made)) {
        return;
    }
    const X* row = x + ((i64)r * N + n) * C;
    float least = INFINITE;
    int nearest = 0;
    for (int k = 0; k < K; k++) {
        const float* centroid = centroids + ((i64)r * K + k) * C;
        float sum = 0;
        for (int c = lane; c < C; c += 32) {
            sum = __fadd_rn(sum, fabsf(__fsub_rn(number(row[c]), centroid[c])));
        }
        const float distance = warpSum(sum);
        if (distance < least) {
            least = distance;
            nearest = k;
        }
    }
    if (lane == 0) {
        labels[(i64)r * N + n] = nearest;
    }
}

// A thread a channel of a cluster, which looks at every token of the row. fresh: [R, K, C]; R is the grid's height
template <class X>
DEV void kMeansMeans(const X* x, float* fresh, const int* labels, const int* going, int N, int K, int C, int together, int made) {
    const u32 k = (u32)self() / C, c = (u32)self() % C;
    const i64 r = blockIdx.y;
    if (k < K && goesOn(going, r, together, made)) {
        float sum = 0;
        int size = 0;
        for (int n = 0; n < N; n++) {
            if (labels[r * N + n] == k) {
                sum = __fadd_rn(sum, number(x[(r * N + n) * C + c]));
                size++;
            }
        }
        fresh[(r * K + k) * C + c] = size > 0 ? __fdiv_rn(sum, (float)size) : 0.f;
    }
}

// A block a row, or all of them. going: [R], written before it is read
DEV void kMeansSettle(float* centroids, const float* fresh, int* iterations, int* going, int R, int K, int C, int together, int made, float relative, float absolute) {
    __shared__ u32 moved;
    const int first = blockIdx.x, rows = together ? R : 1;
    const i64 begin = (i64)first * K * C, end = begin + (i64)rows * K * C;
    if (!goesOn(going, first, together, made)) {
        return;
    }
    if (threadIdx.x == 0) {
        moved = 0;
    }
    __syncthreads();
    for (i64 i = begin + threadIdx.x; i < end; i += BLOCK) {
        const float bound = __fadd_rn(absolute, __fmul_rn(relative, fabsf(fresh[i])));
        if (!(fabsf(__fsub_rn(centroids[i], fresh[i])) <= bound)) {
            atomicMax(&moved, 1u);
        }
    }
    __syncthreads();
    // Where a row settles, the old centroids stay.
    for (i64 i = begin + threadIdx.x; moved && i < end; i += BLOCK) {
        centroids[i] = fresh[i];
    }
    for (int r = first + threadIdx.x; r < first + rows; r += BLOCK) {
        iterations[r] = made;
    }
    if (threadIdx.x == 0) {
        going[first] = (int)moved;
    }
}

// ---- an autoencoder's decoder
// A convolution reads each pixel of the neighbourhood, and weights, for each output. Next: neighbourhoods as the rows of a product, in tiles of both that outputs and pixels share
// (decoder.cu).

// x: [B, h, w, C]; residual: [pixels, N] or null, may be out; out: [pixels, N], pixels being the grid's width
template <class A>
DEV void convolve(const A* x, const A* weight, const float* bias, Elements residual, Elements out, int N, int h, int w, int C, int size, int doubled) {
    const int pixel = blockIdx.x, n = blockIdx.y * BLOCK + threadIdx.x;
    if (n >= N) {
        return;
    }
    const int width = w << doubled, height = h << doubled;
    const int top = pixel / width % height - size / 2, left = pixel % width - size / 2;
    const i64 image = (i64)(pixel / width / height) * h * w;
    const A* column = rowOf(weight, n, size * size * C);
    float sum = bias ? bias[n] : 0.f;
    for (int tap = 0; tap < size * size; tap++) {
        const int line = top + tap / size, place = left + tap % size;
        if (line >= 0 && line < height && place >= 0 && place < width) {
            const A* row = x + (image + (line >> doubled) * w + (place >> doubled)) * C;
            for (int c = 0; c < C; c++) {
                sum += number(row[c]) * number(column[along(column, tap * C + c)]);
            }
        }
    }
    const i64 i = (i64)pixel * N + n;
    write(out, i, residual.p ? sum + read(residual, i) : sum);
}

// A thread a group of an image, which it reads twice, and whose numbers are C apart. Next: many threads a group, whose means and squares meet (decoder.cu).

// x: [B, pixels, C]; norms: [B, groups, 2]
DEV void groupNormMoments(Elements x, float* norms, int B, int pixels, int C, int groups, float epsilon) {
    if (self() < (i64)B * groups) {
        const int held = C / groups;
        const i64 first = self() / groups * pixels * C + self() % groups * held;
        const float count = (float)pixels * held;
        float sum = 0, squares = 0;
        for (int p = 0; p < pixels; p++) {
            for (int c = 0; c < held; c++) {
                sum += read(x, first + (i64)p * C + c);
            }
        }
        const float mean = __fdiv_rn(sum, count);
        for (int p = 0; p < pixels; p++) {
            for (int c = 0; c < held; c++) {
                const float difference = read(x, first + (i64)p * C + c) - mean;
                squares += difference * difference;
            }
        }
        norms[2 * self()] = mean;
        norms[2 * self() + 1] = inverseRoot(__fdiv_rn(squares, count) + epsilon);
    }
}

// x, out: [B, pixels, C], may be the same; B is the grid's height
DEV void groupNorm(Elements x, Elements out, const float* norms, const float* weight, const float* bias, int pixels, int C, int groups, int activation) {
    const i64 all = (i64)pixels * C;
    if (self() < all) {
        const i64 i = blockIdx.y * all + self();
        const int c = (int)(self() % C);
        const float* norm = norms + 2 * (blockIdx.y * groups + c / (C / groups));
        const float v = (read(x, i) - norm[0]) * norm[1] * weight[c] + bias[c];
        write(out, i, activation == SILU ? silu(v) : v);
    }
}

// ---- entries

#define NAIVE_PRODUCTS(A, type)                                                                                                            \
    extern "C" __global__ void __launch_bounds__(256)                                                                                      \
        naive_gemm_##type(const A* a, const A* weight, const float* bias, void* out, int N, int K, int activation, int types) {            \
        gemm(a, weight, bias, {out, (types & NARROW_OUT) != 0}, N, K, activation);                                                         \
    }                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(256) naive_gemm_residual_##type(                                                          \
        const A* a, const A* weight, const float* bias, const void* table, const int* conditions, const int* cursor, void* feature,        \
        void* x, int N, int K, int tokens, int count, int chunks, int gateChunk, int types) {                                              \
        gemmResidual(a, weight, bias, {(void*)table, (types & NARROW_TABLE) != 0}, conditions, cursor,                                     \
                     {feature, (types & NARROW_FEATURE) != 0}, {x, (types & NARROW_X) != 0}, N, K, tokens, count, chunks, gateChunk);      \
    }

#define NAIVE_ATTENTION(T, type)                                                                                                           \
    extern "C" __global__ void __launch_bounds__(256)                                                                                      \
        naive_attention_scores_##type(const T* qkv, float* scores, int N, int C, int d, float scale) {                                     \
        attentionScores(qkv, scores, N, C, d, scale);                                                                                      \
    }                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(256)                                                                                      \
        naive_attention_values_##type(const float* scores, const T* qkv, T* out, int N, int C, int d) {                                    \
        attentionValues(scores, qkv, out, N, C, d);                                                                                        \
    }

#define NAIVE_KMEANS(X, type)                                                                                                              \
    extern "C" __global__ void __launch_bounds__(256)                                                                                      \
        naive_kmeans_assign_##type(const X* x, const float* centroids, int* labels, const int* going, int N, int K, int C, int together,   \
                                   int made) {                                                                                             \
        kMeansAssign(x, centroids, labels, going, N, K, C, together, made);                                                                \
    }                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(256)                                                                                      \
        naive_kmeans_means_##type(const X* x, float* fresh, const int* labels, const int* going, int N, int K, int C, int together,        \
                                  int made) {                                                                                              \
        kMeansMeans(x, fresh, labels, going, N, K, C, together, made);                                                                     \
    }

NAIVE_PRODUCTS(float, f32)
NAIVE_PRODUCTS(Bf16, bf16)

NAIVE_ATTENTION(float, f32)
NAIVE_ATTENTION(Bf16, bf16)

extern "C" __global__ void __launch_bounds__(256) naive_attention_softmax(float* scores, i64 rows, int N) { attentionSoftmax(scores, rows, N); }

extern "C" __global__ void __launch_bounds__(256)
    naive_layer_norm_modulate(const void* x, const void* table, const int* conditions, const int* cursor, void* out, int T, int C, int count, int chunks, int shiftChunk,
                              int scaleChunk, int types, float epsilon) {
    layerNormModulate({(void*)x, (types & NARROW_X) != 0}, {(void*)table, (types & NARROW_TABLE) != 0}, conditions, cursor, {out, (types & NARROW_OUT) != 0}, T, C, count,
                      chunks, shiftChunk, scaleChunk, epsilon);
}

extern "C" __global__ void __launch_bounds__(256)
    naive_qk_norm_rope(void* qkv, const float* queryScale, const float* keyScale, const float* rotations, int tokens, int N, int H, int d, int types, float epsilon) {
    qkNormRope({qkv, (types & NARROW_X) != 0}, queryScale, keyScale, rotations, tokens, N, H, d, epsilon);
}

extern "C" __global__ void __launch_bounds__(256)
    naive_ladder_update(const void* feature, void* ladder, const float* rows, const int* cursor, i64 count, int planes, int types) {
    ladderUpdate({(void*)feature, (types & NARROW_FEATURE) != 0}, {ladder, (types & NARROW_LADDER) != 0}, Step(rows, cursor), count, planes);
}

extern "C" __global__ void __launch_bounds__(256)
    naive_forecast_residual(const void* ladder, const void* table, const int* conditions, const float* rows, const int* cursor, const float* retained, void* x,
                            int planes, int N, int C, int count, int chunks, int gateChunk, int types, float ratio) {
    forecastResidual({(void*)ladder, (types & NARROW_LADDER) != 0}, {(void*)table, (types & NARROW_TABLE) != 0}, conditions, Step(rows, cursor), cursor, retained,
                     {x, (types & NARROW_X) != 0}, planes, N, C, count, chunks, gateChunk, ratio);
}

NAIVE_KMEANS(float, f32)
NAIVE_KMEANS(Bf16, bf16)

extern "C" __global__ void __launch_bounds__(256)
    naive_kmeans_settle(float* centroids, const float* fresh, int* iterations, int* going, int R, int K, int C, int together, int made, float relative,
                        float absolute) {
    kMeansSettle(centroids, fresh, iterations, going, R, K, C, together, made, relative, absolute);
}

#define NAIVE_CONVOLVE(A, type)                                                                                                            \
    extern "C" __global__ void __launch_bounds__(256) naive_convolve_##type(                                                               \
        const A* x, const A* weight, const float* bias, const void* residual, void* out, int N, int h, int w, int C, int size, int doubled, \
        int types) {                                                                                                                       \
        convolve(x, weight, bias, {(void*)residual, (types & NARROW_X) != 0}, {out, (types & NARROW_OUT) != 0}, N, h, w, C, size, doubled); \
    }

NAIVE_CONVOLVE(float, f32)
NAIVE_CONVOLVE(Bf16, bf16)

extern "C" __global__ void __launch_bounds__(256) naive_group_norm_moments(const void* x, float* norms, int B, int pixels, int C, int groups, int types, float epsilon) {
    groupNormMoments({(void*)x, (types & NARROW_X) != 0}, norms, B, pixels, C, groups, epsilon);
}

extern "C" __global__ void __launch_bounds__(256)
    naive_group_norm(const void* x, void* out, const float* norms, const float* weight, const float* bias, int pixels, int C, int groups, int activation, int types) {
    groupNorm({(void*)x, (types & NARROW_X) != 0}, {out, (types & NARROW_OUT) != 0}, norms, weight, bias, pixels, C, groups, activation);
}
