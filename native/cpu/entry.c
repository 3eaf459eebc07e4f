/*
 * What enters the model: patches, timesteps and classes.
 *
 * patch_embed reads the images and W once and writes x once; its 2 N C P operations (P = channels * patch^2, 16 to 256) are few beside one block's, so it works
 * from a transposed W with one row of x in the first-level cache. timestep_features and conditioning run once per sampling; sines and cosines are taken in double
 * precision because a float32 angle of up to 1000 radians has lost half of its digits.
 */
#include "exponential.h"

#include <math.h>

/* scratch: float [P, C] */
int KERNEL(patch_embed)(const float *images, int64_t image_count, int64_t channels, int64_t height, int64_t width, const void *weight, int weight_type,
        const void *bias, int bias_type, const float *positions, int64_t patch, void *x, int x_type, int64_t R, int64_t C, float *scratch) {
    int64_t P = channels * patch * patch;
    int64_t columns = width / patch;
    int64_t N = (height / patch) * columns;
    float *transposed = scratch;
#pragma omp parallel for schedule(static) if (C * P >= PARALLEL)
    for (int64_t p = 0; p < P; p++) {
        for (int64_t c = 0; c < C; c++) {
            transposed[p * C + c] = widen_one(weight, weight_type, c * P + p);
        }
    }
#pragma omp parallel for SHARED if (R * N * C >= PARALLEL)
    for (int64_t token = 0; token < R * N; token++) {
        int64_t n = token % N;
        const float *image = images + (token / N % image_count) * channels * height * width;
        const float *corner = image + (n / columns) * patch * width + (n % columns) * patch;
        for (int64_t c = 0; c < C; c += CHUNK) {
            int64_t count = at_most(C - c, CHUNK);
            float buffer[CHUNK];
            float sum[CHUNK] = {0};
            const float *row = transposed + c;
            for (int64_t channel = 0; channel < channels; channel++) {
                for (int64_t i = 0; i < patch; i++) {
                    const float *pixels = corner + (channel * height + i) * width;
                    for (int64_t j = 0; j < patch; j++, row += C) {
                        float pixel = pixels[j];
#pragma omp simd
                        for (int64_t k = 0; k < count; k++) {
                            sum[k] = __builtin_fmaf(pixel, row[k], sum[k]);
                        }
                    }
                }
            }
            const float *b = load(bias, bias_type, c, count, buffer);
#pragma omp simd
            for (int64_t k = 0; k < count; k++) {
                sum[k] += b[k];
            }
            if (positions) {
                const float *position = positions + n * C + c;
#pragma omp simd
                for (int64_t k = 0; k < count; k++) {
                    sum[k] += position[k];
                }
            }
            store(x, x_type, token * C + c, count, sum);
        }
    }
    return OK;
}

int KERNEL(timestep_features)(const float *timesteps, int64_t S, int shift, void *out, int out_type, int64_t F) {
    int64_t half = F / 2;
    const float ln_10000 = 9.210340371976184f;
#pragma omp parallel for schedule(static) if (S * F >= PARALLEL / 16)
    for (int64_t s = 0; s < S; s++) {
        for (int64_t i = 0; i < half; i++) {
            float exponent = -ln_10000 * (float)i / (float)(half - shift);
            float frequency = (float)exp((double)exponent);
            float angle = timesteps[s] * frequency;
            float cosine = (float)cos(angle);
            float sine = (float)sin(angle);
            store(out, out_type, s * F + i, 1, &cosine);
            store(out, out_type, s * F + half + i, 1, &sine);
        }
    }
    return OK;
}

int KERNEL(conditioning)(const void *time, int time_type, int64_t S, const void *table, int table_type, int64_t classes, const int32_t *labels, int64_t D,
        void *out, int out_type, int64_t C) {
#pragma omp parallel for schedule(static) if (S * D * C >= PARALLEL)
    for (int64_t row = 0; row < S * D; row++) {
        int64_t s = row / D;
        int32_t label = labels[row % D];
        int known = label >= 0 && label < classes;
        for (int64_t c = 0; c < C; c += CHUNK) {
            int64_t count = at_most(C - c, CHUNK);
            float time_buffer[CHUNK], table_buffer[CHUNK], out_buffer[CHUNK];
            const float *t = load(time, time_type, s * C + c, count, time_buffer);
            const float *e = load(table, table_type, (known ? label : 0) * C + c, count, table_buffer);
            float *o = place(out, out_type, row * C + c, out_buffer);
#pragma omp simd
            for (int64_t k = 0; k < count; k++) {
                o[k] = known ? t[k] + e[k] : NAN;
            }
            silu_row(o, count);
            store(out, out_type, row * C + c, count, o);
        }
    }
    return OK;
}
