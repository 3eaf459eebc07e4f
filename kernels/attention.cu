// Softmax attention within each batch row: out[r, :, h] = softmax(Q K^T / sqrt(d)) V per head h, Q, K and V packed in qkv [R, N, 3 C], d = C / heads.
//
//   attention_d<D>_bf16      tensor cores, any N: online softmax over tiles of 64 keys
//   attention_row_d<D>_bf16  tensor cores, D up to 72, N at most 256: a query's scores all stay in registers, so the softmax is the plain one and nothing is rescaled
//   attention_d<D>_f32       float32 throughout, any N
//
// A head width d runs in the least instance D of 32, 64, 72, 96, 128 that holds it; columns from d on are zeros, which change no score and are not stored. 72 is exact:
// four products of depth 16 and one of depth 8 for the scores, nine columns of 8 for the output.
//
// Bytes    4 R N C sizeof T. Each 64 queries read K and V of their head, which L2 serves again: (2 + 2 ceil(N / 64)) R N C sizeof T asked for.     FLOPs  4 R N^2 C.
// Bound    bf16: N / 2 FLOPs a byte, so memory and tensor cores about alike at DiT's N = 256, tensor cores beyond; exp takes half as long as the products at d = 64.
//          f32: by FP32 multiply-adds and the loads from shared memory that feed them.
// Tiling   A block owns 64 queries of one (row, head); each of its warps, 4 or in f32 2, has its own of them, whose softmax needs no other warp.
//   bf16   Q, then K and V in tiles of 64 tokens pass through a ring of 4 slots in shared memory (3 of 96 columns, 2 of 128) by cp.async: while one tile is used, the next
//          ones are on their way, and one barrier a tile is all. Rows in a slot lie an odd number of 16-byte pieces apart, so that the 8 rows of an ldmatrix meet no bank
//          twice. Q's fragments stay in registers; scores become weights in registers, and these, rounded to bf16, are the left operand of the product with V. The
//          output leaves through shared memory, to be stored 16 bytes a lane.
//   f32    A thread holds 8 queries x 4 keys (2 where D is 128) of the scores and 8 queries x D / 8 channels of the output; 8 lanes share 8 queries. Q waits in shared
//          memory, K and V take turns in one tile, weights pass from lane to lane through shared memory, [key][query].
//   Where d is no multiple of 16 bytes, or a tensor does not begin at such, tiles are filled and the output is stored one element at a time.
//
// A key beyond N scores -inf, a row of V beyond N is zero, a query beyond N is not stored. max ignores NaN but exp does not, so a NaN in Q or K reaches every output whose
// scores it touches, and one in V its channel. Sums have one order: results depend on the inputs alone.
//
// launch attention: block 128, of f32 64; grid (query tiles, heads, R), from query tile firstTile on; all tiles: firstTile 0, ceil(N / 64) of them
// launch attention_row: block 128; grid (query tiles, heads, R), from query tile firstTile on; all tiles: firstTile 0, ceil(N / 64) of them; N at most 256
//
// Predicted on an H200 (4.3 TB/s; 500 TFLOP/s from mma.sync, an assumption; not measured), d = 72, C = 1152: 64 x 256 tokens 151 MB, 35 us for bytes and 39 us for
// products; 2 x 256 tokens 4.7 MB in L2, 4 us; 1 x 4096 tokens 77 GFLOP, 160 us.
#include "inc/async.cuh"
#include "inc/math.cuh"
#include "inc/matrix.cuh"
#include "inc/memory.cuh"
#include "inc/warp.cuh"

static constexpr int QUERIES = 64;     // queries of a block
static constexpr int WHOLE_ROW = 256;  // keys whose scores stay in registers
static constexpr float LOG2_E = 1.4426950408889634f;

// Q, K or V of one head: row n at base + n * stride.
template <class T>
struct Rows {
    const T* base;
    i64 stride;
    int count, columns;
    bool pieces;  // whether rows can be read 16 bytes at a time
};

// One head of one batch row, and this block's queries.
template <class T>
struct Head {
    const T* qkv;
    T* out;
    int N, C, d, firstQuery;
    bool pieces;

