// An autoencoder's decoder: convolutions, group norms, and attention with one wide head. Images have channels innermost.
//
//   convolve         out[b, y, x] = sum_ij W[i, j] v[b, y + i - p, x + j - p] + bias + residual[b, y, x], v being the image or the image enlarged to twice its extents; zeros around it
//   group_norm       out = activation((x - mean) / sqrt(variance + epsilon) weight[c] + bias[c]) over the pixels of an image and the neighbouring channels of a group, in two kernels
//   attention_wide   attention.cu's softmax attention for heads of up to 512 channels
//
// convolve: the product of a matrix that is nowhere stored, a pixel's neighbourhood in each row, with weights packed as gemm.cu packs them. K = size^2 C is ordered row, column,
// channel, so that 16 bytes of a line are neighbouring channels of one pixel: copied where that pixel lies, or zeros. Enlarging halves the pixel's place, no more.
// Bytes    B h w C sizeof T (B h w of the small image where it is enlarged) + size^2 C N sizeof T + outputs + residual; nine times as much of the image asked of L2.
// FLOPs    2 B H W size^2 C N.        Bound    by the tensor cores, or FP32 multiply-adds: 9 N / 2 FLOPs a byte. With 3 outputs by the image's bytes.
// Tiling   as gemm.cu's products (inc/product.cuh): 128 pixels x 128 outputs a block; 64 x 64 where these are too few for the GPU; 128 x 8 for the last layer's three colours;
//          float32 64 x 64. C that is no multiple of 16 bytes, or an image that does not begin at such: element by element.
//          An enlarged image has each pixel four times, and four 2 x 2 filters would make do with 4 / 9 of the products; not done.
//
// group_norm: deterministic and without cancellation. A thread has 4 neighbouring channels (one, where a group's number is no multiple of 4) of every n-th pixel: 4 pixels at a time
// their mean and the squares around it, which is then merged (Chan, Golub, LeVeque 1979) with what it has; a block merges its threads', always in the same order; the last block of
// an image's groups to arrive merges the blocks', in theirs. Then the second kernel reads the image again.
// Bytes    B h w C (2 sizeof x + sizeof out).     FLOPs    about 12 B h w C.      Bound    by memory.
//
// attention_wide: a block has some queries of one head, and each of its warps 64 of the head's channels: of Q, K, V and the output, so that no warp reads another's, and only
// scores meet, in shared memory, each being a sum over the warps in their order. An online softmax, as in attention.cu.
// Bytes    4 R N C sizeof T; each block reads its head's K and V, from L2: (2 + 2 N / queries) R N C sizeof T asked for.      FLOPs    4 R N^2 C.
// Bound    bf16: the tensor cores and shared memory alike: a tile of keys is 512 KB of operands and scores through it for 512 products of 16 x 8 x 16, at 512 channels.
//          f32: FP32 multiply-adds and the loads from shared memory that feed them.
// Tiling   bf16  32 queries and 32 keys, 12 KB a warp: K, V, and its part of the scores, where Q comes in. While scores become weights, the next keys are on their way, and values
//                while scores are made. 16-byte pieces of a row swap places by the row, so that eight rows meet no bank twice.
//          f32   16 queries and 16 keys; K and V take turns in one tile.
//
// launch convolve_128x128: block 128; grid (ceil(M / 128) * ceil(N / 128)), M = B H W pixels; dynamic shared 65536
// launch convolve_64x64_bf16: block 128; grid (ceil(M / 64) * ceil(N / 64)); dynamic shared 65536
// launch convolve_128x8: block 128; grid (ceil(M / 128) * ceil(N / 8)); dynamic shared 34816
// launch convolve_64x64_f32: block 128; grid (ceil(M / 64) * ceil(N / 64))
// launch group_norm_moments: block 256; grid (chunks, ceil(groups / held), B), held = min(groups, max(1, 256 / columns)), columns = C / groups / 4 (vectors 1), or C / groups where that is no multiple of 4; scratch of 3 B groups chunks floats, and B ceil(groups / held) zeros
// launch group_norm: block 256; grid (chunks, ceil(columns of C / 256), B)
// launch attention_wide_bf16: block 32 * ceil(d / 64); grid (ceil(N / 32), heads, R); d at most 512; dynamic shared 101248, of fewer warps 12288 each and 2944
// launch attention_wide_f32: block 32 * ceil(d / 64); grid (ceil(N / 16), heads, R); d at most 512; dynamic shared 79296, of fewer warps 9728 each and 1472
//
// Predicted on an H200 (4.3 TB/s; 500 TFLOP/s from mma.sync, an assumption; not measured): a picture of 256 x 256 pixels 620 GFLOP, 1.3 ms; its largest image, 256 x 256 x 256, 67 MB,
// normed from f32 to bf16 in 40 us; attention of 32 x 32 pixels 15 us.
#include "inc/product.cuh"
#include "inc/sync.cuh"
#include "inc/warp.cuh"

