/* The room that convolutions and group norms need while they run; the extents are those of one call. */
#ifndef CLUSCA_DECODER_H
#define CLUSCA_DECODER_H

#include <stdint.h>

/* Pixels of an image that share a window of it, and pixels whose moments are taken at once. */
enum { PIXELS_OF_PIECE = 1152, PIXELS_OF_BLOCK = 64 };

/* Of an image that is enlarged, the rows and columns of a block whose products are shared, and the words of these: of nine taps, for one panel, a row and a column more. */
enum { SHARED_ROWS = 12, SHARED_COLUMNS = 23, SHARED_PANEL = 32, SHARED_TAPS = 9, SHARED_WORDS = SHARED_TAPS * (SHARED_ROWS + 1) * (SHARED_COLUMNS + 1) * SHARED_PANEL };

/* The number of pieces, of whole rows, that an image is cut into. */
static inline int64_t convolution_pieces(int64_t height, int64_t width) {
    int64_t rows = (PIXELS_OF_PIECE + width - 1) / width;
    return (height + rows - 1) / rows;
}

/* Bytes of a window: a piece's rows with the border that a filter of that size reads, as float32. */
static inline int64_t convolution_window(int64_t height, int64_t width, int64_t C, int64_t size) {
    int64_t pieces = convolution_pieces(height, width), border = size / 2 * 2;
    return ((height + pieces - 1) / pieces + border) * (width + border) * C * (int64_t)sizeof(float);
}

/* Of B images with P pixels: two doubles and one more for every block and group, three floats for every channel. */
static inline int64_t group_norm_room(int64_t B, int64_t P, int64_t C, int64_t groups) {
    return B * ((P + PIXELS_OF_BLOCK - 1) / PIXELS_OF_BLOCK) * groups * 3 * (int64_t)sizeof(double) + B * 3 * C * (int64_t)sizeof(float);
}

#endif