    __device__ __forceinline__ Head(const T* qkv, T* out, int N, int C, int d, int firstTile)
        : N(N), C(C), d(d), firstQuery((firstTile + blockIdx.x) * QUERIES), pieces(d % (16 / sizeof(T)) == 0 && aligned(qkv, out)) {
        const i64 row = (i64)blockIdx.z * N, column = (i64)blockIdx.y * d;
        this->qkv = qkv + row * 3 * C + column;
        this->out = out + row * C + column;
    }

    // Part 0 is Q, 1 is K, 2 is V.
    __device__ __forceinline__ Rows<T> rows(int part) const { return {qkv + (i64)part * C, (i64)3 * C, N, d, pieces}; }

    // Whether this warp, which has `share` of the queries, has one at all.
    __device__ __forceinline__ bool active(int share) const { return firstQuery + (int)threadIdx.x / 32 * share < N; }
};

template <int V, class T>
DEV void copy(T* target, const T* source) {
    if constexpr (V == 1) {
        *target = *source;
    } else {
        copyAsync(target, source);
    }
}

template <int V, class T>
DEV void clear(T* target) {
    if constexpr (V == 1) {
        *target = T{};
    } else {
        *(uint4*)target = make_uint4(0, 0, 0, 0);
    }
}

// Threads for a row of 16-byte pieces. 8 of them are a pass over the banks, which must not reach over a gap between rows.
template <int Pieces, bool Gaps>
static constexpr int SEATS = Gaps ? (Pieces + 7) / 8 * 8 : Pieces;

// Starts filling a tile with `Count` rows of D columns, from row `first` on, `Pitch` elements apart; zeros where there are none. A thread has V columns, of several rows
// where there are threads for that.
template <int V, int Threads, int Count, int D, int Pitch, class T>
DEV void stageColumns(T* tile, const Rows<T>& from, int first) {
    constexpr int COLUMNS = D / V, ACROSS = SEATS<COLUMNS, Pitch != D>, ROWS = Threads > ACROSS ? Threads / ACROSS : 1;
    const int row = ROWS == 1 ? 0 : threadIdx.x / ACROSS;
    for (int c = ROWS == 1 ? threadIdx.x : threadIdx.x % ACROSS; row < ROWS && c < COLUMNS; c += Threads) {
        const int filled = c * V < from.columns ? min(Count, from.count - first) : 0;
        T* target = tile + row * Pitch + c * V;
        const T* source = from.base + (first + row) * from.stride + c * V;
        int n = row;
#pragma unroll(V == 1 ? 4 : 1)
        for (; n < filled; n += ROWS) {
            copy<V>(target, source);
            target += ROWS * Pitch;
            source += ROWS * from.stride;
        }
#pragma unroll 1
        for (; n < Count; n += ROWS) {
            clear<V>(target);
            target += ROWS * Pitch;
        }
    }
}

template <int Threads, int Count, int D, int Pitch, class T>
DEV void stage(T* tile, const Rows<T>& from, int first) {
    if (from.pieces) {
        stageColumns<16 / sizeof(T), Threads, Count, D, Pitch>(tile, from, first);
    } else {
        stageColumns<1, Threads, Count, D, Pitch>(tile, from, first);
    }
}

// What scores are compared with: the largest one, or zero where there is none but -inf, so that no infinities are subtracted.
DEV float reference(float largest) { return largest == -INFINITE ? 0.f : largest; }

// ---- bf16

static constexpr int BLOCK = 128;
static constexpr int SHARE = 16;  // queries of a warp
static constexpr int KEYS = 64;

template <int D>
static constexpr int PITCH = D % 16 == 0 ? D + 8 : D;
// What 48 KiB hold, the shared memory that a block has without being asked.
template <int D>
static constexpr int SLOTS = D <= 72 ? 4 : D <= 96 ? 3 : 2;

// The tiles of a block, item after item: Q is item 0. Waiting for item i starts the copies of item i + SLOTS - 1, whose slot item i - 1 has left.
template <int D, class Source>
struct Ring {
    Bf16 (*slots)[KEYS * PITCH<D>];
    const Source& source;
    int items;

