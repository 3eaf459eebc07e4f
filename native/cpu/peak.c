/*
 * What the processor can do at most, for the denominators of percentages: multiply-adds between registers, reading memory, and updating it in place (which, unlike a copy, reads nothing
 * that it only overwrites). All threads work, each on its own.
 */
#include "tile.h"

/* Sums that depend on none but themselves: two multiply-adds a cycle of four cycles each need eight, pairs of bfloat16 more than twelve. */
#if defined(__AVX512F__)
enum { CHAINS = 16 };
#else
enum { CHAINS = 12 };
#endif
enum { BLOCK = 4096 };

static float across(vector v) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) {
        sum += v[i];
    }
    return sum;
}

static inline __attribute__((always_inline)) double chains(int64_t rounds, int dots) {
    const vector factor = (vector){} + 0.999f;
    double total = 0;
    vector sums[CHAINS];
    for (int c = 0; c < CHAINS; c++) {
        sums[c] = (vector){} + (float)c;
    }
    for (int64_t i = 0; i < rounds; i++) {
#pragma GCC unroll 16
        for (int c = 0; c < CHAINS; c++) {
            sums[c] = dots ? dot_vector(factor, factor, sums[c]) : fma_vector(sums[c], factor, factor);
        }
    }
    for (int c = 0; c < CHAINS; c++) {
        total += across(sums[c]);
    }
    return total;
}

#if TILES
/* One product of two registers a round, into four in turn. */
static void tiles(int64_t rounds) {
    struct amx amx = {0};
    configure(&amx, MOST_ROWS);
    for (int64_t i = 0; i < rounds; i += 4) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    release(&amx);
}
#else
static void tiles(int64_t rounds) {
    (void)rounds;
}
#endif

/*
 * `rounds`, a multiple of 4, multiply-adds in every lane of every chain of every thread, of bfloat16 in pairs or tiles where the level has them. `result` holds the
 * floating-point operations, then a sum that keeps the work from being left out.
 */
int KERNEL(multiply_adds)(int64_t rounds, int type, double *result) {
    int threads = 0, dots = DOTS && type == BF16;
    double total = 0, of_round = in_tiles(type) ? 4.0 * TILE * TILE * TILE : (dots ? 4.0 : 2.0) * CHAINS * LANES;
#pragma omp parallel reduction(+ : total, threads)
    {
        if (in_tiles(type)) {
            tiles(rounds);
        } else {
            total += dots ? chains(rounds, 1) : chains(rounds, 0);
        }
        threads = 1;
    }
    result[0] = of_round * (double)rounds * threads;
    result[1] = total;
    return 0;
}

/* The sum of `elements`, a multiple of 4096, read once. */
int KERNEL(sum)(const float *data, int64_t elements, double *result) {
    double total = 0;
#pragma omp parallel for schedule(static) reduction(+ : total)
    for (int64_t block = 0; block < elements / BLOCK; block++) {
        vector sums[4] = {};
        for (int64_t at = block * BLOCK; at < (block + 1) * BLOCK; at += 4 * LANES) {
#pragma GCC unroll 4
            for (int c = 0; c < 4; c++) {
                sums[c] += load_vector(data + at + c * LANES);
            }
        }
        total += across(sums[0] + sums[1] + sums[2] + sums[3]);
    }
    result[0] = total;
    return 0;
}

/* Turns the sign of `elements`, a multiple of 4096: each is read and written once. */
int KERNEL(negate)(float *data, int64_t elements) {
#pragma omp parallel for schedule(static)
    for (int64_t block = 0; block < elements / BLOCK; block++) {
        for (int64_t at = block * BLOCK; at < (block + 1) * BLOCK; at += LANES) {
            store_vector(data, F32, at, -load_vector(data + at));
        }
    }
    return 0;
}
