package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MontageTest {
    private static final int WHITE = 0xffffff;

    @Test
    void aGridOfOneIsThePictureItself() {
        Picture picture = Pictures.solid(64, 64, 0x336699);

        assertThat(Montage.grid(List.of(picture))).isSameAs(picture);
    }

    @Test
    void aGridKeepsReadingOrderAndGaps() {
        Picture grid = Montage.grid(List.of(
                Pictures.solid(8, 6, 0xff0000), Pictures.solid(8, 6, 0x00ff00), Pictures.solid(8, 6, 0x0000ff)));

        assertThat(grid.width()).isEqualTo(2 * 8 + 4);
        assertThat(grid.height()).isEqualTo(2 * 6 + 4);
        assertThat(colour(grid, 0, 0)).isEqualTo(0xff0000);
        assertThat(colour(grid, 9, 3)).isEqualTo(WHITE);
        assertThat(colour(grid, 12, 5)).isEqualTo(0x00ff00);
        assertThat(colour(grid, 7, 15)).isEqualTo(0x0000ff);
        assertThat(colour(grid, 19, 15)).isEqualTo(WHITE);
    }

    /** Whatever the number and size of the pictures: nothing leaves the canvas, margins stay white, every picture is there enlarged. */
    @ParameterizedTest
    @CsvSource({"1, 64", "2, 64", "10, 64", "7, 16", "20, 64", "1, 512"})
    void drawsEveryPanelWithinItsMargins(int count, int size) {
        Picture picture = Pictures.solid(size, size, 0x336699);
        List<Picture> pictures = Collections.nCopies(count, picture);
        Montage montage = new Montage(
                "a title that is a little longer than the panels of small pictures are wide, to see what it does",
                List.of(
                        new Montage.Panel(List.of("Full", "1.0 s"), pictures, false),
                        Montage.Panel.errors(List.of("gjpqy", "2", "3", "4"), pictures, pictures)));

        Picture drawn = montage.render();

        int blue = 0;
        int black = 0;
        for (int y = 0; y < drawn.height(); y++) {
            for (int x = 0; x < drawn.width(); x++) {
                int c = colour(drawn, x, y);
                blue += c == 0x336699 ? 1 : 0;
                black += c == 0 ? 1 : 0;
                if (x < 24 || y < 24 || x >= drawn.width() - 24 || y >= drawn.height() - 24) {
                    assertThat(c).as("pixel %d, %d", x, y).isEqualTo(WHITE);
                }
            }
        }
        int pixels = count * size * size;
        assertThat(blue % pixels).isZero();
        int enlarge = (int) Math.sqrt(blue / pixels);
        assertThat(enlarge).isGreaterThanOrEqualTo(1);
        assertThat(blue).isEqualTo(pixels * enlarge * enlarge);
        assertThat(black).as("the error map and the dark end of its legend").isGreaterThan(blue);
    }

    @Test
    void refusesPanelsThatDoNotMatch() {
        Montage.Panel one = new Montage.Panel(List.of(), List.of(Pictures.solid(4, 4, 0)), false);
        Montage.Panel two = new Montage.Panel(List.of(), Collections.nCopies(2, Pictures.solid(4, 4, 0)), false);
        Montage.Panel wide = new Montage.Panel(List.of(), List.of(Pictures.solid(5, 4, 0)), false);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Montage("", List.of(one, two)))
                .withMessageContaining("1 and 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Montage("", List.of(one, wide)))
                .withMessageContaining("5 x 4");
        assertThatIllegalArgumentException().isThrownBy(() -> new Montage("", List.of()));
        assertThatIllegalArgumentException().isThrownBy(() -> new Montage.Panel(List.of(), List.of(), false));
        assertThatIllegalArgumentException().isThrownBy(() -> Montage.grid(List.of()));
    }

    private static int colour(Picture p, int x, int y) {
        return p.value(x, y, 0) << 16 | p.value(x, y, 1) << 8 | p.value(x, y, 2);
    }
}