    __device__ __forceinline__ Ring(Bf16 (*slots)[KEYS * PITCH<D>], const Source& source, int items) : slots(slots), source(source), items(items) {
#pragma unroll
        for (int item = 0; item < SLOTS<D> - 1; item++) {
            start(item);
        }
    }

    // A group of copies is counted even where there is no such item.
    __device__ __forceinline__ void start(int item) {
        if (item < items) {
            source(item, slots[item % SLOTS<D>]);
        }
        commitCopies();
    }

    __device__ __forceinline__ const Bf16* await(int item) {
        awaitCopies<SLOTS<D> - 2>();
        __syncthreads();
        start(item + SLOTS<D> - 1);
        return slots[item % SLOTS<D>];
    }
};

// A warp's 16 queries as left operands: D / 16 of depth 16, and for an odd number of 8 columns one of depth 8.
template <int D>
struct Queries {
    u32 whole[D / 16][4], half[2];

    __device__ __forceinline__ Queries(const Bf16* tile) {
        const int lane = threadIdx.x % 32;
        const Bf16* row = tile + (threadIdx.x / 32 * SHARE + lane % 16) * PITCH<D>;
#pragma unroll
        for (int i = 0; i < D / 16; i++) {
            loadMatrices(whole[i], row + 16 * i + lane / 16 * 8);
        }
        if (D % 16 != 0) {
            loadMatrices(half, row + D - 8);
        }
    }
};

// Gives all scores of a tile one value.
DEV void fill(float (*s)[4], float value) {
#pragma unroll
    for (int j = 0; j < KEYS / 8; j++) {
        s[j][0] = s[j][1] = s[j][2] = s[j][3] = value;
    }
}

// s[j] = scores of keys 8j .. 8j + 7 of a tile.
template <int D>
DEV void score(const Queries<D>& q, const Bf16* keys, float (*s)[4]) {
    const int lane = threadIdx.x % 32;
    const Bf16* row = keys + (lane / 16 * 8 + lane % 8) * PITCH<D> + lane / 8 % 2 * 8;
    fill(s, 0.f);
#pragma unroll
    for (int i = 0; i < D / 16; i++) {
#pragma unroll
        for (int j = 0; j < KEYS / 8; j += 2) {
            u32 b[4];
            loadMatrices(b, row + 8 * j * PITCH<D> + 16 * i);
            mma(s[j], q.whole[i], b[0], b[1]);
            mma(s[j + 1], q.whole[i], b[2], b[3]);
        }
    }
    if (D % 16 != 0) {
#pragma unroll
        for (int j = 0; j < KEYS / 8; j += 4) {
            u32 b[4];
            loadMatrices(b, keys + (8 * j + lane) * PITCH<D> + D - 8);
#pragma unroll
            for (int i = 0; i < 4; i++) {
                mma(s[j + i], q.half, b[i]);
            }
        }
    }
}

// Scores of keys that there are not; s begins with key `first`.
DEV void mask(float (*s)[4], int first, int N) {
#pragma unroll
    for (int j = 0; j < KEYS / 8; j++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            if (first + 8 * j + (int)threadIdx.x % 4 * 2 + e % 2 >= N) {
                s[j][e] = -INFINITE;
            }
        }
    }
}

// The softmax so far of a lane's two queries, rows g and g + 8 of the warp's. A sum is that of the lane's own keys.
struct Softmax {
    float largest[2] = {-INFINITE, -INFINITE}, sum[2] = {0, 0};

