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

/* The compiler does not know what the instructions of AMX read: before and after them, memory is what the program says. */
static inline __attribute__((always_inline)) void multiply_tiles(const struct tile *t, int lower, int right) {
    const char *upper_rows = (const char *)t->a, *panel = t->panel, *next = t->next;
    int64_t step = t->step * (int64_t)sizeof(word), stride = t->stride * (int64_t)sizeof(float), depth = PANEL * (int64_t)sizeof(word);
    const char *lower_rows = upper_rows + TILE * step;
    float *c = t->c, *below = c + TILE * t->stride;
    __asm__ volatile("" ::: "memory");
    if (t->add) {
        _tile_loadd(0, c, stride);
        if (right) {
            _tile_loadd(1, c + TILE, stride);
        }
        if (lower) {
            _tile_loadd(2, below, stride);
        }
        if (lower && right) {
            _tile_loadd(3, below + TILE, stride);
        }
    } else {
        _tile_zero(0);
        if (right) {
            _tile_zero(1);
        }
        if (lower) {
            _tile_zero(2);
        }
        if (lower && right) {
            _tile_zero(3);
        }
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
    _tile_stored(0, c, stride);
    if (right) {
        _tile_stored(1, c + TILE, stride);
    }
    if (lower) {
        _tile_stored(2, below, stride);
    }
    if (lower && right) {
        _tile_stored(3, below + TILE, stride);
    }
    __asm__ volatile("" ::: "memory");
}

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
