package dev.clusca.pipeline;

import java.util.random.RandomGenerator;

/** Pictures for tests. */
final class Pictures {
    private Pictures() {}

    /** One colour {@code 0xrrggbb} everywhere. */
    static Picture solid(int width, int height, int colour) {
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (colour >> 16 - 8 * (i % 3));
        }
        return Picture.of(width, height, rgb);
    }

    static Picture noise(int width, int height, RandomGenerator random) {
        byte[] rgb = new byte[3 * width * height];
        random.nextBytes(rgb);
        return Picture.of(width, height, rgb);
    }

    /** Each value moved by at most {@code amount}. */
    static Picture disturbed(Picture picture, int amount, RandomGenerator random) {
        byte[] rgb = picture.rgb();
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) Math.clamp((rgb[i] & 0xff) + random.nextInt(-amount, amount + 1), 0, 255);
        }
        return Picture.of(picture.width(), picture.height(), rgb);
    }
}
