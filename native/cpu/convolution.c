/*
 * Square convolutions of stride 1 over images [h, w, C], of size 1 or 3 with zeros around the image, which may be enlarged twofold first: out = x * W + bias (+ residual).
 *
 * Operations: 2 B h w size^2 C N; of an image that is enlarged and size 3 a quarter of that, see below. Bytes: x, out and residual once, weights once for some 1100 pixels; the
 * multipliers bound it.
 *
 * Weights are packed as those of a linear layer over size^2 C inputs, ordered row, column, channel. In an image with channels innermost, the inputs of one row of
 * the filter are consecutive, and those of the next pixel begin C later: no matrix of patches is made, a tile walks along the image itself. Only a piece of the
 * image is copied, with the zeros around it, into a window: as float32, or with DOTS in bfloat16.
 *
 * Of an image that is enlarged each result is a sum of nine products, of a pixel of x and a tap of the filter, and a pixel's four results and their neighbours' share them: there are nine for each pixel of
 * x, not for each result. A task multiplies a block of pixels by one tap after the other, then adds up. Where words would straddle pixels, the results with even and odd rows and columns are four
 * convolutions instead, whose weights are sums of those that meet the same pixel, added up in float32.
 *
 * Tasks are a block of strips (up to STRIP pixels of one row) times a group of panels. A panel's part of DEPTH words stays in the first-level cache while the
 * strips pass. Sums start anew every DEPTH words and are added up; what a sum is does not hang on strips, pieces or threads.
 */
#include "decoder.h"
#include "tile.h"

#include <omp.h>

enum { MOST_SIZE = 3, MOST_TAPS = 4, DEPTH = 256, COLUMNS_OF_GROUP = 96, GROUP = COLUMNS_OF_GROUP / PANEL };

/* Pixels of a block of strips. */
enum { PIXELS = TILES ? 4 * MOST_ROWS : 72 };

/* What a convolution reads, of type `type`, whose pixels are `enlarged` x `enlarged` in the window; there, a pixel becomes scale x scale ones. */
struct image {
    const void *x;
    int type;
    int64_t height, width, channels; /* as in the window */
    int64_t size, scale, enlarged;
    int window; /* the type of a window of it */
};

/* A pixel's words in the window. */
static int64_t pixel_words(const struct image *m) {
    return words_of(m->window, m->channels);
}

/* A layer's weights, of the image's type, and where its results go. */
struct filters {
    const char *panels;
    const float *bias;
    const void *residual;
    int residual_type;
    int64_t N;
    void *out;
    int out_type;
};

/* Row y of an image with its border; it may lie outside. */
static void copy_row(const struct image *m, int64_t image, int64_t y, word *to) {
    int64_t border = m->size / 2 * pixel_words(m), inner = m->width * pixel_words(m);
    int64_t elements = m->width / m->enlarged * m->channels, at = (image * m->height + y) / m->enlarged * elements;
    if (y < 0 || y >= m->height) {
        memset(to, 0, (size_t)(inner + 2 * border) * sizeof(word));
        return;
    }
    memset(to, 0, (size_t)border * sizeof(word));
    to += border;
    if (m->window == F32) {
        load_into(m->x, m->type, at, elements, (float *)to);
    } else if (m->enlarged == 1) {
        memcpy(to, element(m->x, BF16, at), (size_t)elements * sizeof(uint16_t));
    } else {
        for (int64_t x = 0; x < m->width; x++) {
            memcpy(to + x * pixel_words(m), element(m->x, BF16, at + x / m->enlarged * m->channels), (size_t)m->channels * sizeof(uint16_t));
        }
    }
    memset(to + inner, 0, (size_t)border * sizeof(word));
}

/* Along one axis: the filter's taps that meet one pixel of x, `offset` from the pixel that the result's is part of. */
struct taps {
    int64_t first, end, offset;
};

/* Those of result pixels that are the `parity`-th of their pixel of x; returns how many pixels of x the filter covers. */
static int64_t taps_of(const struct image *m, int64_t parity, struct taps *taps) {
    int64_t count = 0;
    for (int64_t t = 0; t < m->size; t++) {
        /* Not negative before the division, which rounds towards zero. */
        int64_t offset = (m->scale + parity + t - m->size / 2) / m->scale - 1;
        if (count == 0 || offset != taps[count - 1].offset) {
            taps[count++] = (struct taps){t, t, offset};
        }
        taps[count - 1].end = t + 1;
    }
    return count;
}