// ---- convolution

// The neighbourhoods of pixels as rows of K = size^2 C. x: [B, h, w, C]; M: pixels of the result
template <class T>
struct Neighbourhoods {
    const T* x;
    int h, w, C, size, doubled, M, K;
    bool whole;  // whether 16 bytes can be copied at a time

    __device__ __forceinline__ Neighbourhoods(const T* x, int h, int w, int C, int size, int doubled, int M)
        : x(x), h(h), w(w), C(C), size(size), doubled(doubled), M(M), K(size * size * C), whole(C % (16 / sizeof(T)) == 0 && aligned(x)) {}

    template <int Turns, int Apart>
    struct Rows {
        const Neighbourhoods& of;
        int image[Turns], top[Turns], left[Turns];  // first pixel of the image in x; corner of the neighbourhood in v

        __device__ __forceinline__ Rows(const Neighbourhoods& of, int first) : of(of) {
            const int width = of.w << of.doubled, height = of.h << of.doubled;
#pragma unroll
            for (int turn = 0; turn < Turns; turn++) {
                const int row = first + turn * Apart;
                const int line = row / width, b = line / height;
                image[turn] = b * of.h * of.w;
                left[turn] = row - line * width - of.size / 2;
                // Below the last pixel nothing lies in the image.
                top[turn] = row < of.M ? line - b * height - of.size / 2 : -of.size;
            }
        }

        // Element k of a row, if it lies in the image.
        DEV bool find(int turn, int k, const T*& element) const {
            const int tap = k / of.C;
            const int i = of.size == 1 ? 0 : tap / 3;
            const int y = top[turn] + i, x = left[turn] + tap - 3 * i;
            element = of.x + (i64)(image[turn] + (y >> of.doubled) * of.w + (x >> of.doubled)) * of.C + (k - tap * of.C);
            return k < of.K && (u32)y < (u32)(of.h << of.doubled) && (u32)x < (u32)(of.w << of.doubled);
        }

        DEV void fetch(int turn, int k, void* target) const {
            const T* element;
            if (of.whole) {
                const bool there = find(turn, k, element);
                copyAsync(target, element, there);
            } else {
#pragma unroll 1
                for (int e = 0; e < 16 / sizeof(T); e++) {
                    ((T*)target)[e] = find(turn, k + e, element) ? *element : T{};
                }
            }
        }
    };

    template <int Turns, int Apart>
    DEV Rows<Turns, Apart> rows(int first) const {
        return {*this, first};
    }
};

// out = sum + bias + residual, of which the last may be absent, or out itself
struct Add {
    const float* bias;
    Elements residual, out;
    int M, N;
    bool vector;

    template <int V>
    DEV void apply(int row, int column, float (&v)[V]) const {
        addBias(bias, column, v);
        const i64 at = (i64)row * N + column;
        if (residual.p) {
            float r[V];
            residual.load(at, r);
#pragma unroll
            for (int e = 0; e < V; e++) {
                v[e] += r[e];
            }
        }
        out.store(at, v);
    }
};

