package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class ErrorMapTest {
    @Test
    void coloursTheLargestDifferenceOfTheChannels() {
        Picture reference = Picture.of(3, 1, new byte[] {100, 100, 100, 100, 100, 100, 0, 0, 0});
        Picture picture = Picture.of(3, 1, new byte[] {100, 100, 100, 99, 80, 103, (byte) 255, 0, 0});

        Picture map = ErrorMap.of(picture, reference);

        assertThat(colour(map, 0)).isEqualTo(0x000000);
        assertThat(colour(map, 1)).isEqualTo(ErrorMap.colour(20));
        assertThat(colour(map, 2)).isEqualTo(ErrorMap.colour(255)).isEqualTo(ErrorMap.colour(64));
        assertThat(ErrorMap.of(reference, picture)).isEqualTo(map);
    }

    /** CIE lightness, from the sRGB luminance, must rise at every step: the map reads on a grey printer. */
    @Test
    void everyStepIsLighterThanTheOneBefore() {
        double before = -1;
        for (int d = 0; d <= ErrorMap.FULL_SCALE; d++) {
            int c = ErrorMap.colour(d);
            double y = 0.2126 * linear(c >> 16) + 0.7152 * linear(c >> 8 & 0xff) + 0.0722 * linear(c & 0xff);
            assertThat(y).as("luminance of a difference of %d", d).isGreaterThan(before);
            before = y;
        }
        assertThat(before).isGreaterThan(0.8);
    }

    @Test
    void refusesPicturesOfDifferentSizes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ErrorMap.of(Pictures.solid(4, 4, 0), Pictures.solid(4, 5, 0)))
                .withMessageContaining("4 x 5");
    }

    private static double linear(int channel) {
        return Math.pow(channel / 255.0, 2.2);
    }

    private static int colour(Picture p, int x) {
        return p.value(x, 0, 0) << 16 | p.value(x, 0, 1) << 8 | p.value(x, 0, 2);
    }
}