/* sums[n][PANEL] = the panel's rows from channel k on, of all taps that meet a pixel. */
static void add_taps(const char *panel, int type, const struct image *m, const struct taps *rows, const struct taps *columns, int64_t k, int64_t n, float *sums) {
    int64_t from[MOST_TAPS];
    int count = 0;
    for (int64_t y = rows->first; y < rows->end; y++) {
        for (int64_t x = columns->first; x < columns->end; x++) {
            from[count++] = (y * m->size + x) * m->channels + k;
        }
    }
    for (int64_t i = 0; i < n; i++) {
        vector sum[PANEL_VECTORS], row[PANEL_VECTORS];
        panel_row(panel, type, from[0] + i, sum);
        for (int t = 1; t < count; t++) {
            panel_row(panel, type, from[t] + i, row);
            for (int v = 0; v < PANEL_VECTORS; v++) {
                sum[v] += row[v];
            }
        }
        for (int v = 0; v < PANEL_VECTORS; v++) {
            *(loose_vector *)(sums + i * PANEL + v * LANES) = sum[v];
        }
    }
}

/*
 * Where a task's results are: `count` strips from `first` on, numbered row by row in a piece whose first row is `row` of all images, and columns column .. column + columns
 * - 1.
 */
struct block {
    int64_t first, count, row, column, columns;
};

/* Strip s: its row in the piece, its first pixel and the number of its pixels. */
struct strip {
    int64_t y, x, pixels;
};

static struct strip strip_of(const struct image *m, int64_t s) {
    int64_t across = divide_up(m->width, strip_rows(m->window)), x = part_begin(m->width, across, s % across);
    return (struct strip){s / across, x, part_begin(m->width, across, s % across + 1) - x};
}

/* c[strip][pixel][column] += the product of n words from `from` pixels on, with a panel; one that is to be widened is on the way. */
static void walk_strips(const struct image *m, const struct block *b, const word *from, int64_t window_row, const void *panel, int type, float *widened, int64_t n,
        const char *next, int64_t share, float *c, int64_t columns, int add, struct amx *amx) {
    for (int64_t s = 0; s < b->count; s++) {
        struct strip strip = strip_of(m, b->first + s);
        int fresh = DOTS || type == F32 || s == 0;
        struct tile t = {
                .a = from + strip.y * window_row + strip.x * pixel_words(m),
                .step = pixel_words(m),
                .panel = fresh ? panel : widened,
                .widened = widened,
                .K = n,
                .c = c + s * strip_rows(m->window) * COLUMNS_OF_GROUP,
                .stride = COLUMNS_OF_GROUP,
                .add = add,
                .amx = amx,
        };
        bring(&t, next + s * share, share);
        walk(&t, strip.pixels, columns, fresh ? type : F32);
    }
}

/* As many sums as there are pixels of x: each row of the filter is one stretch of the window. */
static void convolve_plain(const struct image *m, const struct filters *f, const struct block *b, const word *window, int64_t window_row, float *c) {
    float widened[DEPTH * PANEL] __attribute__((aligned(64)));
    int64_t stretch = m->size * pixel_words(m), words = m->size * stretch, depths = divide_up(stretch, DEPTH);
    struct amx amx = {0};
    for (int64_t i = 0; i < m->size; i++) {
        for (int64_t d = 0; d < depths; d++) {
            int64_t k = words_begin(m->type, stretch, depths, d), n = words_begin(m->type, stretch, depths, d + 1) - k;
            for (int64_t j = 0; j < b->columns; j += PANEL) {
                const char *panel = panel_part(f->panels, m->type, words, b->column + j, i * stretch + k);
                walk_strips(m, b, window + i * window_row + k, window_row, panel, m->type, widened, n, panel + panel_bytes(m->type, words),
                        divide_up(panel_bytes(m->type, n), b->count), c + j, b->columns - j, i + d > 0, &amx);
            }
        }
    }
    release(&amx);
}

/*
 * The sums of the pixels whose row and column in the image that comes out are the `down`-th and `right`-th of their pixel of x, with weights added up in float32: tap by
 * tap, for a window in float32.
 */
