package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class PictureTest {
    /** Planes of red, green, blue become triples; the offset skips a picture before. */
    @Test
    void takesOnePictureOfABatchFromPlanes() {
        float[] values = {9, 9, 9, 9, 9, 9, -1, 1, 0, -0.5f, 0.5f, 0.004f};

        Picture picture = Picture.ofModelOutput(values, 6, 2, 1);

        // round((v + 1) * 127.5): 0 -> 127.5 rounds up, -0.5 -> 63.75, 0.5 -> 191.25, 0.004 -> 128.01
        assertThat(picture.rgb()).containsExactly(0, (byte) 128, (byte) 191, (byte) 255, 64, (byte) 128);
        assertThat(picture.value(1, 0, 0)).isEqualTo(255);
    }

    @Test
    void clampsWhatLiesBeyondTheRange() {
        Picture picture = Picture.ofModelOutput(new float[] {-1.7f, 2f, Float.POSITIVE_INFINITY}, 0, 1, 1);

        assertThat(picture.rgb()).containsExactly(0, (byte) 255, (byte) 255);
    }

    @Test
    void refusesNaNAndSaysWhere() {
        float[] values = new float[3 * 4 * 2];
        values[8 + 6] = Float.NaN;

        assertThatIllegalArgumentException()
                .isThrownBy(() -> Picture.ofModelOutput(values, 0, 4, 2))
                .withMessageContaining("NaN in channel 1 at column 2, row 1");
    }

    @Test
    void refusesTooFewValues() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Picture.ofModelOutput(new float[12], 6, 2, 2))
                .withMessageContaining("2 x 2 pixels needs 12 values")
                .withMessageContaining("got 6");
        assertThatIllegalArgumentException().isThrownBy(() -> Picture.of(0, 4, new byte[0]));
    }

    @Test
    void neitherKeepsNorGivesAwayItsBytes() {
        byte[] rgb = {1, 2, 3};
        Picture picture = Picture.of(1, 1, rgb);
        rgb[0] = 9;
        picture.rgb()[1] = 9;

        assertThat(picture).isEqualTo(Picture.of(1, 1, new byte[] {1, 2, 3}));
    }
}
