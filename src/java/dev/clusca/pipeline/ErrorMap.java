package dev.clusca.pipeline;

import java.util.Arrays;

/**
 * Shows where a picture differs from its reference: the largest difference of the three channels at each pixel, as a colour from black (equal) through violet
 * and orange to pale yellow (a difference of {@link #FULL_SCALE} or more).
 *
 * <p>The colours are laid out in OKLab (B. Ottosson, 2020) with lightness linear in the difference, so that equal steps look equal and the map reads without
 * colour too.
 */
public final class ErrorMap {
    /** The difference, of 255, at which the scale ends. */
    public static final int FULL_SCALE = 64;

    private static final int[] RAMP = ramp();

    private ErrorMap() {}

    /** The map of {@code |picture - reference|}; both of the same size. */
    public static Picture of(Picture picture, Picture reference) {
        if (picture.width() != reference.width() || picture.height() != reference.height()) {
            throw new IllegalArgumentException(
                    "only pictures of the same size have an error map; got a " + picture + " and a " + reference);
        }
        byte[] out = new byte[picture.pixels().length];
        for (int i = 0; i < out.length; i += 3) {
            int largest = 0;
            for (int c = 0; c < 3; c++) {
                int d = (picture.pixels()[i + c] & 0xff) - (reference.pixels()[i + c] & 0xff);
                largest = Math.max(largest, Math.abs(d));
            }
            int colour = colour(largest);
            out[i] = (byte) (colour >> 16);
            out[i + 1] = (byte) (colour >> 8);
            out[i + 2] = (byte) colour;
        }
        return Picture.of(picture.width(), picture.height(), out);
    }

    /** The colour {@code 0xrrggbb} of a difference of 0 to 255. */
    static int colour(int difference) {
        return RAMP[Math.min(difference, FULL_SCALE)];
    }

    private static int[] ramp() {
        int[] colours = new int[FULL_SCALE + 1];
        for (int i = 1; i <= FULL_SCALE; i++) {
            double t = (double) i / FULL_SCALE;
            double lightness = 0.12 + 0.85 * t; // 0.12 sets the smallest difference apart from black
            double hue = Math.toRadians(290 + 175 * t); // from blue-violet over red to yellow
            double chroma = 0.17 * Math.sin(Math.PI * t) + 0.06 * t;
            double[] rgb = linearRgb(lightness, chroma, hue);
            while (!isInGamut(rgb)) {
                chroma *= 0.98; // towards grey of the same lightness; clamping would bend the scale
                rgb = linearRgb(lightness, chroma, hue);
            }
            colours[i] = encode(rgb[0]) << 16 | encode(rgb[1]) << 8 | encode(rgb[2]);
        }
        return colours;
    }

    /** OKLab in polar form to linear sRGB. */
    private static double[] linearRgb(double lightness, double chroma, double hue) {
        double a = chroma * Math.cos(hue);
        double b = chroma * Math.sin(hue);
        double l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b);
        double m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b);
        double s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b);
        return new double[] {
            4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
            -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
            -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s
        };
    }

    private static boolean isInGamut(double[] rgb) {
        return Arrays.stream(rgb).allMatch(v -> v > -1e-4 && v < 1 + 1e-4);
    }

    private static double cube(double v) {
        return v * v * v;
    }

    private static int encode(double linear) {
        double v = Math.clamp(linear, 0.0, 1.0);
        double gamma = v <= 0.0031308 ? 12.92 * v : 1.055 * Math.pow(v, 1 / 2.4) - 0.055;
        return (int) Math.round(255 * gamma);
    }
}