    // Takes the scores of 8 Count more keys: w = 2^(scale (s - largest)), as left operands. Earlier weights are to be multiplied by `shrink`.
    template <int Count>
    __device__ __forceinline__ void take(const float (&s)[Count][4], float scale, u32 (&w)[Count / 2][4], float (&shrink)[2]) {
        float offset[2];
#pragma unroll
        for (int i = 0; i < 2; i++) {
            float most = largest[i];
#pragma unroll
            for (int j = 0; j < Count; j++) {
                most = fmaxf(most, fmaxf(s[j][2 * i], s[j][2 * i + 1]));
            }
            most = fmaxf(most, exchange(most, 1));
            most = fmaxf(most, exchange(most, 2));
            offset[i] = -scale * reference(most);
            shrink[i] = powerOfTwo(__fmaf_rn(largest[i], scale, offset[i]));
            sum[i] *= shrink[i];
            largest[i] = most;
        }
#pragma unroll
        for (int j = 0; j < Count; j++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const float low = powerOfTwo(__fmaf_rn(s[j][2 * i], scale, offset[i]));
                const float high = powerOfTwo(__fmaf_rn(s[j][2 * i + 1], scale, offset[i]));
                sum[i] += low + high;
                w[j / 2][j % 2 * 2 + i] = pack(low, high);
            }
        }
    }

    // 1 / the sum over all keys.
    __device__ __forceinline__ float inverse(int i) const {
        float all = sum[i] + exchange(sum[i], 1);
        all += exchange(all, 2);
        return 1.f / all;
    }
};

// o += weights of the keys of a tile times their rows of V.
template <int D>
DEV void accumulate(const u32 (*w)[4], const Bf16* values, float (&o)[D / 8][4]) {
    const int lane = threadIdx.x % 32;
    const Bf16* row = values + lane % 16 * PITCH<D>;
#pragma unroll
    for (int j = 0; j < KEYS / 16; j++) {
#pragma unroll
        for (int c = 0; c + 1 < D / 8; c += 2) {
            u32 b[4];
            loadTransposed(b, row + 16 * j * PITCH<D> + 8 * c + lane / 16 * 8);
            mma(o[c], w[j], b[0], b[1]);
            mma(o[c + 1], w[j], b[2], b[3]);
        }
        if (D % 16 != 0) {
            u32 b[2];
            loadTransposed(b, row + 16 * j * PITCH<D> + D - 8);
            mma(o[D / 8 - 1], w[j], b[0], b[1]);
        }
    }
}

// Stores a warp's output through its rows of a slot that no warp reads any more.
template <int D>
DEV void finish(const Head<Bf16>& head, const Softmax& softmax, const float (&o)[D / 8][4], Bf16* slot) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    Bf16* tile = slot + warp * SHARE * PITCH<D>;
    const float inverse[2] = {softmax.inverse(0), softmax.inverse(1)};
#pragma unroll
    for (int c = 0; c < D / 8; c++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
            *(u32*)(tile + (lane / 4 + 8 * i) * PITCH<D> + 8 * c + lane % 4 * 2) = pack(o[c][2 * i] * inverse[i], o[c][2 * i + 1] * inverse[i]);
        }
    }
    __syncwarp();
    const int first = head.firstQuery + warp * SHARE;
    Bf16* out = head.out + (i64)first * head.C;
    const int rows = min(SHARE, head.N - first), d = head.d;
    if (head.pieces) {
        constexpr int ACROSS = SEATS<D / 8, PITCH<D> != D>;
#pragma unroll
        for (int e = lane; e < SHARE * ACROSS; e += 32) {
            const int n = e / ACROSS, c = e % ACROSS * 8;
            if (n < rows && c < d) {
                *(uint4*)(out + (i64)n * head.C + c) = *(const uint4*)(tile + n * PITCH<D> + c);
            }
        }
    } else {
#pragma unroll 1
        for (int e = lane; e < SHARE * D; e += 32) {
            const int n = e / D, c = e % D;
            if (n < rows && c < d) {
                out[(i64)n * head.C + c] = tile[n * PITCH<D> + c];
            }
        }
    }
}

