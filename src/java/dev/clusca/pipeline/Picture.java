package dev.clusca.pipeline;

import java.util.Arrays;

/** A picture of 8-bit RGB pixels, rows from the top, three bytes a pixel. Immutable. */
public final class Picture {
    private final int width;
    private final int height;
    private final byte[] rgb;

    private Picture(int width, int height, byte[] rgb) {
        this.width = width;
        this.height = height;
        this.rgb = rgb;
    }

    /** @param rgb {@code width * height * 3} bytes: red, green, blue; copied */
    public static Picture of(int width, int height, byte[] rgb) {
        checkSize(width, height, rgb.length, "bytes of RGB");
        return new Picture(width, height, rgb.clone());
    }

    /**
     * The picture that a pixel-space model drew.
     *
     * @param values {@code [.., 3, height, width]}; -1 is black and 1 is full intensity, values beyond are clamped: {@code round((v + 1) * 127.5)}
     * @param offset index of the picture's first value
     * @throws IllegalArgumentException if a value is NaN, which no model should give
     */
    public static Picture ofModelOutput(float[] values, int offset, int width, int height) {
        if (offset < 0 || offset > values.length) {
            throw new IllegalArgumentException("offset " + offset + " is not within " + values.length + " values");
        }
        int plane = width * height;
        checkSize(width, height, Math.min(values.length - offset, 3 * plane), "values");
        byte[] rgb = new byte[3 * plane];
        for (int c = 0; c < 3; c++) {
            for (int p = 0; p < plane; p++) {
                float v = values[offset + c * plane + p];
                if (Float.isNaN(v)) {
                    throw new IllegalArgumentException("the model's output is NaN in channel " + c + " at column "
                            + p % width + ", row " + p / width
                            + "; check the weights for NaN, or run in f32 if this was bf16");
                }
                rgb[3 * p + c] = (byte) Math.round(Math.clamp((v + 1) * 127.5f, 0f, 255f));
            }
        }
        return new Picture(width, height, rgb);
    }

    private static void checkSize(int width, int height, int found, String what) {
        if (width < 1 || height < 1 || found != 3L * width * height) {
            throw new IllegalArgumentException("a picture of " + width + " x " + height + " pixels needs "
                    + 3L * width * height + " " + what + " and extents of at least 1; got " + found);
        }
    }

    public int width() {
        return width;
    }

    public int height() {
        return height;
    }

    /** Red, green or blue ({@code channel} 0, 1, 2) of one pixel, 0 to 255. */
    public int value(int x, int y, int channel) {
        return rgb[3 * (y * width + x) + channel] & 0xff;
    }

    /** A copy of the pixels: {@code width * height * 3} bytes. */
    public byte[] rgb() {
        return rgb.clone();
    }

    /** The pixels themselves, for this package's loops, which do not change them. */
    byte[] pixels() {
        return rgb;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Picture p && width == p.width && Arrays.equals(rgb, p.rgb);
    }

    @Override
    public int hashCode() {
        return 31 * width + Arrays.hashCode(rgb);
    }

    /** As {@code picture of 64 x 64 pixels}. */
    @Override
    public String toString() {
        return "picture of " + width + " x " + height + " pixels";
    }
}
