/*
 * The heart of the products: a tile of up to STRIP rows x PANEL columns whose sums stay in registers while it walks along the summed extent.
 *
 * The columns' factors lie in panels: the PANEL of k = 0, then those of k = 1. The rows' factors are walked along where they lie, a row after the other. Factors in
 * bfloat16 are walked along in one of two ways:
 *  - Widened to float32. In the panel a word of 32 bits holds columns j and j + LANES, so that a shift and a mask widen two vectors from one load; the first strip that
 *    meets a panel's part leaves it widened behind for the others. The rows were widened before.
 *  - With DOTS, in pairs: a word of the panel holds one column at k and k + 1, a word of a row its factors there, and one instruction adds both products. On Zen 5 it
 *    does twice the work of a multiply-add in float32 in the same time; on Emerald Rapids it takes four times as long, so dispatch.c does not take this level there.
 *  - With TILES, in pairs as well, by AMX: a register holds 16 rows of 16 words, a part of a row's walk or of a panel, and one instruction of 16 cycles multiplies two of
 *    them into 16 x 16 sums: sixteen times what a multiply-add in float32 does. A walk takes TILE words at a time, so rows and panels end in zeros.
 *
 * A sum is one chain of additions in the order of the words, so that the number of rows of a strip does not change a bit of it; nor does the level, but for DOTS and TILES.
 */
#ifndef CLUSCA_TILE_H
#define CLUSCA_TILE_H

#include "exponential.h"

enum { PANEL_VECTORS = 2, PANEL = PANEL_VECTORS * LANES };
/* Sums take three quarters of the registers, the rest holds factors. */
#if defined(__AVX512F__)
enum { STRIP = 12 };
#else
enum { STRIP = 6 };
#endif

/* Rows and words of a register of AMX; without it there is no rounding up to whole ones. */
#if TILES
enum { TILE = 16, MOST_ROWS = 2 * TILE };
#else
enum { TILE = 1, MOST_ROWS = STRIP };
#endif

/* Rows whose addresses are one register and multiples of another. */
enum { ROWS_OF_BASE = 3, BASES = STRIP / ROWS_OF_BASE };

/*
 * Words from one turn of the loop to the next, which share what is no multiplication. A core whose other hardware thread serves another program takes half as many
 * instructions in a cycle, and then these count: on Zen 3 it makes 1.11 to 1.15 times as much of a product as with a turn for every word, and as much where it is alone.
 */
enum { WORDS = 4, LINE = 64 };

static inline int64_t divide_up(int64_t value, int64_t by) {
    return (value + by - 1) / by;
}

/* Where part `i` of `parts` begins when `extent` is shared out as evenly as can be. */
static inline int64_t part_begin(int64_t extent, int64_t parts, int64_t i) {
    return extent / parts * i + at_most(i, extent % parts);
}

/* Whether factors of a type are multiplied by AMX. */
static inline int in_tiles(int type) {
    return TILES && type == BF16;
}

/* The rows of a strip. */
static inline int64_t strip_rows(int type) {
    return in_tiles(type) ? MOST_ROWS : STRIP;
}

/* Where part `i` of `parts` begins of so many words, of which a walk takes whole units. */
static inline int64_t words_begin(int type, int64_t words, int64_t parts, int64_t i) {
    int64_t unit = in_tiles(type) ? TILE : 1;
    return part_begin(words / unit, parts, i) * unit;
}

/* The words of a row over `inputs`: all that a walk counts are words. With DOTS an odd input in bfloat16 has a zero beside it, in rows and panels; with TILES zeros follow up to a whole unit. */
static inline int64_t words_of(int type, int64_t inputs) {
    return DOTS && type == BF16 ? divide_up(divide_up(inputs, 2), TILE) * TILE : inputs;
}

/* The type of rows that are multiplied by a panel. */
static inline int row_type(int panel_type) {
    return DOTS ? panel_type : F32;
}

/* Whether `n` elements are the words of a row as they lie. */
static inline int are_words(int type, int64_t n) {
    return row_type(type) == type && (type == F32 || n % (2 * TILE) == 0);
}

/* With DOTS, zeros after `n` elements in bfloat16, up to the last of their words. */
static inline void zero_rest(void *words, int64_t n) {
    if (DOTS) {
        memset((uint16_t *)words + n, 0, (size_t)(2 * words_of(BF16, n) - n) * sizeof(uint16_t));
    }
}