// qkv: [R, N, 3 C]; out: [R, N, C]; scale: 1 / sqrt(d)
template <int D>
DEV void attention(const Bf16* qkv, Bf16* out, int N, int C, int d, int firstTile, float scale) {
    __shared__ __align__(16) Bf16 slots[SLOTS<D>][KEYS * PITCH<D>];
    const Head<Bf16> head(qkv, out, N, C, d, firstTile);
    const int tiles = (N + KEYS - 1) / KEYS;
    // Q K V K V ..
    const auto source = [&](int item, Bf16* slot) {
        const int first = item == 0 ? head.firstQuery : (item - 1) / 2 * KEYS;
        stage<BLOCK, KEYS, D, PITCH<D>>(slot, head.rows(item == 0 ? 0 : 2 - item % 2), first);
    };
    Ring<D, decltype(source)> ring(slots, source, 1 + 2 * tiles);
    const bool active = head.active(SHARE);
    const Queries<D> q(ring.await(0));
    Softmax softmax;
    float o[D / 8][4] = {};
#pragma unroll 1
    for (int tile = 0; tile < tiles; tile++) {
        u32 w[KEYS / 16][4];
        const Bf16* keys = ring.await(1 + 2 * tile);
        if (active) {
            float s[KEYS / 8][4], shrink[2];
            score<D>(q, keys, s);
            if ((tile + 1) * KEYS > N) {
                mask(s, tile * KEYS, N);
            }
            softmax.take(s, scale * LOG2_E, w, shrink);
#pragma unroll
            for (int c = 0; c < D / 8; c++) {
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    o[c][e] *= shrink[e / 2];
                }
            }
        }
        const Bf16* values = ring.await(2 + 2 * tile);
        if (active) {
            accumulate<D>(w, values, o);
        }
    }
    __syncthreads();
    if (active) {
        finish<D>(head, softmax, o, slots[0]);
    }
}

// The same for N of at most WHOLE_ROW.
template <int D>
DEV void attentionRow(const Bf16* qkv, Bf16* out, int N, int C, int d, int firstTile, float scale) {
    constexpr int TILES = WHOLE_ROW / KEYS;
    __shared__ __align__(16) Bf16 slots[SLOTS<D>][KEYS * PITCH<D>];
    const Head<Bf16> head(qkv, out, N, C, d, firstTile);
    const int tiles = (N + KEYS - 1) / KEYS;
    // Q K K .. V V ..
    const auto source = [&](int item, Bf16* slot) {
        const int first = item == 0 ? head.firstQuery : (item <= tiles ? item - 1 : item - 1 - tiles) * KEYS;
        stage<BLOCK, KEYS, D, PITCH<D>>(slot, head.rows(item == 0 ? 0 : item <= tiles ? 1 : 2), first);
    };
    Ring<D, decltype(source)> ring(slots, source, 1 + 2 * tiles);
    const bool active = head.active(SHARE);
    u32 w[WHOLE_ROW / 16][4];
    Softmax softmax;
    {
        const Queries<D> q(ring.await(0));
        float s[WHOLE_ROW / 8][4], shrink[2];
#pragma unroll
        for (int tile = 0; tile < TILES; tile++) {
            float(*const part)[4] = s + tile * (KEYS / 8);
            const Bf16* keys = tile < tiles ? ring.await(1 + tile) : nullptr;
            if (tile < tiles && active) {
                score<D>(q, keys, part);
                if ((tile + 1) * KEYS > N) {
                    mask(part, tile * KEYS, N);
                }
            } else {
                fill(part, -INFINITE);
            }
        }
        if (active) {
            softmax.take(s, scale * LOG2_E, w, shrink);
        }
    }
    float o[D / 8][4] = {};
#pragma unroll
    for (int tile = 0; tile < TILES; tile++) {
        if (tile < tiles) {
            const Bf16* values = ring.await(1 + tiles + tile);
            if (active) {
                accumulate<D>(w + tile * (KEYS / 16), values, o);
            }
        }
    }
    __syncthreads();
    if (active) {
        finish<D>(head, softmax, o, slots[0]);
    }
}

// ---- f32

static constexpr int F32_BLOCK = 64;
static constexpr int F32_SHARE = 32;             // queries of a warp
static constexpr int F32_PITCH = F32_SHARE + 4;  // of weights