// x: [B, h, w, C]; weight: packed [N, size^2 C]; bias: [N] or null; residual: [M, N] or null; out: [M, N]; doubled: 0 or 1; M = B (h << doubled) (w << doubled)
#define CONVOLVE(name, bounds, T, product)                                                                                                 \
    extern "C" __global__ void __launch_bounds__ bounds convolve_##name(                                                                   \
        const T* x, const T* weight, const float* bias, const void* residual, void* out, int M, int N, int h, int w, int C, int size,      \
        int doubled, int types) {                                                                                                          \
        const Add epilogue{bias,                                                                                                           \
                           {(void*)residual, (types & NARROW_X) != 0},                                                                     \
                           {out, (types & NARROW_OUT) != 0},                                                                               \
                           M,                                                                                                              \
                           N,                                                                                                              \
                           N % 4 == 0 && aligned(bias, residual, out)};                                                                    \
        product(Neighbourhoods<T>(x, h, w, C, size, doubled, M), weight, epilogue);                                                        \
    }

CONVOLVE(128x128_bf16, (128, 2), Bf16, (tileProduct<4, 8, 2, 2, 1, 4>))
CONVOLVE(64x64_bf16, (128, 3), Bf16, (tileProduct<2, 8, 2, 1, 2, 4>))
CONVOLVE(128x8_bf16, (128, 6), Bf16, (tileProduct<2, 1, 4, 1, 1, 4>))
CONVOLVE(64x64_f32, (128, 3), float, plainProduct)

// ---- group norm

static constexpr int NORM_THREADS = 256;
static constexpr int NORM_PIXELS = 4;  // of a thread at a time

// So many numbers, their mean, and the sum of the squares of their distances to it.
struct Moments {
    float count = 0, mean = 0, squares = 0;

    DEV void take(const Moments& more) {
        const float all = count + more.count;
        const float share = all > 0 ? __fdiv_rn(more.count, all) : 0.f;
        const float distance = more.mean - mean;
        mean += distance * share;
        squares += more.squares + distance * distance * count * share;
        count = all;
    }

    // Those of all lanes, in lane 0.
    DEV void meet() {
#pragma unroll
        for (int mask = 1; mask < 32; mask *= 2) {
            take({exchange(count, mask), exchange(mean, mask), exchange(squares, mask)});
        }
    }
};

// How a block's threads lie over the columns of V channels that some groups have, and over pixels.
struct Columns {
    int perGroup, groups, width, lanes;

    __device__ __forceinline__ Columns(int V, int C, int all)
        : perGroup(C / all / V),
          groups(min(all, max(1, NORM_THREADS / perGroup))),
          width(min(NORM_THREADS, groups * perGroup)),
          lanes(NORM_THREADS / width) {}
};

// A thread's share of its columns.
template <int V>
DEV Moments momentsOf(const Elements& x, const Columns& columns, int firstGroup, int count, int pixels, int C) {
    const int stride = gridDim.x * columns.lanes, lane = threadIdx.x / columns.width;
    Moments all;
    if (lane >= columns.lanes) {
        return all;
    }
    for (int column = threadIdx.x % columns.width; column < count * columns.perGroup; column += columns.width) {
        const i64 first = (i64)blockIdx.z * pixels * C + (firstGroup * columns.perGroup + column) * V;
#pragma unroll 1
        for (int p = blockIdx.x * columns.lanes + lane; p < pixels; p += NORM_PIXELS * stride) {
            float v[NORM_PIXELS][V], sum = 0, squares = 0;
            int there = 0;
#pragma unroll
            for (int i = 0; i < NORM_PIXELS; i++) {
                if (p + i * stride < pixels) {
                    x.load(first + (i64)(p + i * stride) * C, v[i]);
                    there++;
                } else {
#pragma unroll
                    for (int e = 0; e < V; e++) {
                        v[i][e] = 0;
                    }
                }
            }
#pragma unroll
            for (int i = 0; i < NORM_PIXELS; i++) {
#pragma unroll
                for (int e = 0; e < V; e++) {
                    sum += v[i][e];
                }
            }
            const float count = there * V, mean = __fdiv_rn(sum, count);
#pragma unroll
            for (int i = 0; i < NORM_PIXELS; i++) {
#pragma unroll
                for (int e = 0; e < V; e++) {
                    const float distance = i < there ? v[i][e] - mean : 0.f;
                    squares += distance * distance;
                }
            }
            all.take({count, mean, squares});
        }
    }
    return all;
}