/* `n` elements from `at` on as the words of a row. */
static inline void load_words(const void *data, int type, int64_t at, int64_t n, word *to) {
    if (row_type(type) == F32) {
        load_into(data, type, at, n, (float *)to);
        return;
    }
    memcpy(to, element(data, BF16, at), (size_t)n * sizeof(uint16_t));
    zero_rest(to, n);
}

/* Bytes of a panel over so many words. */
static inline int64_t panel_bytes(int type, int64_t words) {
    return words * PANEL * (DOTS ? (int64_t)sizeof(float) : type_bytes(type));
}

/* Of packed weights over so many words, the panel that holds output `column`, from word k on. */
static inline const char *panel_part(const char *panels, int type, int64_t words, int64_t column, int64_t k) {
    return panels + column / PANEL * panel_bytes(type, words) + panel_bytes(type, k);
}

/* A panel's factors at input k in float32. */
static inline __attribute__((always_inline)) void panel_row(const void *panel, int type, int64_t k, vector b[PANEL_VECTORS]) {
    if (type == F32) {
        for (int v = 0; v < PANEL_VECTORS; v++) {
            b[v] = load_vector((const float *)panel + k * PANEL + v * LANES);
        }
    } else if (DOTS) {
        for (int v = 0; v < PANEL_VECTORS; v++) {
            vector_bits words;
            memcpy(&words, (const uint16_t *)panel + (k / 2 * PANEL + v * LANES) * 2, sizeof words);
            b[v] = (vector)(k % 2 ? words & (int)0xffff0000 : words << 16);
        }
    } else {
        vector_bits words;
        memcpy(&words, (const uint16_t *)panel + k * PANEL, sizeof words);
        b[0] = (vector)(words << 16);
        b[1] = (vector)(words & (int)0xffff0000);
    }
}

/* Rows of something else that vectors work at while tiles multiply, which takes next to none of the core's instructions: `first` is the next one. */
struct aside {
    void (*do_row)(const void *work, int64_t row);
    const void *work;
    int64_t first, end;
};

static inline void do_rows(struct aside *aside, int64_t count) {
    for (; count > 0 && aside->first < aside->end; count--) {
        aside->do_row(aside->work, aside->first++);
    }
}

struct amx;

/* c[rows][PANEL] = or += a[rows][K] panel[K][PANEL], with K and the steps of a in words */
struct tile {
    const word *a; /* of row_type */
    int64_t step;  /* from one row of a to the next */
    const void *panel;
    float *widened; /* without DOTS, receives a bfloat16 panel as float32 */
    int64_t K;
    float *c;
    int64_t stride; /* from one row of c to the next */
    int add;
    const char *next; /* memory that is brought nearer meanwhile: for each k < reach a line of the cache, `fetch` bytes after the one before */
    int64_t fetch, reach, share;
    struct amx *amx;     /* with TILES, what the registers are configured for */
    struct aside *aside; /* with TILES, what is done meanwhile, or NULL */
};

/*
 * Has a walk bring `share` bytes nearer: few lines of the cache at once, many all along, as only so many can be on their way. Where there are more than words, for a strip
 * alone with AVX-512, every second one: the processor brings its neighbour.
 */
static inline void bring(struct tile *t, const char *next, int64_t share) {
    t->next = next;
    t->share = share;
    t->fetch = share < LINE / 4 * t->K ? LINE : divide_up(share, t->K);
    t->reach = divide_up(share, t->fetch);
}

/* Where a walk stands. */
struct place {
    const char *a[BASES]; /* of every ROWS_OF_BASEth row */
    int64_t step;         /* in bytes */
    const char *panel;
    float *widened;
    const char *next;
    int64_t fetch;
};

/*
 * c += a b in each lane, and with DOTS a0 b0 + a1 b1 of pairs in bfloat16, as one instruction that reads nothing but registers: left to itself the compiler loads a factor
 * anew for every row, and takes other registers for the sums from one word to the next, for which there are not enough.
 */
static inline __attribute__((always_inline)) void add_product(vector *c, vector a, vector b, int type) {
    if (DOTS && type == BF16) {
        __asm__("vdpbf16ps %2, %1, %0" : "+v"(*c) : "v"(a), "v"(b));
    } else {
        __asm__("vfmadd231ps %2, %1, %0" : "+v"(*c) : "v"(a), "v"(b));
    }
}

