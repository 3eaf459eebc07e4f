/*
 * What leaves the model: tokens back to images, guidance, and the samplers' updates. Images are small (4 x 32 x 32 floats each for 256 x 256 pixels); one pass each.
 * The updates compute in double precision: early steps multiply by more than 100 and subtract, and double costs nothing at this size.
 */
#include "level.h"

#include <math.h>

int KERNEL(unpatchify)(const void *tokens, int tokens_type, int64_t patch, float *images, int64_t R, int64_t channels, int64_t height, int64_t width) {
    int64_t columns = width / patch;
#pragma omp parallel for schedule(static) if (R * channels * height * width >= PARALLEL)
    for (int64_t line = 0; line < R * height; line++) {
        int64_t r = line / height;
        int64_t y = line % height;
        for (int64_t column = 0; column < columns; column++) {
            int64_t token = (r * (height / patch) + y / patch) * columns + column;
            for (int64_t j = 0; j < patch; j++) {
                int64_t from = ((token * patch + y % patch) * patch + j) * channels;
                for (int64_t channel = 0; channel < channels; channel++) {
                    images[((r * channels + channel) * height + y) * width + column * patch + j] = widen_one(tokens, tokens_type, from + channel);
                }
            }
        }
    }
    return OK;
}

int KERNEL(guidance)(float *output, int64_t B, int64_t all_channels, int64_t pixels, float scale, int64_t channels) {
    int64_t image = all_channels * pixels;
#pragma omp parallel for schedule(static) if (B * channels * pixels >= PARALLEL)
    for (int64_t b = 0; b < B; b++) {
        float *conditional = output + b * image;
        float *unconditional = output + (B + b) * image;
#pragma omp simd
        for (int64_t i = 0; i < channels * pixels; i++) {
            float e = unconditional[i] + scale * (conditional[i] - unconditional[i]);
            conditional[i] = e;
            unconditional[i] = e;
        }
    }
    return OK;
}

static inline double predicted_start(const float *step, double x, double eps, int clip) {
    double start = step[SAMPLE_TO_START] * x - step[NOISE_TO_START] * eps;
    double clamped = start < -1.0 ? -1.0 : start;
    clamped = clamped > 1.0 ? 1.0 : clamped;
    return clip ? clamped : start;
}

int KERNEL(ddim_update)(float *x, const float *output, const float *noise, int clip, int64_t B, int64_t channels, int64_t output_channels, int64_t pixels,
        const struct steps *steps) {
    const float *step = step_row(steps);
    if (!step) {
        return CURSOR_OUTSIDE;
    }
    int noisy = step[NOISE_WEIGHT] != 0.0f;
    if (noisy && !noise) {
        return NOISE_MISSING;
    }
    int64_t image = channels * pixels;
#pragma omp parallel for schedule(static) if (B * image >= PARALLEL)
    for (int64_t b = 0; b < B; b++) {
        float *sample = x + b * image;
        const float *eps = output + b * output_channels * pixels;
#pragma omp simd
        for (int64_t i = 0; i < image; i++) {
            double start = predicted_start(step, sample[i], eps[i], clip);
            double e = ((double)step[SAMPLE_TO_START] * sample[i] - start) / step[NOISE_TO_START];
            double next = step[START_WEIGHT] * start + step[SECOND_WEIGHT] * e;
            sample[i] = (float)(noisy ? next + (double)step[NOISE_WEIGHT] * noise[b * image + i] : next);
        }
    }
    return OK;
}

int KERNEL(ddpm_update)(float *x, const float *output, const float *noise, int clip, int64_t B, int64_t channels, int64_t output_channels, int64_t pixels,
        const struct steps *steps) {
    const float *step = step_row(steps);
    if (!step) {
        return CURSOR_OUTSIDE;
    }
    int noisy = step[NOISE_WEIGHT] != 0.0f;
    int64_t image = channels * pixels;
#pragma omp parallel for schedule(static) if (B * image >= PARALLEL)
    for (int64_t b = 0; b < B; b++) {
        float *sample = x + b * image;
        const float *eps = output + b * output_channels * pixels;
        const float *v = eps + image;
#pragma omp simd
        for (int64_t i = 0; i < image; i++) {
            double start = predicted_start(step, sample[i], eps[i], clip);
            double next = step[START_WEIGHT] * start + (double)step[SECOND_WEIGHT] * sample[i];
            if (noisy) {
                double log_variance = (v[i] + 1.0) / 2.0 * step[LOG_VARIANCE_MAX] + (1.0 - v[i]) / 2.0 * step[LOG_VARIANCE_MIN];
                next += step[NOISE_WEIGHT] * exp(log_variance / 2.0) * noise[b * image + i];
            }
            sample[i] = (float)next;
        }
    }
    return OK;
}
