// Entering and leaving the model: patches, what the model is told besides the image, and patches back into images.
//
//   patch_embed        x[r, n] = W patch(images[r mod B], n) + bias + positions[n]; a patch's elements ordered channel, row, column
//   timestep_features  out[s] = (cos(t_s w_i).., sin(t_s w_i)..)
//   conditioning       out[s, d] = silu(time[s] + table[labels[d]])
//   unpatchify         images[r, c, y, x] = tokens[r, patch of (y, x)][y mod p, x mod p, c]
//
// Bytes    patch_embed: writes R N C sizeof x, which is nearly all; the batch rows of one image (guidance has two) are computed once. Others: what goes in and out.
// FLOPs    patch_embed 2 B N C inputs, inputs = channels p p (16 in DiT with patch 2).
// Bound    patch_embed by its stores (8 FLOPs a byte at 16 inputs), the others by launch.
// Tiling   patch_embed: a block computes 16 tokens of 256 channels; a thread owns a channel and reads its weights once for the 16 tokens, whose pixels wait in shared
//          memory, 64 inputs at a time. unpatchify: a thread 4 channels of a pixel, so that a warp reads whole sectors and writes 64 bytes of each plane; 1 channel where
//          their number is no multiple of 4 or tokens do not begin at 16 bytes. The others: a thread an element.
//
// timestep_features takes its frequencies w_i, [half], from the caller. The angle t_s w_i is rounded to float32, which the published models were trained with; its cosine
// and sine are then exact to 1e-7. exp, sin and cos of CUDA's library would bring tables and float64.
//
// launch patch_embed: block 256; grid (ceil(C / 256), ceil(N / 16), B)
// launch timestep_features: block 256; any grid, best (ceil(S * half / 256))
// launch conditioning: block 256; any grid, best (ceil(S * D * C / 256)), S * D * C below 2^32
// launch unpatchify: block 256; any grid of height R, best (ceil(channels * h * w / 1024), R)
//
// Predicted on an H200 (4.3 TB/s, from bytes, not measured): patch_embed of 64 rows of 256 x 1152 f32 75 MB, 18 us; the others a launch.
#include "inc/math.cuh"
#include "inc/steps.cuh"

static constexpr int BLOCK = 256;
static constexpr int TOKENS = 16;   // tokens that a block embeds
static constexpr int INPUTS = 64;   // inputs of each token in shared memory at a time

struct Grid {
    int channels, height, width, patch;
};

// Where element `input` of token n's patch lies in an image.
DEV int pixelOf(Grid g, int n, int input) {
    const int across = g.width / g.patch;
    const int area = g.patch * g.patch;
    const int channel = input / area;
    const int inside = input - channel * area;
    const int y = n / across * g.patch + inside / g.patch;
    const int x = n % across * g.patch + inside % g.patch;
    return (channel * g.height + y) * g.width + x;
}

// sums[t] += weights of V inputs from `i` on, times the pixels of each token.
template <int V, class W>
DEV void addInputs(const W* weight, const float (*pixels)[INPUTS], int i, float (&sums)[TOKENS]) {
    float w[V];
    shared(weight, w);
#pragma unroll
    for (int t = 0; t < TOKENS; t++) {
        float pixel[V];
        load(&pixels[t][i], pixel);
#pragma unroll
        for (int e = 0; e < V; e++) {
            sums[t] += w[e] * pixel[e];
        }
    }
}

template <class W, class X>
DEV void patchEmbed(const float* images, const W* weight, const W* bias, const float* positions, X* x, int R, int N, int C, Grid g) {
    __shared__ __align__(16) float pixels[TOKENS][INPUTS];
    const int inputs = g.channels * g.patch * g.patch;
    const int c = blockIdx.x * BLOCK + threadIdx.x;
    const int first = blockIdx.y * TOKENS;
    const int tokens = min(TOKENS, N - first);
    const float* image = images + (i64)blockIdx.z * g.channels * g.height * g.width;
    const bool vector = inputs % 4 == 0 && aligned(weight);
    const float offset = c < C ? shared(bias + c) : 0.f;
    float sums[TOKENS];
#pragma unroll
    for (int t = 0; t < TOKENS; t++) {
        sums[t] = offset;
        if (positions != nullptr && c < C && t < tokens) {
            sums[t] += shared(positions + (i64)(first + t) * C + c);
        }
    }
    for (int from = 0; from < inputs; from += INPUTS) {
        const int count = min(INPUTS, inputs - from);
        __syncthreads();
        for (int e = threadIdx.x; e < TOKENS * INPUTS; e += BLOCK) {
            const int t = e / INPUTS, i = e % INPUTS;
            pixels[t][i] = t < tokens && i < count ? shared(image + pixelOf(g, first + t, from + i)) : 0.f;
        }
        __syncthreads();
        if (c < C) {
            const W* row = weight + (i64)c * inputs + from;
            if (vector) {
#pragma unroll 1
                for (int i = 0; i < count; i += 4) {
                    addInputs<4>(row + i, pixels, i, sums);
                }
            } else {
#pragma unroll 1
                for (int i = 0; i < count; i++) {
                    addInputs<1>(row + i, pixels, i, sums);
                }
            }
        }
    }
    if (c >= C) {
        return;
    }
    for (int r = blockIdx.z; r < R; r += gridDim.z) {
#pragma unroll
        for (int t = 0; t < TOKENS; t++) {
            if (t < tokens) {
                const float v[1] = {sums[t]};
                store(x + ((i64)r * N + first + t) * C + c, v);
            }
        }
    }
}

