/*
 * Square convolutions of stride 1 over images [h, w, C], of size 1 or 3 with zeros around the image: out = x * W + bias (+ residual).
 *
 * Operations: 2 B h w size^2 C N. Bytes: x, out and residual once, weights once for some 1100 pixels; the multipliers bound it.
 *
 * Weights are packed as those of a linear layer over size^2 C inputs, ordered row, column, channel. In an image with channels innermost, the inputs of one row of the
 * filter are consecutive, and those of the next pixel begin C later: no matrix of patches is made, a tile walks along the image itself. Only a piece of the image is
 * copied, as float32, with the zeros around it and enlarged where asked; so an enlarged image never reaches memory.
 *
 * Tasks are a block of strips (up to STRIP pixels of one row) times a group of panels. A panel's part of DEPTH inputs stays in the first-level cache while the strips
 * pass. Sums start anew every DEPTH inputs and are added up; what a sum is does not hang on strips, pieces or threads.
 */
#include "decoder.h"
#include "tile.h"

enum { DEPTH = 256, STRIPS = 72 / STRIP, COLUMNS_OF_GROUP = 96, GROUP = COLUMNS_OF_GROUP / PANEL };

/* What a convolution reads and writes; one image of it. */
struct image {
    const void *x;
    int x_type;
    int64_t height, width, channels; /* of the result; x has half the height and width if doubled */
    int64_t size;
    int doubled;
};

/* One row of the image with its border: row y of the result's grid, which may lie outside. */
static void copy_row(const struct image *m, int64_t image, int64_t y, float *to) {
    int64_t C = m->channels, border = m->size / 2;
    if (y < 0 || y >= m->height) {
        memset(to, 0, (size_t)((m->width + 2 * border) * C) * sizeof(float));
        return;
    }
    memset(to, 0, (size_t)(border * C) * sizeof(float));
    to += border * C;
    int64_t w = m->doubled ? m->width / 2 : m->width, h = m->doubled ? m->height / 2 : m->height;
    int64_t from = (image * h + (m->doubled ? y / 2 : y)) * w * C;
    if (!m->doubled) {
        for (int64_t i = 0; i < w * C; i += CHUNK) {
            int64_t n = at_most(w * C - i, CHUNK);
            const float *values = load(m->x, m->x_type, from + i, n, to + i);
            if (values != to + i) {
                memcpy(to + i, values, (size_t)n * sizeof(float));
            }
        }
    } else {
        for (int64_t pixel = 0; pixel < w; pixel++) {
            float *first = to + 2 * pixel * C;
            const float *values = load(m->x, m->x_type, from + pixel * C, C, first);
            if (values != first) {
                memcpy(first, values, (size_t)C * sizeof(float));
            }
            memcpy(first + C, first, (size_t)C * sizeof(float));
        }
    }
    memset(to + m->width * C, 0, (size_t)(border * C) * sizeof(float));
}

/* A layer's weights and where its results go. */
struct filters {
    const char *panels;
    int type;
    const float *bias;
    const void *residual;
    int residual_type;
    int64_t N;
    void *out;
    int out_type;
};

/* Strips first .. first + count - 1 of a piece, numbered row by row, and columns column .. column + columns - 1. `out_row` is the piece's first row in out. */
static void convolve_task(const struct image *m, const struct filters *f, const float *window, int64_t first, int64_t count, int64_t column, int64_t columns, int64_t out_row) {
    float c[STRIPS * STRIP * COLUMNS_OF_GROUP] __attribute__((aligned(64)));
    float widened[DEPTH * PANEL] __attribute__((aligned(64)));
    int64_t C = m->channels, K = m->size * m->size * C, row_inputs = m->size * C, window_row = (m->width + m->size / 2 * 2) * C;
    int64_t across = divide_up(m->width, STRIP), depths = divide_up(row_inputs, DEPTH);
    for (int64_t i = 0; i < m->size; i++) {
        for (int64_t d = 0; d < depths; d++) {
            int64_t k = part_begin(row_inputs, depths, d);
            int64_t depth = part_begin(row_inputs, depths, d + 1) - k;
            int64_t share = divide_up(panel_bytes(f->type, depth), count);
            for (int64_t j = 0; j < columns; j += PANEL) {
                const char *panel = f->panels + (column + j) / PANEL * panel_bytes(f->type, K) + panel_bytes(f->type, i * row_inputs + k);
                for (int64_t s = 0; s < count; s++) {
                    int64_t y = (first + s) / across, x = part_begin(m->width, across, (first + s) % across);
                    int fresh = f->type == F32 || s == 0;
                    struct tile t = {
                            .a = window + (y + i) * window_row + x * C + k,
                            .step = C,
                            .panel = fresh ? (const void *)panel : widened,
                            .widened = widened,
                            .K = depth,
                            .c = c + s * STRIP * COLUMNS_OF_GROUP + j,
                            .stride = COLUMNS_OF_GROUP,
                            .add = i + d > 0,
                            .next = panel + panel_bytes(f->type, K) + s * share,
                            .fetch = 64,
                            .reach = divide_up(share, 64),
                    };
                    walk(&t, part_begin(m->width, across, (first + s) % across + 1) - x, columns - j, fresh ? f->type : F32);
                }
            }
        }
    }
    for (int64_t s = 0; s < count; s++) {
        int64_t y = (first + s) / across, x = part_begin(m->width, across, (first + s) % across);
        int64_t rows = part_begin(m->width, across, (first + s) % across + 1) - x;
        for (int64_t r = 0; r < rows; r++) {
            float *v = c + (s * STRIP + r) * COLUMNS_OF_GROUP;
            float buffer[COLUMNS_OF_GROUP];
            int64_t at = ((out_row + y) * m->width + x + r) * f->N + column;
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
    }
}

/* window: as many bytes as convolution_window says */
int KERNEL(convolve)(const void *x, int x_type, int64_t B, int64_t height, int64_t width, int64_t C, int64_t size, int doubled, const void *packed, int type, const float *bias,
        const void *residual, int residual_type, int64_t N, void *out, int out_type, float *window) {
    struct image m = {x, x_type, height, width, C, size, doubled};
    struct filters f = {packed, type, bias, residual, residual_type, N, out, out_type};
    int64_t pieces = convolution_pieces(height, width), across = divide_up(width, STRIP);
    int64_t window_row = (width + size / 2 * 2) * C;
    int64_t panels = divide_up(N, PANEL), groups = divide_up(panels, GROUP);
#pragma omp parallel if (B * height * width * size * size * C * N >= PARALLEL * 8)
    for (int64_t piece = 0; piece < B * pieces; piece++) {
        int64_t image = piece / pieces, first = part_begin(height, pieces, piece % pieces);
        int64_t rows = part_begin(height, pieces, piece % pieces + 1) - first;
#pragma omp for schedule(dynamic, 1)
        for (int64_t y = 0; y < rows + size / 2 * 2; y++) {
            copy_row(&m, image, first + y - size / 2, window + y * window_row);
        }
        int64_t strips = rows * across, blocks = divide_up(strips, STRIPS);
#pragma omp for schedule(dynamic, 1)
        for (int64_t task = 0; task < blocks * groups; task++) {
            int64_t from = part_begin(strips, blocks, task % blocks), to = part_begin(strips, blocks, task % blocks + 1);
            int64_t column = part_begin(panels, groups, task / blocks) * PANEL;
            int64_t end = at_most(part_begin(panels, groups, task / blocks + 1) * PANEL, N);
            convolve_task(&m, &f, window, from, to - from, column, end - column, image * height + first);
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
