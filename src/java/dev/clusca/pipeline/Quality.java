package dev.clusca.pipeline;

import java.util.List;
import java.util.stream.IntStream;

/**
 * How near a picture is to a reference: PSNR on 8-bit RGB, SSIM on luma.
 *
 * <p>PSNR is {@code 10 log10(255^2 / MSE)} with the mean squared error over all pixels and the three channels; equal pictures give positive infinity.
 *
 * <p>SSIM is that of Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity" (2004): an 11 x 11 Gaussian
 * window of sigma 1.5, C1 = (0.01 * 255)^2, C2 = (0.03 * 255)^2, the mean over all positions where the whole window lies within the picture (no padding), so
 * pictures need 11 x 11 pixels. Luma is {@code 0.299 R + 0.587 G + 0.114 B} (BT.601), not rounded.
 *
 * @param psnrDb PSNR in dB
 * @param ssim -1 to 1, 1 for equal pictures
 */
public record Quality(double psnrDb, double ssim) {
    private static final int WINDOW = 11;
    private static final double SIGMA = 1.5;
    private static final double C1 = 0.01 * 255 * 0.01 * 255;
    private static final double C2 = 0.03 * 255 * 0.03 * 255;
    private static final double[] GAUSSIAN = gaussian();

    /**
     * The quality of a batch of pictures, each against its own reference.
     *
     * @param psnrDb mean of the pictures' PSNRs in dB; infinite as soon as one picture equals its reference
     * @param minPsnrDb PSNR of the worst picture
     * @param ssim mean of the pictures' SSIMs
     */
    public record Batch(double psnrDb, double minPsnrDb, double ssim) {}

    /** Compares one picture with its reference of the same size. */
    public static Quality of(Picture picture, Picture reference) {
        return new Quality(psnr(picture, reference), ssim(picture, reference));
    }

    /** Compares each picture with the reference at the same place in the list. */
    public static Batch ofBatch(List<Picture> pictures, List<Picture> references) {
        if (pictures.isEmpty() || pictures.size() != references.size()) {
            throw new IllegalArgumentException(
                    "comparing a batch needs as many references as pictures and at least one; got " + pictures.size()
                            + " pictures and " + references.size() + " references");
        }
        List<Quality> each = IntStream.range(0, pictures.size())
                .mapToObj(i -> of(pictures.get(i), references.get(i)))
                .toList();
        return new Batch(
                each.stream().mapToDouble(Quality::psnrDb).average().orElseThrow(),
                each.stream().mapToDouble(Quality::psnrDb).min().orElseThrow(),
                each.stream().mapToDouble(Quality::ssim).average().orElseThrow());
    }

    /** Peak signal-to-noise ratio in dB on 8-bit RGB, peak 255; infinite for equal pictures. */
    public static double psnr(Picture a, Picture b) {
        checkSameSize(a, b);
        byte[] p = a.pixels();
        byte[] q = b.pixels();
        long squares = 0;
        for (int i = 0; i < p.length; i++) {
            int d = (p[i] & 0xff) - (q[i] & 0xff);
            squares += (long) d * d;
        }
        return squares == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(255.0 * 255.0 * p.length / squares);
    }

    /** Structural similarity on luma, mean over the windows that lie within the picture. */
    public static double ssim(Picture a, Picture b) {
        checkSameSize(a, b);
        int w = a.width();
        int h = a.height();
        if (w < WINDOW || h < WINDOW) {
            throw new IllegalArgumentException(
                    "SSIM needs pictures of at least 11 x 11 pixels, the size of its window; got a " + a);
        }
        double[] x = luma(a);
        double[] y = luma(b);
        double[] meanX = blur(x, w, h);
        double[] meanY = blur(y, w, h);
        double[] meanXx = blur(product(x, x), w, h);
        double[] meanYy = blur(product(y, y), w, h);
        double[] meanXy = blur(product(x, y), w, h);
        double sum = 0;
        for (int i = 0; i < meanX.length; i++) {
            double mx = meanX[i];
            double my = meanY[i];
            double varianceX = meanXx[i] - mx * mx;
            double varianceY = meanYy[i] - my * my;
            double covariance = meanXy[i] - mx * my;
            sum += (2 * mx * my + C1)
                    * (2 * covariance + C2)
                    / ((mx * mx + my * my + C1) * (varianceX + varianceY + C2));
        }
        return sum / meanX.length;
    }

    private static void checkSameSize(Picture a, Picture b) {
        if (a.width() != b.width() || a.height() != b.height()) {
            throw new IllegalArgumentException(
                    "only pictures of the same size can be compared; got a " + a + " and a " + b);
        }
    }

    private static double[] luma(Picture p) {
        byte[] rgb = p.pixels();
        double[] y = new double[rgb.length / 3];
        for (int i = 0; i < y.length; i++) {
            y[i] = 0.299 * (rgb[3 * i] & 0xff) + 0.587 * (rgb[3 * i + 1] & 0xff) + 0.114 * (rgb[3 * i + 2] & 0xff);
        }
        return y;
    }

    private static double[] product(double[] a, double[] b) {
        double[] out = new double[a.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = a[i] * b[i];
        }
        return out;
    }

    /** The window's weighted mean at each place where it fits: {@code (w - 10) * (h - 10)} values; rows first, then columns. */
    private static double[] blur(double[] in, int w, int h) {
        int outW = w - WINDOW + 1;
        int outH = h - WINDOW + 1;
        double[] rows = new double[outW * h];
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < outW; x++) {
                double sum = 0;
                for (int k = 0; k < WINDOW; k++) {
                    sum += GAUSSIAN[k] * in[y * w + x + k];
                }
                rows[y * outW + x] = sum;
            }
        }
        double[] out = new double[outW * outH];
        for (int y = 0; y < outH; y++) {
            for (int x = 0; x < outW; x++) {
                double sum = 0;
                for (int k = 0; k < WINDOW; k++) {
                    sum += GAUSSIAN[k] * rows[(y + k) * outW + x];
                }
                out[y * outW + x] = sum;
            }
        }
        return out;
    }

    private static double[] gaussian() {
        double[] g = new double[WINDOW];
        double sum = 0;
        for (int k = 0; k < WINDOW; k++) {
            double d = k - WINDOW / 2;
            g[k] = Math.exp(-d * d / (2 * SIGMA * SIGMA));
            sum += g[k];
        }
        for (int k = 0; k < WINDOW; k++) {
            g[k] /= sum;
        }
        return g;
    }
}