static void convolve_by_taps(const struct image *m, const struct filters *f, const struct block *b, int64_t down, int64_t right, const word *window, int64_t window_row,
        float *c) {
    float sums[DEPTH * PANEL] __attribute__((aligned(64)));
    struct taps rows[MOST_SIZE], columns[MOST_SIZE];
    int64_t height = taps_of(m, down, rows), width = taps_of(m, right, columns), border = m->size / 2;
    int64_t C = m->channels, words = words_of(m->type, m->size * m->size * C), depths = divide_up(C, DEPTH);
    for (int64_t i = 0; i < height * width; i++) {
        const struct taps *y = rows + i / width, *x = columns + i % width;
        for (int64_t d = 0; d < depths; d++) {
            int64_t k = part_begin(C, depths, d), n = part_begin(C, depths, d + 1) - k;
            for (int64_t j = 0; j < b->columns; j += PANEL) {
                add_taps(panel_part(f->panels, m->type, words, b->column + j, 0), m->type, m, y, x, k, n, sums);
                const word *from = window + (border + y->offset) * window_row + (border + x->offset) * C + k;
                walk_strips(m, b, from, window_row, sums, F32, sums, n, (const char *)sums, 0, c + j, b->columns - j, i + d > 0, NULL);
            }
        }
    }
}

/* Rounds the sums of a pixel of the result, with bias and residual, into their place. */
static inline void store_pixel(const struct filters *f, int64_t pixel, int64_t column, int64_t columns, float *v) {
    float buffer[COLUMNS_OF_GROUP];
    int64_t at = pixel * f->N + column;
    if (f->bias) {
#pragma omp simd
        for (int64_t n = 0; n < columns; n++) {
            v[n] += f->bias[column + n];
        }
    }
    if (f->residual) {
        const float *added = load(f->residual, f->residual_type, at, columns, buffer);
#pragma omp simd
        for (int64_t n = 0; n < columns; n++) {
            v[n] += added[n];
        }
    }
    store(f->out, f->out_type, at, columns, v);
}

/* Rounds the sums of strips whose pixels are the `down`-th and `right`-th of theirs, with bias and residual, into their places. */
static void store_strips(const struct image *m, const struct filters *f, const struct block *b, int64_t down, int64_t right, float *c) {
    for (int64_t s = 0; s < b->count; s++) {
        struct strip strip = strip_of(m, b->first + s);
        for (int64_t i = 0; i < strip.pixels; i++) {
            int64_t y = (b->row + strip.y) * m->scale + down, x = (strip.x + i) * m->scale + right;
            store_pixel(f, y * m->width * m->scale + x, b->column, b->columns, c + (s * strip_rows(m->window) + i) * COLUMNS_OF_GROUP);
        }
    }
}

/* Pixels of a piece: `rows` rows from `y` on and `columns` columns from `x` on, and the panel whose outputs begin at `column`. `row` is the piece's first row of all images. */
struct patch {
    int64_t y, rows, x, columns, row, column;
};

/* Where of a tap's products those of the pixel lie that is the `down`-th and `right`-th from a patch's first; along both axes the first tap's begin a pixel before it. */
static inline float *product_at(float *products, int64_t tap, int64_t down, int64_t right) {
    return products + ((tap * (SHARED_ROWS + 1) + down + (tap / 3 == 0)) * (SHARED_COLUMNS + 1) + right + (tap % 3 == 0)) * PANEL;
}

