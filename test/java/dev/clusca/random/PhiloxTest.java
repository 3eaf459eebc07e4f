package dev.clusca.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhiloxTest {
    /** The known answers of Random123 1.14, {@code kat_vectors}: philox4x32 10; counter, key, words. */
    @ParameterizedTest
    @CsvSource({
        "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
        "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1",
    })
    void givesThePublishedAnswers(String counter, String key, String answer) {
        int[] c = words(counter);
        int[] k = words(key);
        long seed = Integer.toUnsignedLong(k[0]) | (long) k[1] << 32;
        int[] out = new int[4];
        Philox.words(seed, c[0], c[1], c[2], c[3], out);
        assertThat(out).containsExactly(words(answer));
        assertThat(Philox.draw(seed, c[0], c[1], c[2], c[3])).as("word 0 alone").isEqualTo(out[0]);
    }

    @Test
    void purposesAndStepsShareNoCounterWord() {
        assertThat(Purpose.INITIAL_NOISE.word(5)).isEqualTo(5);
        assertThat(Purpose.STEP_NOISE.word(5)).isEqualTo(0x01000005);
        assertThat(Purpose.FIRST_CENTROIDS.word(0xffffff)).isEqualTo(0x02ffffff);
        assertThat(Purpose.REPRESENTATIVE.word(0)).isEqualTo(0x03000000);
    }

    @ParameterizedTest
    @CsvSource({"-1", "16777216"})
    void aStepOutsideItsBitsIsRefused(int step) {
        assertThatThrownBy(() -> Purpose.STEP_NOISE.word(step)).hasMessageContaining("" + step);
    }

    private static int[] words(String hex) {
        return Arrays.stream(hex.split(" "))
                .mapToInt(w -> Integer.parseUnsignedInt(w, 16))
                .toArray();
    }
}
