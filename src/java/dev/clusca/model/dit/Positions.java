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
        float[][] places = new float[side][];
        for (int place = 0; place < side; place++) {
            places[place] = along(place, width / 4);
        }
        int half = width / 2;
        float[] out = new float[side * side * width];
        for (int row = 0; row < side; row++) {
            for (int column = 0; column < side; column++) {
                int at = (row * side + column) * width;
                System.arraycopy(places[column], 0, out, at, half);
                System.arraycopy(places[row], 0, out, at + half, half);
            }
        }
        return out;
    }

    /** A place on one axis: sines, then cosines. */
    private static float[] along(int place, int frequencies) {
        float[] values = new float[2 * frequencies];
        for (int i = 0; i < frequencies; i++) {
            double angle = place * StrictMath.pow(10_000, -(double) i / frequencies);
            values[i] = (float) StrictMath.sin(angle);
            values[frequencies + i] = (float) StrictMath.cos(angle);
        }
        return values;
    }
}
