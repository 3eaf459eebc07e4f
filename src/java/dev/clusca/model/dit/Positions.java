package dev.clusca.model.dit;

/**
 * The fixed two-dimensional sine-cosine position embedding of the official DiT ({@code get_2d_sincos_pos_embed}): the first half of the width encodes a token's
 * column, the second its row; each half holds sines, then cosines, of {@code position / 10000^(2 i / (C / 2))}.
 */
final class Positions {
    private Positions() {}

    /** Row-major {@code [side * side, width]}. */
    static float[] sinCos(int side, int width) {
        if (width % 4 != 0) {
            throw new IllegalArgumentException(
                    "two-dimensional positions need a width that is a multiple of 4, got " + width);
        }
        int quarter = width / 4;
        float[] out = new float[side * side * width];
        for (int row = 0; row < side; row++) {
            for (int column = 0; column < side; column++) {
                int at = (row * side + column) * width;
                for (int i = 0; i < quarter; i++) {
                    double frequency = StrictMath.pow(10_000, -(double) i / quarter);
                    out[at + i] = (float) StrictMath.sin(column * frequency);
                    out[at + quarter + i] = (float) StrictMath.cos(column * frequency);
                    out[at + 2 * quarter + i] = (float) StrictMath.sin(row * frequency);
                    out[at + 3 * quarter + i] = (float) StrictMath.cos(row * frequency);
                }
            }
        }
        return out;
    }
}
