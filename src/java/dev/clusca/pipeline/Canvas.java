package dev.clusca.pipeline;

import java.util.Arrays;

/** A picture under construction. What lies outside of it is an error, so that a layout never clips silently. Colours are {@code 0xrrggbb}. */
final class Canvas {
    private final Font font = new Font();
    private final int width;
    private final int height;
    private final byte[] rgb;

    Canvas(int width, int height, int background) {
        this.width = width;
        this.height = height;
        this.rgb = new byte[3 * width * height];
        fill(0, 0, width, height, background);
    }

    void fill(int x, int y, int w, int h, int colour) {
        check(x, y, w, h);
        for (int row = y; row < y + h; row++) {
            for (int column = x; column < x + w; column++) {
                set(column, row, colour);
            }
        }
    }

    /** Draws a picture with each pixel as a square of {@code enlarge} pixels. */
    void draw(Picture picture, int x, int y, int enlarge) {
        check(x, y, picture.width() * enlarge, picture.height() * enlarge);
        byte[] in = picture.pixels();
        for (int row = 0; row < picture.height() * enlarge; row++) {
            for (int column = 0; column < picture.width() * enlarge; column++) {
                int from = 3 * (row / enlarge * picture.width() + column / enlarge);
                System.arraycopy(in, from, rgb, 3 * ((y + row) * width + x + column), 3);
            }
        }
    }

    /** Draws one line of text with its upper left corner at {@code (x, y)}, each dot as a square of {@code scale} pixels. */
    void text(String text, int x, int y, int scale, int colour) {
        check(x, y, Font.width(text) * scale, Font.HEIGHT * scale);
        for (int i = 0; i < text.length(); i++) {
            for (int dy = 0; dy < Font.HEIGHT; dy++) {
                for (int dx = 0; dx < Font.WIDTH; dx++) {
                    if (font.isSet(text.charAt(i), dx, dy)) {
                        fill(x + (i * Font.ADVANCE + dx) * scale, y + dy * scale, scale, scale, colour);
                    }
                }
            }
        }
    }

    Picture toPicture() {
        return Picture.of(width, height, Arrays.copyOf(rgb, rgb.length));
    }

    private void set(int x, int y, int colour) {
        int i = 3 * (y * width + x);
        rgb[i] = (byte) (colour >> 16);
        rgb[i + 1] = (byte) (colour >> 8);
        rgb[i + 2] = (byte) colour;
    }

    private void check(int x, int y, int w, int h) {
        if (x < 0 || y < 0 || x + w > width || y + h > height) {
            throw new IllegalArgumentException("an area of " + w + " x " + h + " pixels at column " + x + ", row " + y
                    + " leaves the canvas of " + width + " x " + height);
        }
    }
}
