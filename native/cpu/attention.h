/* The memory that a thread of attention works in, laid out the same at every level. */
#ifndef CLUSCA_ATTENTION_H
#define CLUSCA_ATTENTION_H

#include <stdint.h>

/* The columns of a panel, and the most rows of a strip at any level. */
enum { ATTENTION_PANEL = 16, ATTENTION_ROWS = 12 };

/* Offsets in floats: keys [N / 16][d][16], values [d / 16][N][16], scores [12][N], sums [12][d]; N and d rounded up to panels where they are rows. */
struct attention_room {
    int64_t values, scores, sums, all;
};

static inline struct attention_room attention_room(int64_t N, int64_t d) {
    int64_t tokens = (N + ATTENTION_PANEL - 1) / ATTENTION_PANEL * ATTENTION_PANEL;
    int64_t width = (d + ATTENTION_PANEL - 1) / ATTENTION_PANEL * ATTENTION_PANEL;
    struct attention_room r;
    r.values = tokens * d;
    r.scores = r.values + width * N;
    r.sums = r.scores + ATTENTION_ROWS * tokens;
    r.all = (r.sums + ATTENTION_ROWS * width + 15) / 16 * 16;
    return r;
}

#endif