/* The products of a patch's pixels, and of neighbours that its results need, with every tap. */
static void multiply_taps(const struct image *m, const struct filters *f, const struct patch *p, const word *window, int64_t window_row, float *products) {
    float widened[DEPTH * PANEL] __attribute__((aligned(64)));
    int64_t pixel = pixel_words(m), words = SHARED_TAPS * pixel, depths = divide_up(pixel, DEPTH);
    for (int64_t tap = 0; tap < SHARED_TAPS; tap++) {
        int64_t up = tap / 3 == 0, left = tap % 3 == 0, height = p->rows + (tap / 3 != 1), width = p->columns + (tap % 3 != 1), across = divide_up(width, STRIP);
        for (int64_t d = 0; d < depths; d++) {
            int64_t k = part_begin(pixel, depths, d), n = part_begin(pixel, depths, d + 1) - k;
            const char *panel = panel_part(f->panels, m->type, words, p->column, tap * pixel + k);
            for (int64_t s = 0; s < height * across; s++) {
                int64_t y = s / across, x = part_begin(width, across, s % across);
                int fresh = DOTS || m->type == F32 || s == 0;
                struct tile t = {
                        /* The window begins a row and a pixel before the piece. */
                        .a = window + (p->y + 1 - up + y) * window_row + (p->x + 1 - left + x) * pixel + k,
                        .step = pixel,
                        .panel = fresh ? (const void *)panel : widened,
                        .widened = widened,
                        .K = n,
                        .c = product_at(products, tap, y - up, x - left),
                        .stride = PANEL,
                        .add = d > 0,
                };
                int64_t share = divide_up(panel_bytes(m->type, n), height * across);
                bring(&t, panel + panel_bytes(m->type, n) + s * share, share);
                walks[part_begin(width, across, s % across + 1) - x - 1][fresh ? m->type : F32][1](&t);
            }
        }
    }
}

/* The four results of each of a patch's pixels: along an axis the first takes the first tap's product of the pixel before, the second the last tap's of the next. */
static void add_products(const struct image *m, const struct filters *f, const struct patch *p, float *products) {
    int64_t columns = at_most(f->N - p->column, PANEL);
    for (int64_t y = 0; y < 2 * p->rows; y++) {
        for (int64_t x = 0; x < 2 * p->columns; x++) {
            vector sum[PANEL_VECTORS] = {{0}};
            float v[PANEL];
            for (int tap = 0; tap < SHARED_TAPS; tap++) {
                int64_t down = y / 2 + (y % 2 && tap / 3 == 2) - (y % 2 == 0 && tap / 3 == 0), right = x / 2 + (x % 2 && tap % 3 == 2) - (x % 2 == 0 && tap % 3 == 0);
                const float *product = product_at(products, tap, down, right);
                for (int i = 0; i < PANEL_VECTORS; i++) {
                    sum[i] += load_vector(product + i * LANES);
                }
            }
            for (int i = 0; i < PANEL_VECTORS; i++) {
                *(loose_vector *)(v + i * LANES) = sum[i];
            }
            store_pixel(f, ((p->row + p->y) * 2 + y) * m->width * 2 + p->x * 2 + x, p->column, columns, v);
        }
    }
}

/* The results of a piece's `rows` rows that are enlarged, by all threads of a team. */
static void convolve_enlarged(const struct image *m, const struct filters *f, int64_t row, int64_t rows, const word *window, int64_t window_row, float *products) {
    int64_t down = divide_up(rows, SHARED_ROWS), right = divide_up(m->width, SHARED_COLUMNS), panels = divide_up(f->N, PANEL);
#pragma omp for schedule(dynamic, 1)
    for (int64_t task = 0; task < panels * down * right; task++) {
        int64_t i = task / right % down, j = task % right, y = part_begin(rows, down, i), x = part_begin(m->width, right, j);
        struct patch p = {y, part_begin(rows, down, i + 1) - y, x, part_begin(m->width, right, j + 1) - x, row, task / right / down * PANEL};
        multiply_taps(m, f, &p, window, window_row, products);
        add_products(m, f, &p, products);
    }
}