// s[i][m] = scores of query i and key 8 m of a lane, whose first ones q and k point to.
template <int D, int Own>
DEV void score(const float* q, const float* k, float (&s)[8][Own]) {
#pragma unroll(D % 24 == 0 ? 6 : 4)
    for (int c = 0; c < D; c += 4) {
        float a[8][4], b[Own][4];
#pragma unroll
        for (int i = 0; i < 8; i++) {
            load(q + i * D + c, a[i]);
        }
#pragma unroll
        for (int m = 0; m < Own; m++) {
            load(k + 8 * m * (D + 4) + c, b[m]);
        }
#pragma unroll
        for (int e = 0; e < 4; e++) {
#pragma unroll
            for (int i = 0; i < 8; i++) {
#pragma unroll
                for (int m = 0; m < Own; m++) {
                    s[i][m] += a[i][e] * b[m][e];
                }
            }
        }
    }
}

// Turns scores into weights 2^(scale (s - largest)); the earlier sum and output of each query shrink as its largest score grows.
template <int Channels, int Own>
DEV void weigh(float (&s)[8][Own], float scale, float (&largest)[8], float (&sum)[8], float (&o)[8][Channels]) {
#pragma unroll
    for (int i = 0; i < 8; i++) {
        float most = largest[i];
#pragma unroll
        for (int m = 0; m < Own; m++) {
            most = fmaxf(most, s[i][m]);
        }
        most = fmaxf(most, exchange(most, 1));
        most = fmaxf(most, exchange(most, 2));
        most = fmaxf(most, exchange(most, 4));
        const float shrink = powerOfTwo((largest[i] - reference(most)) * scale);
        largest[i] = most;
        sum[i] *= shrink;
#pragma unroll
        for (int m = 0; m < Own; m++) {
            s[i][m] = powerOfTwo((s[i][m] - reference(most)) * scale);
            sum[i] += s[i][m];
        }
#pragma unroll
        for (int c = 0; c < Channels; c++) {
            o[i][c] *= shrink;
        }
    }
}

// o[i] += weights[i] of one key times its row of V: 4 channels of each 32 from 4 j on, then one of each 8.
template <int D>
DEV void accumulate(const float* weights, const float* values, int j, float (&o)[8][D / 8]) {
    float w[2][4];
    load(weights, w[0]);
    load(weights + 4, w[1]);
#pragma unroll
    for (int c = 0; c < D / 32; c++) {
        float v[4];
        load(values + 32 * c + 4 * j, v);
#pragma unroll
        for (int i = 0; i < 8; i++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                o[i][4 * c + e] += w[i / 4][i % 4] * v[e];
            }
        }
    }
#pragma unroll
    for (int c = D / 32 * 4; c < D / 8; c++) {
        const float v = values[8 * c + j];
#pragma unroll
        for (int i = 0; i < 8; i++) {
            o[i][c] += w[i / 4][i % 4] * v;
        }
    }
}

// Stores one query's channels.
template <int D>
DEV void finish(const float (&o)[D / 8], float* row, int j, int d, bool pieces) {
#pragma unroll
    for (int c = 0; c < D / 32; c++) {
        const int channel = 32 * c + 4 * j;
        if (pieces) {
            if (channel < d) {
                store(row + channel, {o[4 * c], o[4 * c + 1], o[4 * c + 2], o[4 * c + 3]});
            }
        } else {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                if (channel + e < d) {
                    row[channel + e] = o[4 * c + e];
                }
            }
        }
    }
#pragma unroll
    for (int c = D / 32 * 4; c < D / 8; c++) {
        if (8 * c + j < d) {
            row[8 * c + j] = o[c];
        }
    }
}