// vectors: whether threads take 4 channels at a time: C / groups is a multiple of 4, and all tensors begin at 16 bytes.

// x: [B, pixels, C]; parts: [B, groups, chunks, 3]; norms: [B, groups, 2], the mean and 1 / sqrt(variance + epsilon); arrived: [B, gridDim.y] zeros, which it leaves as zeros
extern "C" __global__ void __launch_bounds__(256, 4)
    group_norm_moments(const void* x, float* parts, float* norms, u32* arrived, int pixels, int C, int groups, int vectors, int types, float epsilon) {
    // Threads of a group lie 32 apart where it has few columns.
    constexpr int PITCH = NORM_THREADS + NORM_THREADS / 32;
    __shared__ __align__(16) float counts[PITCH], means[PITCH], squares[PITCH];
    __shared__ int last;
    const Columns columns(vectors ? 4 : 1, C, groups);
    const int firstGroup = blockIdx.y * columns.groups, count = min(columns.groups, groups - firstGroup);
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, chunks = gridDim.x;
    const Elements from{(void*)x, (types & NARROW_X) != 0};
    const Moments own = vectors ? momentsOf<4>(from, columns, firstGroup, count, pixels, C) : momentsOf<1>(from, columns, firstGroup, count, pixels, C);
    const int at = threadIdx.x + threadIdx.x / 32;
    counts[at] = own.count, means[at] = own.mean, squares[at] = own.squares;
    __syncthreads();

    const int held = min(columns.perGroup, columns.width);
    float* const mine = parts + (i64)blockIdx.z * groups * chunks * 3;
    for (int g = warp; g < count; g += NORM_THREADS / 32) {
        Moments all;
#pragma unroll 1
        for (int i = lane; i < columns.lanes * held; i += 32) {
            const int thread = i / held * columns.width + g * held + i % held, from = thread + thread / 32;
            all.take({counts[from], means[from], squares[from]});
        }
        all.meet();
        if (lane == 0) {
            float* part = mine + ((i64)(firstGroup + g) * chunks + blockIdx.x) * 3;
            part[0] = all.count, part[1] = all.mean, part[2] = all.squares;
        }
    }

    __syncthreads();
    if (threadIdx.x == 0) {
        u32* counter = arrived + blockIdx.z * gridDim.y + blockIdx.y;
        last = addReleased(counter, 1) == chunks - 1;
        if (last) {
            *counter = 0;
        }
    }
    __syncthreads();
    if (!last) {
        return;
    }
    for (int g = warp; g < count; g += NORM_THREADS / 32) {
        Moments all;
#pragma unroll 1
        for (int chunk = lane; chunk < chunks; chunk += 32) {
            const float* part = mine + ((i64)(firstGroup + g) * chunks + chunk) * 3;
            all.take({part[0], part[1], part[2]});
        }
        all.meet();
        if (lane == 0) {
            float* norm = norms + 2 * ((i64)blockIdx.z * groups + firstGroup + g);
            norm[0] = all.mean;
            norm[1] = inverseRoot(__fdiv_rn(all.squares, all.count) + epsilon);
        }
    }
}

template <int V>
DEV void groupNorm(const Elements& x, const Elements& out, const float* norms, const float* weight, const float* bias, int pixels, int C, int groups, int activation) {
    const int all = C / V, width = min(NORM_THREADS, all), lanes = NORM_THREADS / width;
    const int column = blockIdx.y * NORM_THREADS + threadIdx.x % width, lane = threadIdx.x / width;
    if (column >= all || lane >= lanes) {
        return;
    }
    const float* norm = norms + 2 * ((i64)blockIdx.z * groups + column * V / (C / groups));
    const float mean = shared(norm), inverse = shared(norm + 1);
    float factor[V], shift[V];
    shared(weight + column * V, factor);
    shared(bias + column * V, shift);
#pragma unroll
    for (int e = 0; e < V; e++) {
        factor[e] *= inverse;
    }
    const i64 first = (i64)blockIdx.z * pixels * C + column * V;
#pragma unroll 2
    for (int p = blockIdx.x * lanes + lane; p < pixels; p += gridDim.x * lanes) {
        float v[V];
        x.load(first + (i64)p * C, v);
#pragma unroll
        for (int e = 0; e < V; e++) {
            v[e] = (v[e] - mean) * factor[e] + shift[e];
            if (activation == SILU) {
                v[e] = silu(v[e]);
            }
        }
        out.store(first + (i64)p * C, v);
    }
}

