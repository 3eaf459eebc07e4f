/*
 * Group normalisation over images [B, P pixels, C channels]: mean and biased variance over all pixels and the C / groups channels of a group, then weight and bias of
 * each channel, and SiLU if asked.
 *
 * Bytes: x twice, out once; memory bounds it. Operations: some 8 an element, and an exp with SiLU.
 *
 * Statistics are made for PIXELS_OF_BLOCK pixels at a time, about the block's own mean while it is in the cache, and then combined in double precision in the order of the
 * blocks (Chan, Golub and LeVeque 1979): one pass over memory, no cancellation, and the same bits for every number of threads.
 */
#include "decoder.h"
#include "exponential.h"

#include <math.h>

enum activation { NONE, GELU_TANH, SILU };

/* What a block, or an image, knows of a group. */
struct moments {
    double mean, squares; /* squares: sum of squared distances from the mean */
};

/* Adds to sums[group of channel c] the sum over some pixels of x - mean[group] (mean NULL: of x), or of its square. */
static void add_up(const void *x, int x_type, int64_t at, int64_t pixels, int64_t C, int64_t width, const struct moments *about, double *sums) {
    for (int64_t c = 0; c < C; c += CHUNK) {
        int64_t n = at_most(C - c, CHUNK);
        float buffer[CHUNK], mean[CHUNK], total[CHUNK] = {0};
        for (int64_t k = 0; about && k < n; k++) {
            mean[k] = (float)about[(c + k) / width].mean;
        }
        for (int64_t p = 0; p < pixels; p++) {
            const float *v = load(x, x_type, at + p * C + c, n, buffer);
            if (about) {
#pragma omp simd
                for (int64_t k = 0; k < n; k++) {
                    float distance = v[k] - mean[k];
                    total[k] += distance * distance;
                }
            } else {
#pragma omp simd
                for (int64_t k = 0; k < n; k++) {
                    total[k] += v[k];
                }
            }
        }
        for (int64_t k = 0; k < n; k++) {
            sums[(c + k) / width] += total[k];
        }
    }
}

/* Moments of the groups over some pixels; `sums` holds a number a group. */
static void block_moments(const void *x, int x_type, int64_t at, int64_t pixels, int64_t C, int64_t groups, double *sums, struct moments *m) {
    int64_t width = C / groups;
    double count = (double)(pixels * width);
    memset(sums, 0, (size_t)groups * sizeof(double));
    add_up(x, x_type, at, pixels, C, width, NULL, sums);
    for (int64_t g = 0; g < groups; g++) {
        /* Rounded, because distances are taken from the rounded mean. */
        m[g].mean = (float)(sums[g] / count);
    }
    memset(sums, 0, (size_t)groups * sizeof(double));
    add_up(x, x_type, at, pixels, C, width, m, sums);
    for (int64_t g = 0; g < groups; g++) {
        m[g].squares = sums[g];
    }
}

/* scratch: struct moments and double [B, blocks, groups], float [B, 3, C]; as many bytes as group_norm_room says */
int KERNEL(group_norm)(const void *x, int x_type, int64_t B, int64_t P, int64_t C, int64_t groups, const float *weight, const float *bias, float epsilon, int activation,
        void *out, int out_type, void *scratch) {
    int64_t blocks = (P + PIXELS_OF_BLOCK - 1) / PIXELS_OF_BLOCK, width = C / groups;
    struct moments *moments = scratch;
    double *sums = (double *)(moments + B * blocks * groups);
    float *coefficients = (float *)(sums + B * blocks * groups);
#pragma omp parallel if (B * P * C >= PARALLEL)
    {
#pragma omp for schedule(dynamic, 4)
        for (int64_t i = 0; i < B * blocks; i++) {
            int64_t first = i % blocks * PIXELS_OF_BLOCK;
            block_moments(x, x_type, (i / blocks * P + first) * C, at_most(P - first, PIXELS_OF_BLOCK), C, groups, sums + i * groups, moments + i * groups);
        }
#pragma omp for schedule(static)
        for (int64_t i = 0; i < B * groups; i++) {
            int64_t b = i / groups, g = i % groups;
            double count = 0, mean = 0, squares = 0;
            for (int64_t block = 0; block < blocks; block++) {
                const struct moments *m = moments + (b * blocks + block) * groups + g;
                double more = (double)(at_most(P - block * PIXELS_OF_BLOCK, PIXELS_OF_BLOCK) * width), difference = m->mean - mean;
                squares += m->squares + difference * difference * (count * more / (count + more));
                mean += difference * (more / (count + more));
                count += more;
            }
            float *means = coefficients + b * 3 * C, *scales = means + C, *shifts = scales + C;
            double inverse = 1.0 / sqrt(squares / count + (double)epsilon);
            for (int64_t c = g * width; c < (g + 1) * width; c++) {
                means[c] = (float)mean;
                scales[c] = (float)(inverse * (double)weight[c]);
                shifts[c] = (float)((double)bias[c] + (double)scales[c] * ((double)means[c] - mean));
            }
        }
#pragma omp for SHARED
        for (int64_t i = 0; i < B * P; i++) {
            const float *means = coefficients + i / P * 3 * C, *scales = means + C, *shifts = scales + C;
            for (int64_t c = 0; c < C; c += CHUNK) {
                int64_t n = at_most(C - c, CHUNK);
                float buffer[CHUNK], out_buffer[CHUNK];
                const float *v = load(x, x_type, i * C + c, n, buffer);
                float *o = place(out, out_type, i * C + c, out_buffer);
#pragma omp simd
                for (int64_t k = 0; k < n; k++) {
                    o[k] = (v[k] - means[c + k]) * scales[c + k] + shifts[c + k];
                }
                if (activation == SILU) {
                    silu_row(o, n);
                }
                store(out, out_type, i * C + c, n, o);
            }
        }
    }
    return OK;
}
