// What follows the model: guidance, the sampler's update, conversions, and the step's last operation.
//
//   guidance     e = u + scale (c - u) on the first channels, written to the conditional and the unconditional row
//   ddim_update  x0 = to_start x - noise_to_start eps, clamped if asked; e = (to_start x - x0) / noise_to_start; x = w0 x0 + w1 e + wn noise
//   ddpm_update  x0 as above; x = w0 x0 + w1 x + wn exp(logVar / 2) noise, logVar between the step's bounds by the model's variance output
//   cast         between f32 and bf16, to nearest even
//   advance      cursor += 1
//
// Bytes    an element: guidance 16, ddim 12 (16 with noise), ddpm 20, cast 6.    FLOPs  about 10.
// Bound    by launch: the latents of 32 images are 0.5 MB. cast of a whole model by memory.
// Tiling   A thread an element, 4 elements a thread in cast. noise is not read where its weight is 0, so it may be null then.
//
// launch guidance: block 256; any grid of height B (images), best (ceil(guided / 256), B), guided = channels * h * w
// launch ddim_update: block 256; any grid of height B, best (ceil(count / 256), B), count = channels * h * w
// launch ddpm_update: block 256; any grid of height B, best (ceil(count / 256), B), count = channels * h * w
// launch cast: block 256; any grid, best (ceil(count / 1024))
// launch advance: block 1; grid (1)
//
// Predicted on an H200: a launch each; cast of 675 M parameters to bf16 4 GB, 0.94 ms.
#include "inc/math.cuh"
#include "inc/steps.cuh"

static constexpr int BLOCK = 256;

// output: [2 B][image]; the first `guided` elements of an image are guided
extern "C" __global__ void __launch_bounds__(256) guidance(float* output, int image, int guided, float scale) {
    float* conditional = output + (i64)blockIdx.y * image;
    float* unconditional = output + (i64)(gridDim.y + blockIdx.y) * image;
    for (int i = blockIdx.x * BLOCK + threadIdx.x; i < guided; i += gridDim.x * BLOCK) {
        const float e = unconditional[i] + scale * (conditional[i] - unconditional[i]);
        conditional[i] = e;
        unconditional[i] = e;
    }
}

// The predicted clean image, limited if asked to; a NaN stays.
DEV float limited(float start, int clip) { return !clip ? start : start < -1.f ? -1.f : start > 1.f ? 1.f : start; }

// x, noise: [B][count]; output: [R][outputImage], eps its first `count` elements
extern "C" __global__ void __launch_bounds__(256)
    ddim_update(float* x, const float* output, const float* noise, const float* rows, const int* cursor, int count, int outputImage, int clip) {
    const Step step(rows, cursor);
    const float toStart = step[SAMPLE_TO_START], noiseToStart = step[NOISE_TO_START];
    const float startWeight = step[START_WEIGHT], epsWeight = step[SECOND_WEIGHT], noiseWeight = step[NOISE_WEIGHT];
    for (int i = blockIdx.x * BLOCK + threadIdx.x; i < count; i += gridDim.x * BLOCK) {
        const i64 at = (i64)blockIdx.y * count + i;
        const float now = x[at], eps = output[(i64)blockIdx.y * outputImage + i];
        const float predicted = toStart * now - noiseToStart * eps;
        const float start = limited(predicted, clip);
        // Where nothing was cut off, the direction is eps itself: the difference of two near numbers would only lose digits.
        const float direction = start == predicted ? eps : (toStart * now - start) / noiseToStart;
        float next = startWeight * start + epsWeight * direction;
        if (noiseWeight != 0) {
            next += noiseWeight * noise[at];
        }
        x[at] = next;
    }
}

// x, noise: [B][count]; output: [R][outputImage], eps its first `count` elements, the variance its next
extern "C" __global__ void __launch_bounds__(256)
    ddpm_update(float* x, const float* output, const float* noise, const float* rows, const int* cursor, int count, int outputImage, int clip) {
    const Step step(rows, cursor);
    const float toStart = step[SAMPLE_TO_START], noiseToStart = step[NOISE_TO_START];
    const float startWeight = step[START_WEIGHT], sampleWeight = step[SECOND_WEIGHT], noiseWeight = step[NOISE_WEIGHT];
    const float smallest = step[LOG_VARIANCE_MIN], largest = step[LOG_VARIANCE_MAX];
    for (int i = blockIdx.x * BLOCK + threadIdx.x; i < count; i += gridDim.x * BLOCK) {
        const i64 at = (i64)blockIdx.y * count + i;
        const float* model = output + (i64)blockIdx.y * outputImage + i;
        const float now = x[at];
        float next = startWeight * limited(toStart * now - noiseToStart * model[0], clip) + sampleWeight * now;
        if (noiseWeight != 0) {
            const float share = (model[count] + 1.f) * .5f;
            next += noiseWeight * exponential(.5f * (share * largest + (1.f - share) * smallest)) * noise[at];
        }
        x[at] = next;
    }
}

template <int V, class S, class T>
DEV void castElements(const S* source, T* target, i64 count) {
    for (i64 i = ((i64)blockIdx.x * BLOCK + threadIdx.x) * V; i < count; i += (i64)gridDim.x * BLOCK * V) {
        float v[V];
        streamed(source + i, v);
        store(target + i, v);
    }
}

#define CAST(S, T, types)                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(256) cast_##types(const S* source, T* target, i64 count) {                                \
        if (count % 4 == 0 && aligned(source, target)) {                                                                                   \
            castElements<4>(source, target, count);                                                                                        \
        } else {                                                                                                                           \
            castElements<1>(source, target, count);                                                                                        \
        }                                                                                                                                  \
    }
CAST(float, float, f32_f32)
CAST(float, Bf16, f32_bf16)
CAST(Bf16, float, bf16_f32)
CAST(Bf16, Bf16, bf16_bf16)

extern "C" __global__ void __launch_bounds__(1) advance(int* cursor) { *cursor += 1; }
