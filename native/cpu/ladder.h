/* The update of a Taylor ladder, for a plane 0 that is what it says, and for one that is implicit. */
#ifndef CLUSCA_LADDER_H
#define CLUSCA_LADDER_H

#include "level.h"

#include <omp.h>

/* Elements that a thread takes at a time: a few pages of each plane, in which the processor fetches ahead; fewer where there would not be four for each thread. */
static inline int64_t ladder_piece(int64_t elements) {
    return at_most(elements / (4 * (int64_t)omp_get_max_threads()) / CHUNK * CHUNK + CHUNK, 16384);
}

/*
 * n elements: G_0 = feature, G_{i+1} = (G_i - T_i) inverse, T = G for the first `count` planes, which lie `plane` elements apart; what is in flight stays in registers.
 * u, if there is one, makes T_0 implicit: a T_0 + u, and u alone where a is 0.
 */
static inline __attribute__((always_inline)) void update_pieces(const void *feature, int feature_type, int64_t feature_at, void *ladder, int type, int64_t at, int64_t plane, int64_t count, float inverse, float a,
        const float *u, int64_t n) {
    int64_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        vector now = widen_vector(feature, feature_type, feature_at + k);
        for (int64_t i = 0; i < count; i++) {
            vector next = now;
            if (i + 1 < count) {
                vector old = i == 0 && u && a == 0 ? (vector){0} : widen_vector(ladder, type, at + i * plane + k);
                if (i == 0 && u) {
                    old = a * old + load_vector(u + k);
                }
                next = (now - old) * inverse;
            }
            store_vector(ladder, type, at + i * plane + k, now);
            now = next;
        }
    }
    for (; k < n; k++) {
        float now = widen_one(feature, feature_type, feature_at + k);
        for (int64_t i = 0; i < count; i++) {
            float next = now;
            if (i + 1 < count) {
                float old = i == 0 && u && a == 0 ? 0 : widen_one(ladder, type, at + i * plane + k);
                if (i == 0 && u) {
                    old = a * old + u[k];
                }
                next = (now - old) * inverse;
            }
            store(ladder, type, at + i * plane + k, 1, &now);
            now = next;
        }
    }
}

/* The same, with a loop of its own for each number of planes and their type if the feature is float32, as the forward pass has it: twice as fast. */
static inline void update_planes(const void *feature, int feature_type, int64_t feature_at, void *ladder, int type, int64_t at, int64_t plane, int64_t count, float inverse, float a,
        const float *u, int64_t n) {
#define CLUSCA_UPDATE(planes)                                                                                                                                  \
    case planes:                                                                                                                                               \
        if (type == F32) {                                                                                                                                     \
            update_pieces(feature, F32, feature_at, ladder, F32, at, plane, planes, inverse, a, u, n);                                                         \
        } else {                                                                                                                                               \
            update_pieces(feature, F32, feature_at, ladder, BF16, at, plane, planes, inverse, a, u, n);                                                        \
        }                                                                                                                                                      \
        break
    switch (feature_type == F32 ? count : 0) {
        CLUSCA_UPDATE(1);
        CLUSCA_UPDATE(2);
        CLUSCA_UPDATE(3);
        CLUSCA_UPDATE(4);
        CLUSCA_UPDATE(5);
    default:
        update_pieces(feature, feature_type, feature_at, ladder, type, at, plane, count, inverse, a, u, n);
    }
#undef CLUSCA_UPDATE
}

#endif
