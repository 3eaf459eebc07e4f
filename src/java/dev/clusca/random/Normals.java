package dev.clusca.random;

/**
 * Standard normal numbers from {@link Philox} by the Box-Muller transform, computed with {@link StrictMath} so that every machine gets the same bits.
 * Element {@code i} of an image's noise comes from counter {@code (i / 4, image * 2, 0, step | purpose << 24)}: each block of four words gives four normals.
 */
public final class Normals {
    private Normals() {}

    /** Fills {@code out} with the noise of one image. */
    public static void fill(float[] out, long seed, int image, int step, Purpose purpose) {
        int[] words = new int[4];
        int last = purpose.word(step);
        for (int block = 0; block * 4 < out.length; block++) {
            Philox.words(seed, block, image * 2, 0, last, words);
            for (int pair = 0; pair < 2; pair++) {
                int i = block * 4 + pair * 2;
                double radius = StrictMath.sqrt(-2 * StrictMath.log(unit(words[pair * 2])));
                double angle = 2 * Math.PI * unit(words[pair * 2 + 1]);
                if (i < out.length) {
                    out[i] = (float) (radius * StrictMath.cos(angle));
                }
                if (i + 1 < out.length) {
                    out[i + 1] = (float) (radius * StrictMath.sin(angle));
                }
            }
        }
    }

    /** A word as a number in (0, 1]. */
    private static double unit(int word) {
        return ((word & 0xffffffffL) + 1) * 0x1p-32;
    }
}
