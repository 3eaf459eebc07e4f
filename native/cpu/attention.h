/* The memory that a thread of attention works in, laid out the same at every level. */
#ifndef CLUSCA_ATTENTION_H
#define CLUSCA_ATTENTION_H

#include <stdint.h>

/* The most columns of a panel and rows of a strip at any level. */
enum { ATTENTION_PANEL = 32, ATTENTION_ROWS = 32 };

/*
 * Offsets in words, where there may be half as many of d and N (tile.h), but not fewer than a register of AMX has: keys [N / 32][d][32], values [d / 32][N][32],
 * scores [32][N], sums [32][d]; N and d rounded up to panels.
 */
struct attention_room {
    int64_t values, scores, sums, all;
};

static inline struct attention_room attention_room(int64_t N, int64_t d) {
    int64_t tokens = (N + ATTENTION_PANEL - 1) / ATTENTION_PANEL * ATTENTION_PANEL;
    int64_t width = (d + ATTENTION_PANEL - 1) / ATTENTION_PANEL * ATTENTION_PANEL;
    struct attention_room r;
    r.values = tokens * width;
    r.scores = r.values + width * tokens;
    r.sums = r.scores + ATTENTION_ROWS * tokens;
    r.all = (r.sums + ATTENTION_ROWS * width + 15) / 16 * 16;
    return r;
}

#endif
