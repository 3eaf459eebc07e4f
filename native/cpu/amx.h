/*
 * The walk of tile.h in the registers of AMX, of which there are eight: 2 x 2 of sums, of 16 rows x 16 columns, and two each of rows and of a panel. A turn takes TILE
 * words: it reads 4 KB and multiplies for 64 cycles, about as fast as the second-level cache brings so much, so that shorter parts, which would stay in the first, gain
 * nothing: they would have the sums read and written more often.
 *
 * Vectors have nothing to do meanwhile. So what becomes of sums that are complete, whatever the walk is part of, is done a row at a time between its turns (`aside`).
 * Another hardware thread of the core that is busy makes everything here two to four times as slow, seen on Emerald Rapids, and no order of instructions was found that it does not.
 */
#ifndef CLUSCA_AMX_H
#define CLUSCA_AMX_H

#include "tile.h"

/* The rows that this thread's registers of AMX are configured for. */
struct amx {
    int64_t rows;
};

#if TILES
/* As _tile_loadconfig reads it; registers 0 to 3 hold sums, 4 and 5 rows, 6 and 7 a panel. */
struct amx_shape {
    uint8_t palette, start_row, zeros[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

/* Configuring takes 200 cycles, so it is left alone where the rows are as many as before. */
static inline void configure(struct amx *amx, int64_t rows) {
    if (amx->rows != rows) {
        uint8_t upper = (uint8_t)at_most(rows, TILE), lower = (uint8_t)(rows - upper), all = TILE;
        struct amx_shape shape = {.palette = 1, .rows = {upper, upper, lower, lower, upper, lower, all, all}};
        for (int i = 0; i < 8; i++) {
            shape.row_bytes[i] = shape.rows[i] ? TILE * sizeof(word) : 0;
        }
        __asm__ volatile("" : : "r"(&shape) : "memory"); /* the compiler believes that only the first bytes are read */
        _tile_loadconfig(&shape);
        amx->rows = rows;
    }
}

/* Where the registers are no longer needed: with their contents given up, switching threads saves nothing of them. What was stored past the caches is seen by other threads. */
static inline void release(struct amx *amx) {
    _mm_sfence();
    if (amx->rows) {
        _tile_release();
        amx->rows = 0;
    }
}

/* An instruction for each register of sums that a walk has, and for where they lie. Registers are named in the instruction: no loop can count them. */
#define CLUSCA_SUMS(DO)                    \
    DO(0, c, 1)                            \
    DO(1, c + TILE, right)                 \
    DO(2, below, lower)                    \
    DO(3, below + TILE, lower && right)
#define CLUSCA_LOAD(sums, at, present)     \
    if (present) {                         \
        _tile_loadd(sums, at, stride);     \
    }
#define CLUSCA_ZERO(sums, at, present)     \
    if (present) {                         \
        _tile_zero(sums);                  \
    }
#define CLUSCA_STORE(sums, at, present)    \
    if (present) {                         \
        _tile_stored(sums, at, stride);    \
    }

/* The compiler does not know what the instructions of AMX read: before and after them, memory is what the program says. */
static inline __attribute__((always_inline)) void multiply_tiles(const struct tile *t, int lower, int right) {
    const char *upper_rows = (const char *)t->a, *panel = t->panel, *next = t->next;
    int64_t step = t->step * (int64_t)sizeof(word), stride = t->stride * (int64_t)sizeof(float), depth = PANEL * (int64_t)sizeof(word);
    const char *lower_rows = upper_rows + TILE * step;
    float *c = t->c, *below = c + TILE * t->stride;
    __asm__ volatile("" ::: "memory");
    if (t->add) {
        CLUSCA_SUMS(CLUSCA_LOAD)
    } else {
        CLUSCA_SUMS(CLUSCA_ZERO)
    }
    int64_t steps = t->K / TILE, asides = t->aside ? divide_up(t->aside->end - t->aside->first, steps) : 0;
    int64_t lines = divide_up(divide_up(t->share, steps), LINE);
    const char *end = next + t->share;
    for (int64_t k = 0; k < steps; k++) {
        _tile_loadd(4, upper_rows, step);
        _tile_loadd(6, panel, depth);
        _tile_dpbf16ps(0, 4, 6);
        if (right) {
            _tile_loadd(7, panel + LINE, depth);
            _tile_dpbf16ps(1, 4, 7);
        }
        if (lower) {
            _tile_loadd(5, lower_rows, step);
            _tile_dpbf16ps(2, 5, 6);
        }
        if (lower && right) {
            _tile_dpbf16ps(3, 5, 7);
        }
        for (int64_t n = 0; n < lines && next < end; n++) {
            __builtin_prefetch(next, 0, 2);
            next += LINE;
        }
        if (asides) {
            do_rows(t->aside, asides);
        }
        upper_rows += TILE * sizeof(word);
        lower_rows += TILE * sizeof(word);
        panel += TILE * depth;
    }
    CLUSCA_SUMS(CLUSCA_STORE)
    __asm__ volatile("" ::: "memory");
}

#undef CLUSCA_SUMS
#undef CLUSCA_LOAD
#undef CLUSCA_ZERO
#undef CLUSCA_STORE

static __attribute__((noinline, unused)) void walk_tiles(const struct tile *t, int64_t rows, int64_t columns) {
    configure(t->amx, rows);
    if (rows > TILE && columns > TILE) {
        multiply_tiles(t, 1, 1);
    } else if (rows > TILE) {
        multiply_tiles(t, 1, 0);
    } else if (columns > TILE) {
        multiply_tiles(t, 0, 1);
    } else {
        multiply_tiles(t, 0, 0);
    }
}
#else
static inline void walk_tiles(const struct tile *t, int64_t rows, int64_t columns) {
    (void)t;
    (void)rows;
    (void)columns;
}

static inline void release(struct amx *amx) {
    (void)amx;
}
#endif

#endif