// x, out: [B, pixels, C], may be the same; norms: [B, groups, 2]; weight, bias: [C]
extern "C" __global__ void __launch_bounds__(256, 4)
    group_norm(const void* x, void* out, const float* norms, const float* weight, const float* bias, int pixels, int C, int groups, int vectors, int activation, int types) {
    const Elements from{(void*)x, (types & NARROW_X) != 0}, to{out, (types & NARROW_OUT) != 0};
    vectors ? groupNorm<4>(from, to, norms, weight, bias, pixels, C, groups, activation) : groupNorm<1>(from, to, norms, weight, bias, pixels, C, groups, activation);
}

// ---- attention with wide heads

static constexpr int SLICE = 64;  // channels of a warp
static constexpr float LOG2_E = 1.4426950408889634f;

// This warp's channels of the rows of Q, K and V of one head, and of the output.
template <class T>
struct Slice {
    static constexpr int PIECE = 16 / sizeof(T);  // elements
    static constexpr int ACROSS = SLICE / PIECE;  // pieces of a row
    static constexpr int DOWN = 32 / ACROSS;      // rows that a warp's lanes lie over

    const T* qkv;
    T* out;
    int N, C, columns;
    bool pieces;  // whether rows can be read 16 bytes at a time

    __device__ __forceinline__ Slice(const T* qkv, T* out, int N, int C, int d) : N(N), C(C), pieces(d % PIECE == 0 && aligned(qkv, out)) {
        const int first = threadIdx.x / 32 * SLICE;
        const i64 row = (i64)blockIdx.z * N, column = (i64)blockIdx.y * d + first;
        columns = min(SLICE, d - first);
        this->qkv = qkv + row * 3 * C + column;
        this->out = out + row * C + column;
    }

    // Starts to fill `Count` rows of a tile from row `first` on; part 0 is Q, 1 is K, 2 is V; zeros where there are none.
    template <int Count, class At>
    DEV void stage(int part, int first, const At& at) const {
        const int lane = threadIdx.x % 32, c = lane % ACROSS * PIECE;
        const T* source = qkv + (i64)part * C + (i64)first * 3 * C + c;
        if (pieces) {
#pragma unroll 4
            for (int n = lane / ACROSS; n < Count; n += DOWN) {
                copyAsync(at(n, lane % ACROSS), source + (i64)n * 3 * C, first + n < N && c < columns);
            }
        } else {
#pragma unroll 1
            for (int i = 0; i < Count / DOWN * PIECE; i++) {
                const int n = lane / ACROSS + i / PIECE * DOWN, e = i % PIECE;
                at(n, lane % ACROSS)[e] = first + n < N && c + e < columns ? source[(i64)n * 3 * C + e] : T{};
            }
        }
        commitCopies();
    }

    // Stores `Count` rows of a tile.
    template <int Count, class At>
    DEV void store(int first, const At& at) const {
        const int lane = threadIdx.x % 32, c = lane % ACROSS * PIECE;
#pragma unroll 1
        for (int n = lane / ACROSS; n < Count && first + n < N; n += DOWN) {
            const T* source = at(n, lane % ACROSS);
            T* row = out + (i64)(first + n) * C + c;
            if (pieces) {
                if (c < columns) {
                    *(uint4*)row = *(const uint4*)source;
                }
            } else {
#pragma unroll 1
                for (int e = 0; e < PIECE && c + e < columns; e++) {
                    row[e] = source[e];
                }
            }
        }
    }
};

// The softmax so far of a block's queries, and what the sums over earlier keys are to be multiplied by.
template <int Queries>
struct Softmaxes {
    float largest[Queries], sum[Queries], shrink[Queries];

    DEV void clear() {
        for (int q = threadIdx.x; q < Queries; q += blockDim.x) {
            largest[q] = -INFINITE;
            sum[q] = 0;
        }
    }