template <class O>
DEV void timestepFeatures(const float* timesteps, const float* frequencies, O* out, int S, int half) {
    for (int e = blockIdx.x * BLOCK + threadIdx.x; e < S * half; e += gridDim.x * BLOCK) {
        const int s = e / half, i = e - s * half;
        float cosine[1], sine[1];
        circle(shared(timesteps + s) * shared(frequencies + i), cosine[0], sine[0]);
        store(out + (i64)s * 2 * half + i, cosine);
        store(out + (i64)s * 2 * half + half + i, sine);
    }
}

// time: [S, C]; table: [classes, C]; labels: [D]; out: [S, D, C]
template <class A, class B, class O>
DEV void conditioningElements(const A* time, const B* table, const int* labels, O* out, int S, int D, int C, int classes) {
    const u32 count = (u32)S * D * C;
    for (u32 e = blockIdx.x * BLOCK + threadIdx.x; e < count; e += gridDim.x * BLOCK) {
        const u32 row = e / C, c = e - row * C;
        const u32 s = row / D, d = row - s * D;
        const int label = shared(labels + d);
        const float embedding = (u32)label < (u32)classes ? shared(table + (i64)label * C + c) : __int_as_float(0x7fffffff);
        const float v[1] = {silu(shared(time + (i64)s * C + c) + embedding)};
        store(out + e, v);
    }
}

// A thread has V channels of a pixel, which lie side by side in a token; neighbouring threads have the pixel's other channels and then the next pixel.
template <int V, class T>
DEV void unpatchifyPixels(const T* tokens, float* images, Grid g) {
    const int area = g.height * g.width;
    const int chunks = g.channels / V;
    const int across = g.width / g.patch;
    const i64 image = (i64)blockIdx.y * g.channels * area;
    for (int e = blockIdx.x * BLOCK + threadIdx.x; e < chunks * area; e += gridDim.x * BLOCK) {
        const int pixel = e / chunks, channel = (e - pixel * chunks) * V;
        const int y = pixel / g.width, x = pixel - y * g.width;
        const int token = y / g.patch * across + x / g.patch;
        const int inside = y % g.patch * g.patch + x % g.patch;
        float v[V];
        shared(tokens + image + (token * g.patch * g.patch + inside) * g.channels + channel, v);
#pragma unroll
        for (int i = 0; i < V; i++) {
            images[image + (channel + i) * area + pixel] = v[i];
        }
    }
}

// tokens: [R, N, patch * patch * channels]; images: [R, channels, h, w]; R is the grid's height
template <class T>
DEV void unpatchifyElements(const T* tokens, float* images, Grid g) {
    if (g.channels % 4 == 0 && aligned(tokens)) {
        unpatchifyPixels<4>(tokens, images, g);
    } else {
        unpatchifyPixels<1>(tokens, images, g);
    }
}

#define PATCH_EMBED(W, X, types)                                                                                                           \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                                                   \
        patch_embed_##types(const float* images, const W* weight, const W* bias, const float* positions, X* x, int R, int N, int C,        \
                            int channels, int height, int width, int patch) {                                                              \
        patchEmbed(images, weight, bias, positions, x, R, N, C, Grid{channels, height, width, patch});                                     \
    }
#define TIMESTEP_FEATURES(O, types)                                                                                                        \
    extern "C" __global__ void __launch_bounds__(256, 4)                                                                                   \
        timestep_features_##types(const float* timesteps, const float* frequencies, O* out, int S, int half) {                             \
        timestepFeatures(timesteps, frequencies, out, S, half);                                                                            \
    }
#define CONDITIONING(A, B, O, types)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(256, 4)                                                                                   \
        conditioning_##types(const A* time, const B* table, const int* labels, O* out, int S, int D, int C, int classes) {                 \
        conditioningElements(time, table, labels, out, S, D, C, classes);                                                                  \
    }
#define UNPATCHIFY(T, types)                                                                                                               \
    extern "C" __global__ void __launch_bounds__(256, 4)                                                                                   \
        unpatchify_##types(const T* tokens, float* images, int channels, int height, int width, int patch) {                               \
        unpatchifyElements(tokens, images, Grid{channels, height, width, patch});                                                          \
    }

PATCH_EMBED(float, float, f32_f32)
PATCH_EMBED(float, Bf16, f32_bf16)
PATCH_EMBED(Bf16, float, bf16_f32)
PATCH_EMBED(Bf16, Bf16, bf16_bf16)

TIMESTEP_FEATURES(float, f32)
TIMESTEP_FEATURES(Bf16, bf16)

CONDITIONING(float, float, float, f32_f32_f32)
CONDITIONING(float, float, Bf16, f32_f32_bf16)
CONDITIONING(float, Bf16, float, f32_bf16_f32)
CONDITIONING(float, Bf16, Bf16, f32_bf16_bf16)
CONDITIONING(Bf16, float, float, bf16_f32_f32)
CONDITIONING(Bf16, float, Bf16, bf16_f32_bf16)
CONDITIONING(Bf16, Bf16, float, bf16_bf16_f32)
CONDITIONING(Bf16, Bf16, Bf16, bf16_bf16_bf16)

UNPATCHIFY(float, f32)
UNPATCHIFY(Bf16, bf16)