/* x: of the weights' type; height, width: of the result; room: as many bytes as clusca_cpu_convolve_scratch says for x */
int KERNEL(convolve)(const void *x, int64_t B, int64_t height, int64_t width, int64_t C, int64_t size, int doubled, const void *packed, int type, const float *bias,
        const void *residual, int residual_type, int64_t N, void *out, int out_type, float *room) {
    /* Where a pair of inputs, or with TILES a unit of words, would straddle two pixels, they are widened. */
    int by_words = are_words(type, C) || !DOTS;
    /* With TILES each pixel is made four first: that was faster than fewer products in float32; shared ones have not been measured there. */
    int fewer = doubled && !in_tiles(type), shared = fewer && size == 3 && by_words, by_taps = !by_words || (fewer && !shared);
    int64_t scale = doubled && (shared || by_taps) ? 2 : 1, enlarged = doubled ? 2 / scale : 1, border = size / 2;
    struct image m = {x, type, height / scale, width / scale, C, size, scale, enlarged, by_taps ? F32 : row_type(type)};
    struct filters f = {packed, bias, residual, residual_type, N, out, out_type};
    int64_t pieces = convolution_pieces(m.height, m.width), across = divide_up(m.width, strip_rows(m.window)), window_row = (m.width + 2 * border) * pixel_words(&m);
    int64_t panels = divide_up(N, PANEL), groups = divide_up(panels, GROUP);
    float *window = room + (int64_t)omp_get_max_threads() * SHARED_WORDS;
#pragma omp parallel if (B * height * width * size * size * C * N >= PARALLEL * 8)
    for (int64_t piece = 0; piece < B * pieces; piece++) {
        int64_t image = piece / pieces, first = part_begin(m.height, pieces, piece % pieces);
        int64_t rows = part_begin(m.height, pieces, piece % pieces + 1) - first;
#pragma omp for schedule(dynamic, 1)
        for (int64_t y = 0; y < rows + 2 * border; y++) {
            copy_row(&m, image, first + y - border, window + y * window_row);
        }
        if (shared) {
            convolve_enlarged(&m, &f, image * m.height + first, rows, window, window_row, room + (int64_t)omp_get_thread_num() * SHARED_WORDS);
            continue;
        }
        int64_t strips = rows * across, blocks = divide_up(strips, PIXELS / strip_rows(m.window));
#pragma omp for schedule(dynamic, 1)
        for (int64_t task = 0; task < blocks * groups * scale * scale; task++) {
            float c[PIXELS * COLUMNS_OF_GROUP] __attribute__((aligned(64)));
            int64_t parity = task % (scale * scale), part = task / (scale * scale) % blocks, group = task / (scale * scale) / blocks;
            int64_t from = part_begin(strips, blocks, part), column = part_begin(panels, groups, group) * PANEL;
            struct block b = {from, part_begin(strips, blocks, part + 1) - from, image * m.height + first, column,
                    at_most(part_begin(panels, groups, group + 1) * PANEL, N) - column};
            if (by_taps) {
                convolve_by_taps(&m, &f, &b, parity / 2, parity % 2, window, window_row, c);
            } else {
                convolve_plain(&m, &f, &b, window, window_row, c);
            }
            store_strips(&m, &f, &b, parity / 2, parity % 2, c);
        }
    }
    return OK;
}

/* Rows first .. first + count - 1 of the matrix [B h w, size^2 C] whose product with the weights is the convolution, for products that want one. */
int KERNEL(unfold)(const void *x, int type, int64_t height, int64_t width, int64_t C, int64_t size, int doubled, int64_t first, int64_t count, void *rows) {
    int64_t h = doubled ? height / 2 : height, w = doubled ? width / 2 : width;
    size_t bytes = (size_t)(C * type_bytes(type));
#pragma omp parallel for SHARED if (count * size * size * C >= PARALLEL)
    for (int64_t row = 0; row < count; row++) {
        int64_t pixel = first + row, image = pixel / (height * width), y = pixel / width % height, at = pixel % width;
        char *to = (char *)rows + row * size * size * C * type_bytes(type);
        for (int64_t tap = 0; tap < size * size; tap++, to += bytes) {
            int64_t i = y + tap / size - size / 2, j = at + tap % size - size / 2;
            if (i < 0 || i >= height || j < 0 || j >= width) {
                memset(to, 0, bytes);
            } else {
                memcpy(to, element(x, type, ((image * h + (doubled ? i / 2 : i)) * w + (doubled ? j / 2 : j)) * C), bytes);
            }
        }
    }
    return OK;
}

/* out = f + residual, rounded once; `residual` and `out` may be one. */
int KERNEL(add_residual)(const float *f, const void *residual, int residual_type, void *out, int out_type, int64_t elements) {
#pragma omp parallel for schedule(static) if (elements >= PARALLEL)
    for (int64_t at = 0; at < elements; at += CHUNK) {
        int64_t n = at_most(elements - at, CHUNK);
        float buffer[CHUNK], sum_buffer[CHUNK];
        const float *added = load(residual, residual_type, at, n, buffer);
        float *sum = place(out, out_type, at, sum_buffer);
#pragma omp simd
        for (int64_t i = 0; i < n; i++) {
            sum[i] = f[at + i] + added[i];
        }
        store(out, out_type, at, n, sum);
    }
    return OK;
}