    // The weight of one more key, of those that `Keys` neighbouring lanes have; each has the score of its own.
    template <int Keys>
    DEV float weigh(int q, float score, float scale) {
        const float before = largest[q];
        float most = fmaxf(before, score);
#pragma unroll
        for (int mask = 1; mask < Keys; mask *= 2) {
            most = fmaxf(most, exchange(most, mask));
        }
        // Zero where there is no score but -inf, so that no infinities are subtracted.
        const float compared = most == -INFINITE ? 0.f : most;
        const float weight = powerOfTwo((score - compared) * scale);
        float all = weight;
#pragma unroll
        for (int mask = 1; mask < Keys; mask *= 2) {
            all += exchange(all, mask);
        }
        __syncwarp();
        if (threadIdx.x % Keys == 0) {
            const float less = powerOfTwo((before - compared) * scale);
            largest[q] = most;
            shrink[q] = less;
            sum[q] = sum[q] * less + all;
        }
        return weight;
    }
};

// -- bf16

static constexpr int WIDE = 32;              // queries of a block, and keys of a tile
static constexpr int WIDE_PITCH = WIDE + 8;  // of weights: an odd number of 16-byte pieces

// One warp's part of the block's shared memory.
struct WideTiles {
    Bf16 keys[WIDE * SLICE], values[WIDE * SLICE];
    float scores[WIDE * WIDE];

    // Where 16-byte piece c of row n lies.
    DEV static int place(int n, int c) { return n * SLICE + (c ^ n % 8) * 8; }
    // Where a score lies: fragments of four rows meet in no bank.
    DEV static int score(int q, int k) { return q * WIDE + (k ^ q % 4 * 8); }
};

struct WideMeeting {
    Bf16 weights[WIDE * WIDE_PITCH];
    Softmaxes<WIDE> softmaxes;
};

static_assert(8 * sizeof(WideTiles) + sizeof(WideMeeting) == 101248, "what a launch asks for; 99 KiB are the most that each architecture grants");

// qkv: [R, N, 3 C]; out: [R, N, C]; scale: 1 / sqrt(d)
extern "C" __global__ void __launch_bounds__(256, 1) attention_wide_bf16(const Bf16* qkv, Bf16* out, int N, int C, int d, float scale) {
    extern __shared__ uint4 memory[];
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
    WideTiles* const tiles = (WideTiles*)memory;
    WideTiles& own = tiles[warp];
    WideMeeting& meeting = *(WideMeeting*)(tiles + warps);
    const Slice<Bf16> slice(qkv, out, N, C, d);
    const int firstQuery = blockIdx.x * WIDE;
    const auto place = [](Bf16* tile) { return [tile](int n, int c) { return tile + WideTiles::place(n, c); }; };
    const auto keys = place(own.keys), values = place(own.values), queries = place((Bf16*)own.scores);
    slice.stage<WIDE>(0, firstQuery, queries);
    slice.stage<WIDE>(1, 0, keys);
    slice.stage<WIDE>(2, 0, values);
    meeting.softmaxes.clear();

    u32 q[2][SLICE / 16][4];
    awaitCopies<2>();
    __syncwarp();
#pragma unroll
    for (int m = 0; m < 2; m++) {
#pragma unroll
        for (int k = 0; k < SLICE / 16; k++) {
            loadMatrices(q[m][k], queries(16 * m + lane % 16, 2 * k + lane / 16));
        }
    }
    __syncwarp();
    float o[2][SLICE / 8][4] = {};
#pragma unroll 1
    for (int first = 0; first < N; first += WIDE) {
        // This warp's part of the scores.
        awaitCopies<1>();
        __syncwarp();
        float s[2][WIDE / 8][4] = {};
#pragma unroll
        for (int k = 0; k < SLICE / 16; k++) {
#pragma unroll
            for (int j = 0; j < WIDE / 8; j += 2) {
                u32 b[4];
                loadMatrices(b, keys(8 * j + lane / 16 * 8 + lane % 8, 2 * k + lane / 8 % 2));
#pragma unroll
                for (int m = 0; m < 2; m++) {
                    mma(s[m][j], q[m][k], b[0], b[1]);
                    mma(s[m][j + 1], q[m][k], b[2], b[3]);
                }
            }
        }
#pragma unroll
        for (int m = 0; m < 2; m++) {
#pragma unroll
            for (int j = 0; j < WIDE / 8; j++) {
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    *(float2*)(own.scores + WideTiles::score(16 * m + 8 * half + lane / 4, 8 * j + lane % 4 * 2)) = make_float2(s[m][j][2 * half], s[m][j][2 * half + 1]);
                }
            }
        }
        __syncthreads();
        if (first + WIDE < N) {
            slice.stage<WIDE>(1, first + WIDE, keys);
        } else {
            commitCopies();
        }
        // All warps' parts make weights, a row a warp.
#pragma unroll 1
        for (int row = warp; row < WIDE; row += warps) {
            float score = 0;
            for (int w = 0; w < warps; w++) {
                score += tiles[w].scores[WideTiles::score(row, lane)];
            }
            const float weight = meeting.softmaxes.weigh<WIDE>(row, first + lane < N ? score : -INFINITE, scale * LOG2_E);
            meeting.weights[row * WIDE_PITCH + lane].bits = (u16)pack(weight, 0.f);
        }
        awaitCopies<1>();
        __syncthreads();
#pragma unroll
        for (int m = 0; m < 2; m++) {
            const float shrink[2] = {meeting.softmaxes.shrink[16 * m + lane / 4], meeting.softmaxes.shrink[16 * m + 8 + lane / 4]};
#pragma unroll
            for (int c = 0; c < SLICE / 8; c++) {
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    o[m][c][e] *= shrink[e / 2];
                }
            }
        }