// Lane 8 g + j has the warp's queries 8 g .. 8 g + 7 and of a tile's keys j + 8 m.
template <int D>
DEV void attention(const float* qkv, float* out, int N, int C, int d, int firstTile, float scale) {
    constexpr int KEYS = D <= 96 ? 32 : 16;
    constexpr int PITCH = D + 4;  // an odd number of 16-byte pieces, as for bf16; F32_PITCH likewise
    __shared__ __align__(16) float queries[QUERIES * D];
    __shared__ __align__(16) float tile[KEYS * PITCH];
    __shared__ __align__(16) float allWeights[QUERIES / F32_SHARE][KEYS * F32_PITCH];
    const int warp = threadIdx.x / 32, g = threadIdx.x % 32 / 8, j = threadIdx.x % 8;
    const Head<float> head(qkv, out, N, C, d, firstTile);
    const bool active = head.active(F32_SHARE);
    const float* q = queries + (warp * F32_SHARE + 8 * g) * D;
    float* const weights = allWeights[warp] + 8 * g;
    float largest[8], sum[8] = {}, o[8][D / 8] = {};
#pragma unroll
    for (int i = 0; i < 8; i++) {
        largest[i] = -INFINITE;
    }
    stage<F32_BLOCK, QUERIES, D, D>(queries, head.rows(0), head.firstQuery);
#pragma unroll 1
    for (int first = 0; first < N; first += KEYS) {
        stage<F32_BLOCK, KEYS, D, PITCH>(tile, head.rows(1), first);
        commitCopies();
        awaitCopies<0>();
        __syncthreads();
        if (active) {
            float s[8][KEYS / 8] = {};
            score<D>(q, tile + j * PITCH, s);
            if (first + KEYS > N) {
#pragma unroll
                for (int m = 0; m < KEYS / 8; m++) {
                    if (first + j + 8 * m >= N) {
#pragma unroll
                        for (int i = 0; i < 8; i++) {
                            s[i][m] = -INFINITE;
                        }
                    }
                }
            }
            weigh(s, scale * LOG2_E, largest, sum, o);
#pragma unroll
            for (int m = 0; m < KEYS / 8; m++) {
                float* to = weights + (j + 8 * m) * F32_PITCH;
                *(float4*)to = make_float4(s[0][m], s[1][m], s[2][m], s[3][m]);
                *(float4*)(to + 4) = make_float4(s[4][m], s[5][m], s[6][m], s[7][m]);
            }
        }
        __syncthreads();
        stage<F32_BLOCK, KEYS, D, PITCH>(tile, head.rows(2), first);
        commitCopies();
        awaitCopies<0>();
        __syncthreads();
        if (active) {
#pragma unroll 8
            for (int n = 0; n < KEYS; n++) {
                accumulate<D>(weights + n * F32_PITCH, tile + n * PITCH, j, o);
            }
        }
        __syncthreads();
    }
    if (!active) {
        return;
    }
#pragma unroll
    for (int i = 0; i < 8; i++) {
        float all = sum[i] + exchange(sum[i], 1);
        all += exchange(all, 2);
        all += exchange(all, 4);
#pragma unroll
        for (int c = 0; c < D / 8; c++) {
            o[i][c] = __fdiv_rn(o[i][c], all);
        }
        const int n = head.firstQuery + warp * F32_SHARE + 8 * g + i;
        if (n < N) {
            finish<D>(o[i], head.out + (i64)n * C, j, d, head.pieces);
        }
    }
}

#define ATTENTION(T, type, D, threads, blocks)                                                                                             \
    extern "C" __global__ void __launch_bounds__(threads, blocks)                                                                          \
        attention_d##D##_##type(const T* qkv, T* out, int N, int C, int d, int firstTile, float scale) {                                   \
        attention<D>(qkv, out, N, C, d, firstTile, scale);                                                                                 \
    }
#define ATTENTION_ROW(D)                                                                                                                   \
    extern "C" __global__ void __launch_bounds__(128, 2)                                                                                   \
        attention_row_d##D##_bf16(const Bf16* qkv, Bf16* out, int N, int C, int d, int firstTile, float scale) {                           \
        attentionRow<D>(qkv, out, N, C, d, firstTile, scale);                                                                              \
    }

ATTENTION(Bf16, bf16, 32, 128, 4)
ATTENTION(Bf16, bf16, 64, 128, 3)
ATTENTION(Bf16, bf16, 72, 128, 3)
ATTENTION(Bf16, bf16, 96, 128, 3)
ATTENTION(Bf16, bf16, 128, 128, 2)

ATTENTION_ROW(32)
ATTENTION_ROW(64)
ATTENTION_ROW(72)

ATTENTION(float, f32, 32, 64, 4)
ATTENTION(float, f32, 64, 64, 4)
ATTENTION(float, f32, 72, 64, 4)
ATTENTION(float, f32, 96, 64, 4)
ATTENTION(float, f32, 128, 64, 4)
