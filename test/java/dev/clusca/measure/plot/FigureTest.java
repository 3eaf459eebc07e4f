package dev.clusca.measure.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.clusca.ChildProcess;
import dev.clusca.measure.Results;
import dev.clusca.pipeline.Picture;
import java.awt.Color;
import java.awt.Graphics2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class FigureTest {
    private static final int MARGIN = 32;
    private static final int GAP = 28;

    @TempDir
    Path folder;

    @Test
    void putsChartsIntoRows() throws IOException {
        DrawingCheck.start();
        Figure figure = new Figure(
                "",
                List.of(List.of(filled(Color.RED), filled(Color.GREEN)), List.of(filled(Color.BLUE))),
                50,
                40,
                List.of());
        figure.write(folder.resolve("figure.png"));

        var image = ImageIO.read(folder.resolve("figure.png").toFile());
        assertThat(image.getWidth()).isEqualTo(2 * MARGIN + 2 * 100 + GAP);
        int top = MARGIN + 60;
        assertThat(image.getRGB(MARGIN, top)).isEqualTo(Color.RED.getRGB());
        assertThat(image.getRGB(MARGIN + 99, top + 79)).isEqualTo(Color.RED.getRGB());
        assertThat(image.getRGB(MARGIN + 100, top)).isEqualTo(Color.WHITE.getRGB());
        assertThat(image.getRGB(MARGIN + 100 + GAP, top)).isEqualTo(Color.GREEN.getRGB());
        assertThat(image.getRGB(MARGIN, top + 80 + GAP)).isEqualTo(Color.BLUE.getRGB());
    }

    /** However long a caption is, it stays within the figure. */
    @Test
    void wrapsItsCaption() throws IOException {
        DrawingCheck.start();
        Picture one = new Figure("", List.of(List.of(filled(Color.RED))), 200, 40, List.of("word")).picture();
        Picture many = new Figure(
                        "",
                        List.of(List.of(filled(Color.RED))),
                        200,
                        40,
                        List.of("word ".repeat(40).strip()))
                .picture();

        assertThat(many.width()).isEqualTo(one.width());
        assertThat(many.height()).isGreaterThan(one.height() + 3 * 32);
        for (int y = 0; y < many.height(); y++) {
            assertThat(many.value(many.width() - 1, y, 0)).isEqualTo(255);
        }
    }

    /** A title of words, and one that is a single path. */
    @Test
    void wrapsItsTitle() throws IOException {
        DrawingCheck.start();
        List<List<Figure.Panel>> charts = List.of(List.of(filled(Color.RED)));
        int usual = new Figure("word", charts, 200, 40, List.of()).picture().height();
        for (String title : List.of("word ".repeat(20).strip(), "/path".repeat(20))) {
            Picture picture = new Figure(title, charts, 200, 40, List.of()).picture();

            assertThat(picture.height()).isGreaterThan(usual);
            for (int y = 0; y < picture.height(); y++) {
                assertThat(picture.value(picture.width() - 1, y, 0)).isEqualTo(255);
            }
        }
    }

    @Test
    void needsAChart() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Figure("", List.of(List.of()), 50, 40, List.of()))
                .withMessageContaining("at least one chart");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Figure("", Collections.emptyList(), 50, 40, List.of()));
    }

    /** As in a runtime image that was made without it. */
    @Test
    @Timeout(60)
    void saysWhenJavaHasNoDesktopModule() throws IOException {
        Path result =
                Files.writeString(folder.resolve("x.json"), Results.models(1).json());

        ChildProcess.Result end = ChildProcess.java(
                        ChildProcess.classPath(),
                        Map.of(),
                        "--limit-modules=java.base",
                        "dev.clusca.cli.Main",
                        "bench",
                        "plot",
                        result.toString())
                .await();

        assertThat(end.output())
                .isEqualTo(
                        "clusca bench plot: charts cannot be drawn: this Java has no module java.desktop; take a whole JDK\n");
        assertThat(end.exit()).isEqualTo(1);
        assertThat(folder.resolve("x.png")).doesNotExist();
    }

    private static Figure.Panel filled(Color colour) {
        return (Graphics2D g, int width, int height) -> {
            g.setColor(colour);
            g.fillRect(0, 0, width, height);
        };
    }
}