#pragma unroll
        for (int k = 0; k < WIDE / 16; k++) {
            u32 w[2][4];
#pragma unroll
            for (int m = 0; m < 2; m++) {
                loadMatrices(w[m], meeting.weights + (16 * m + lane % 16) * WIDE_PITCH + 16 * k + lane / 16 * 8);
            }
#pragma unroll
            for (int c = 0; c < SLICE / 8; c += 2) {
                u32 b[4];
                loadTransposed(b, values(16 * k + lane % 16, c + lane / 16));
#pragma unroll
                for (int m = 0; m < 2; m++) {
                    mma(o[m][c], w[m], b[0], b[1]);
                    mma(o[m][c + 1], w[m], b[2], b[3]);
                }
            }
        }
        __syncwarp();
        if (first + WIDE < N) {
            slice.stage<WIDE>(2, first + WIDE, values);
        } else {
            commitCopies();
        }
    }

    // The output leaves through where this warp's keys were.
#pragma unroll
    for (int m = 0; m < 2; m++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int row = 16 * m + 8 * half + lane / 4;
            const float inverse = __fdiv_rn(1.f, meeting.softmaxes.sum[row]);
#pragma unroll
            for (int c = 0; c < SLICE / 8; c++) {
                *(u32*)(keys(row, c) + lane % 4 * 2) = pack(o[m][c][2 * half] * inverse, o[m][c][2 * half + 1] * inverse);
            }
        }
    }
    __syncwarp();
    slice.store<WIDE>(firstQuery, keys);
}

// -- f32

static constexpr int FEW = 16;                 // queries of a block, and keys of a tile
static constexpr int FEW_PITCH = FEW + 4;      // of scores and weights: rows that lie 4 apart have the two halves of the banks
static constexpr int SLICE_PITCH = SLICE + 4;  // an odd number of 16-byte pieces

struct FewTiles {
    float queries[FEW * SLICE], tile[FEW * SLICE_PITCH], scores[FEW * FEW_PITCH];
};

struct FewMeeting {
    float weights[FEW * FEW_PITCH];
    Softmaxes<FEW> softmaxes;
};

static_assert(8 * sizeof(FewTiles) + sizeof(FewMeeting) == 79296, "what a launch asks for");