/* Adds the products of so many words, and brings a line nearer for each or not. The other asm statements, of no instruction, keep the compiler from an address for every row and word. */
static inline __attribute__((always_inline)) void add_words(struct place *p, int words, int brings, int rows, int vectors, int type,
        vector sum[STRIP][PANEL_VECTORS]) {
#pragma GCC unroll 4
    for (int u = 0; u < words; u++) {
        vector b[PANEL_VECTORS];
        panel_row(p->panel, DOTS ? F32 : type, u, b);
        for (int v = 0; !DOTS && type == BF16 && v < vectors; v++) {
            *(loose_vector *)(p->widened + u * PANEL + v * LANES) = b[v];
        }
        if (brings) {
            __builtin_prefetch(p->next, 0, 2);
            p->next += p->fetch;
        }
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            vector all = all_lanes((const word *)(p->a[r / ROWS_OF_BASE] + r % ROWS_OF_BASE * p->step) + u);
            for (int v = 0; v < vectors; v++) {
                add_product(&sum[r][v], all, b[v], type);
            }
        }
        __asm__ volatile("" : "+r"(p->panel));
    }
    p->panel += panel_bytes(DOTS ? F32 : type, words);
    if (!DOTS && type == BF16) {
        p->widened += words * PANEL;
    }
#pragma GCC unroll 4
    for (int i = 0; i < BASES; i++) {
        p->a[i] += words * (int64_t)sizeof(word);
        __asm__ volatile("" : "+r"(p->a[i]));
    }
}

static inline __attribute__((always_inline)) void walk_tile(const struct tile *t, int rows, int vectors, int type) {
    struct place p = {.step = t->step * (int64_t)sizeof(word), .panel = t->panel, .widened = t->widened, .next = t->next, .fetch = t->fetch};
    int64_t k = 0, K = t->K;
    vector sum[STRIP][PANEL_VECTORS];
#pragma GCC unroll 4
    for (int i = 0; i < BASES; i++) {
        p.a[i] = (const char *)t->a + ROWS_OF_BASE * i * p.step;
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
            sum[r][v] = (vector){0};
        }
    }
    for (; k + WORDS <= K && k < t->reach; k += WORDS) {
        add_words(&p, WORDS, 1, rows, vectors, type, sum);
    }
    for (; k + WORDS <= K; k += WORDS) {
        add_words(&p, WORDS, 0, rows, vectors, type, sum);
    }
    for (; k < K; k++) {
        add_words(&p, 1, 0, rows, vectors, type, sum);
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
            loose_vector *target = (loose_vector *)(t->c + r * t->stride + v * LANES);
            *target = t->add ? (vector)*target + sum[r][v] : sum[r][v];
        }
    }
}

typedef void walk_function(const struct tile *t);

/* A function for each number of rows, of vectors across and type, so that the sums have registers. */
#define CLUSCA_WALK(rows, vectors, type)                                                                         \
    static __attribute__((noinline, unused)) void walk_##rows##_##vectors##_##type(const struct tile *t) {       \
        walk_tile(t, rows, vectors, type);                                                                       \
    }
#define CLUSCA_WALKS(rows) CLUSCA_WALK(rows, 1, F32) CLUSCA_WALK(rows, 2, F32) CLUSCA_WALK(rows, 1, BF16) CLUSCA_WALK(rows, 2, BF16)
#define CLUSCA_WALK_NAMES(rows) {{walk_##rows##_1_F32, walk_##rows##_2_F32}, {walk_##rows##_1_BF16, walk_##rows##_2_BF16}},
#if defined(__AVX512F__)
#define CLUSCA_ROWS(R) R(1) R(2) R(3) R(4) R(5) R(6) R(7) R(8) R(9) R(10) R(11) R(12)
#else
#define CLUSCA_ROWS(R) R(1) R(2) R(3) R(4) R(5) R(6)
#endif
CLUSCA_ROWS(CLUSCA_WALKS)

static __attribute__((unused)) walk_function *const walks[STRIP][2][PANEL_VECTORS] = {CLUSCA_ROWS(CLUSCA_WALK_NAMES)};

#undef CLUSCA_WALK
#undef CLUSCA_WALKS
#undef CLUSCA_WALK_NAMES
#undef CLUSCA_ROWS

#include "amx.h"

/* The first `columns` columns of up to strip_rows rows; at least as many sums are written, up to a whole panel. */
static inline void walk(const struct tile *t, int64_t rows, int64_t columns, int panel_type) {
    if (in_tiles(panel_type)) {
        walk_tiles(t, rows, columns);
    } else {
        walks[rows - 1][panel_type][columns > LANES](t);
    }
}

#endif
