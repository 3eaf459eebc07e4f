package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FontTest {
    private final Font font = new Font();

    @Test
    void drawsEveryPrintableCharacterDifferently() {
        Map<String, Character> seen = new HashMap<>();
        for (char c = ' '; c <= '~'; c++) {
            assertThat(seen.put(glyph(c), c)).as("looks like '%c'", c).isNull();
        }
    }

    @Test
    void drawsTheCharacterThatItIsAskedFor() {
        assertThat(glyph('T')).isEqualTo("""
                        #####
                        ..#..
                        ..#..
                        ..#..
                        ..#..
                        ..#..
                        ..#..
                        .....
                        .....
                        """);
        assertThat(glyph('p')).isEqualTo("""
                        .....
                        .....
                        ####.
                        #...#
                        #...#
                        #...#
                        ####.
                        #....
                        #....
                        """);
    }

    @Test
    void drawsAQuestionMarkForWhatItLacks() {
        assertThat(glyph('\u00e9')).isEqualTo(glyph('?'));
        assertThat(glyph('\n')).isEqualTo(glyph('?'));
    }

    @Test
    void widthCountsGapsBetweenCharacters() {
        assertThat(IntStream.of(Font.width(""), Font.width("a"), Font.width("abc")))
                .containsExactly(0, 5, 17);
    }

    private String glyph(char c) {
        StringBuilder dots = new StringBuilder();
        for (int y = 0; y < Font.HEIGHT; y++) {
            for (int x = 0; x < Font.WIDTH; x++) {
                dots.append(font.isSet(c, x, y) ? '#' : '.');
            }
            dots.append('\n');
        }
        return dots.toString();
    }
}