// Lane 8 i + j has queries 4 i .. 4 i + 3, of a tile's keys j and j + 8, whose scores are neighbours, and channels 4 j .. and 32 + 4 j ..
extern "C" __global__ void __launch_bounds__(256, 2) attention_wide_f32(const float* qkv, float* out, int N, int C, int d, float scale) {
    extern __shared__ uint4 memory[];
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
    const int i = lane / 8 * 4, j = lane % 8;
    FewTiles* const tiles = (FewTiles*)memory;
    FewTiles& own = tiles[warp];
    FewMeeting& meeting = *(FewMeeting*)(tiles + warps);
    const Slice<float> slice(qkv, out, N, C, d);
    const int firstQuery = blockIdx.x * FEW;
    const auto queries = [&](int n, int c) { return own.queries + n * SLICE + 4 * c; };
    const auto tile = [&](int n, int c) { return own.tile + n * SLICE_PITCH + 4 * c; };
    slice.stage<FEW>(0, firstQuery, queries);
    meeting.softmaxes.clear();
    float o[4][8] = {};
#pragma unroll 1
    for (int first = 0; first < N; first += FEW) {
        slice.stage<FEW>(1, first, tile);
        awaitCopies<0>();
        __syncwarp();
        float s[4][2] = {};
#pragma unroll 4
        for (int c = 0; c < SLICE / 4; c++) {
            float a[4][4], b[2][4];
#pragma unroll
            for (int n = 0; n < 4; n++) {
                load(queries(i + n, c), a[n]);
            }
            load(tile(j, c), b[0]);
            load(tile(j + 8, c), b[1]);
#pragma unroll
            for (int e = 0; e < 4; e++) {
#pragma unroll
                for (int n = 0; n < 4; n++) {
                    s[n][0] += a[n][e] * b[0][e];
                    s[n][1] += a[n][e] * b[1][e];
                }
            }
        }
#pragma unroll
        for (int n = 0; n < 4; n++) {
            *(float2*)(own.scores + (i + n) * FEW_PITCH + 2 * j) = make_float2(s[n][0], s[n][1]);
        }
        __syncthreads();
        slice.stage<FEW>(2, first, tile);
        // Two rows a warp, 4 apart.
        const int k = threadIdx.x % FEW, key = k / 2 + k % 2 * 8;
#pragma unroll 1
        for (int u = threadIdx.x / FEW; u < FEW; u += blockDim.x / FEW) {
            const int row = u % 2 * 4 + u / 2 % 4 + u / 8 * 8;
            float score = 0;
            for (int w = 0; w < warps; w++) {
                score += tiles[w].scores[row * FEW_PITCH + k];
            }
            meeting.weights[row * FEW_PITCH + key] = meeting.softmaxes.weigh<FEW>(row, first + key < N ? score : -INFINITE, scale * LOG2_E);
        }
        awaitCopies<0>();
        __syncthreads();
#pragma unroll
        for (int n = 0; n < 4; n++) {
            const float shrink = meeting.softmaxes.shrink[i + n];
#pragma unroll
            for (int c = 0; c < 8; c++) {
                o[n][c] *= shrink;
            }
        }
#pragma unroll 1
        for (int group = 0; group < FEW; group += 4) {
            float w[4][4];
#pragma unroll
            for (int n = 0; n < 4; n++) {
                load(meeting.weights + (i + n) * FEW_PITCH + group, w[n]);
            }
#pragma unroll
            for (int e = 0; e < 4; e++) {
                float v[2][4];
                load(tile(group + e, j), v[0]);
                load(tile(group + e, j + 8), v[1]);
#pragma unroll
                for (int n = 0; n < 4; n++) {
#pragma unroll
                    for (int c = 0; c < 8; c++) {
                        o[n][c] += w[n][e] * v[c / 4][c % 4];
                    }
                }
            }
        }
        __syncwarp();
    }

    // The output leaves through where this warp's queries were.
#pragma unroll
    for (int n = 0; n < 4; n++) {
        const float all = meeting.softmaxes.sum[i + n];
#pragma unroll
        for (int part = 0; part < 2; part++) {
            const float* v = o[n] + 4 * part;
            *(float4*)queries(i + n, j + 8 * part) = make_float4(__fdiv_rn(v[0], all), __fdiv_rn(v[1], all), __fdiv_rn(v[2], all), __fdiv_rn(v[3], all));
        }
    }
    __syncwarp();
    slice.store<FEW>(firstQuery, queries);
}
