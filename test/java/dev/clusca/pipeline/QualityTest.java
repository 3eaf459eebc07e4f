package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class QualityTest {
    private static final double C1 = 6.5025;
    private static final double C2 = 58.5225;

    @Test
    void psnrOfKnownErrors() {
        Picture grey = Pictures.solid(16, 12, 0x808080);

        // Off by one everywhere: 20 log10(255).
        assertThat(Quality.psnr(Pictures.solid(16, 12, 0x818181), grey)).isCloseTo(48.1308036087, within(1e-9));
        // Off by three in one channel of three: MSE 3.
        assertThat(Quality.psnr(Pictures.solid(16, 12, 0x808380), grey)).isCloseTo(43.3595910615, within(1e-9));
        // Black against white: 0 dB.
        assertThat(Quality.psnr(Pictures.solid(4, 4, 0), Pictures.solid(4, 4, 0xffffff)))
                .isZero();
        assertThat(Quality.psnr(grey, grey)).isEqualTo(Double.POSITIVE_INFINITY);
    }

    /** Without variance only the luminance term is left: (2ab + C1) / (a^2 + b^2 + C1). */
    @Test
    void ssimOfFlatPictures() {
        double ssim = Quality.ssim(Pictures.solid(11, 11, 0x646464), Pictures.solid(11, 11, 0x787878));

        assertThat(ssim).isCloseTo((2 * 100 * 120 + C1) / (100 * 100 + 120 * 120 + C1), within(1e-9));
    }

    /** Two vertical stripes, negated: every window's covariance is minus its variance; the means differ. */
    @Test
    void ssimOfANegativeIsNegative() {
        byte[] rgb = new byte[3 * 20 * 20];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i / 3 % 2 == 0 ? 28 : 228);
        }
        byte[] negative = rgb.clone();
        for (int i = 0; i < negative.length; i++) {
            negative[i] = (byte) (255 - (negative[i] & 0xff));
        }

        double ssim = Quality.ssim(Picture.of(20, 20, negative), Picture.of(20, 20, rgb));

        // Amplitude 100 around 128 and 127; the 11 weights alternate to almost 0, so mean and variance are those of the
        // stripes.
        double mean = (2 * 128 * 127.0 + C1) / (128 * 128 + 127 * 127 + C1);
        assertThat(ssim).isCloseTo(mean * (-2 * 10000 + C2) / (2 * 10000 + C2), within(1e-3));
    }

    @Test
    void lumaWeighsTheChannels() {
        double red = Quality.ssim(Pictures.solid(11, 11, 0xff0000), Pictures.solid(11, 11, 0x4c4c4c));

        double a = 0.299 * 255;
        assertThat(red).isCloseTo((2 * a * 76 + C1) / (a * a + 76 * 76 + C1), within(1e-9));
    }

    @Test
    void equalPicturesHaveSsimOne() {
        Picture noise = Pictures.noise(33, 17, new Random(1));

        assertThat(Quality.ssim(noise, noise)).isEqualTo(1.0);
    }

    /** Against the two-dimensional sum with variances as means of squared deviations, straight from the paper's equations (14) to (16). */
    @Test
    void ssimEqualsTheDefinition() {
        long seed = Long.getLong("clusca.seed", 5);
        Random random = new Random(seed);
        for (int[] size : new int[][] {{11, 11}, {12, 31}, {32, 13}}) {
            Picture a = Pictures.noise(size[0], size[1], random);
            for (int amount : new int[] {1, 20, 255}) {
                Picture b = Pictures.disturbed(a, amount, random);

                assertThat(Quality.ssim(b, a))
                        .as("%s disturbed by %d, seed %d", a, amount, seed)
                        .isCloseTo(definition(b, a), within(1e-10));
            }
        }
    }

    @Test
    void aBatchHasTheMeansAndTheWorst() {
        Picture grey = Pictures.solid(16, 16, 0x808080);
        Picture one = Pictures.solid(16, 16, 0x818181);
        Picture two = Pictures.solid(16, 16, 0x828282);

        Quality.Batch batch = Quality.ofBatch(List.of(one, two), List.of(grey, grey));

        assertThat(batch.psnrDb()).isCloseTo((48.1308036087 + 42.1102036954) / 2, within(1e-9));
        assertThat(batch.minPsnrDb()).isCloseTo(42.1102036954, within(1e-9));
        assertThat(batch.ssim()).isCloseTo((Quality.ssim(one, grey) + Quality.ssim(two, grey)) / 2, within(1e-12));
        assertThat(Quality.ofBatch(List.of(one, grey), List.of(grey, grey)).psnrDb())
                .isInfinite();
    }

    @Test
    void refusesWhatCannotBeCompared() {
        Picture a = Pictures.solid(11, 11, 0);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> Quality.of(a, Pictures.solid(11, 12, 0)))
                .withMessageContaining("11 x 11")
                .withMessageContaining("11 x 12");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Quality.ssim(Pictures.solid(64, 10, 0), Pictures.solid(64, 10, 0)))
                .withMessageContaining("at least 11 x 11");
        assertThatIllegalArgumentException().isThrownBy(() -> Quality.ofBatch(List.of(a), List.of(a, a)));
        assertThatIllegalArgumentException().isThrownBy(() -> Quality.ofBatch(List.of(), List.of()));
    }

    private static double definition(Picture a, Picture b) {
        double[][] weights = new double[11][11];
        double total = 0;
        for (int i = 0; i < 11; i++) {
            for (int j = 0; j < 11; j++) {
                weights[i][j] = Math.exp(-((i - 5) * (i - 5) + (j - 5) * (j - 5)) / (2 * 1.5 * 1.5));
                total += weights[i][j];
            }
        }
        double sum = 0;
        int windows = 0;
        for (int y = 0; y + 11 <= a.height(); y++) {
            for (int x = 0; x + 11 <= a.width(); x++) {
                double meanA = 0;
                double meanB = 0;
                for (int i = 0; i < 11; i++) {
                    for (int j = 0; j < 11; j++) {
                        meanA += weights[i][j] / total * luma(a, x + j, y + i);
                        meanB += weights[i][j] / total * luma(b, x + j, y + i);
                    }
                }
                double varianceA = 0;
                double varianceB = 0;
                double covariance = 0;
                for (int i = 0; i < 11; i++) {
                    for (int j = 0; j < 11; j++) {
                        double da = luma(a, x + j, y + i) - meanA;
                        double db = luma(b, x + j, y + i) - meanB;
                        varianceA += weights[i][j] / total * da * da;
                        varianceB += weights[i][j] / total * db * db;
                        covariance += weights[i][j] / total * da * db;
                    }
                }
                double luminance = (2 * meanA * meanB + C1) / (meanA * meanA + meanB * meanB + C1);
                sum += luminance * (2 * covariance + C2) / (varianceA + varianceB + C2);
                windows++;
            }
        }
        return sum / windows;
    }

    private static double luma(Picture p, int x, int y) {
        return 0.299 * p.value(x, y, 0) + 0.587 * p.value(x, y, 1) + 0.114 * p.value(x, y, 2);
    }
}
