package dev.clusca.measure.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.clusca.measure.KernelFile;
import dev.clusca.measure.KernelFile.Peak;
import dev.clusca.measure.KernelFile.Point;
import dev.clusca.measure.ResultException;
import dev.clusca.measure.Results;
import dev.clusca.pipeline.Picture;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RooflineChartTest {
    private static final Map<String, Peak> PEAKS = Map.of("f32", new Peak(2e10, 1e11), "bf16", new Peak(2e10, 9e10));

    @BeforeAll
    static void start() throws IOException {
        DrawingCheck.start();
    }

    @Test
    void drawsThePointsOfEachTypeInItsColour() {
        Picture picture = figure(PEAKS, point("gemm", "f32", 80), point("copy", "f32", 0.5), point("gemm", "bf16", 90))
                .picture();

        assertThat(picture.width()).isEqualTo(2224);
        // Two lines and two or three markers, one of them in the legend.
        assertThat(Ink.of(picture, Style.colour(1))).isBetween(2000, 20_000);
        assertThat(Ink.of(picture, Style.colour(2))).isBetween(2000, 20_000);
        assertThat(Ink.of(picture, Style.colour(3))).isZero();
    }

    /** The case with the most operations, wherever it lies; others are dots of a paler colour. */
    @Test
    void theLargestCaseOfAKernelIsMarked() {
        Point large = new Point("gemm/large", "gemm", "f32", 1e5, 1e9, 5e8, true, "cpu|0|cold", 0, 0);
        Point small = new Point("gemm/small", "gemm", "f32", 10, 1e4, 8e5, true, "cpu|0|cold", 0, 0);
        for (Point[] points : new Point[][] {{large, small}, {small, large}}) {
            Picture picture = figure(Map.of(), points).picture();
            assertThat(Ink.leftOf(picture.width() / 2, picture, Style.colour(1)))
                    .isGreaterThan(100);
        }
        Point other = new Point("gemm/other", "gemm", "f32", 1e5, 1e9, 5e5, true, "cpu|0|cold", 0, 0);
        Picture picture = figure(Map.of(), other, small).picture();
        assertThat(Ink.leftOf(picture.width() / 2, picture, Style.colour(1))).isZero();
    }

    @Test
    void withoutAPeakThereAreOnlyPoints() {
        Picture with = figure(PEAKS, point("gemm", "f32", 80)).picture();
        Picture without = figure(Map.of(), point("gemm", "f32", 80)).picture();

        assertThat(Ink.of(without, Style.colour(1))).isBetween(150, Ink.of(with, Style.colour(1)) / 2);
    }

    /** Names of many kernels are a list beside the chart, which then ends earlier. */
    @Test
    void manyKernelsAreNumbered() {
        List<Point> few = new ArrayList<>();
        List<Point> many = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Point point = point("a kernel with a long name " + i, "f32", 0.1 * Math.pow(1.2, i));
            many.add(point);
            if (i < 12) {
                few.add(point);
            }
        }

        assertThat(rightFrame(figure(PEAKS, few.toArray(Point[]::new)).picture()))
                .isGreaterThan(2150);
        assertThat(rightFrame(figure(PEAKS, many.toArray(Point[]::new)).picture()))
                .isLessThan(1800);
    }

    /** The last column that is dark over most of the chart's height: the frame at its right. */
    private static int rightFrame(Picture picture) {
        for (int x = picture.width() - 1; x >= 0; x--) {
            int dark = 0;
            for (int y = 0; y < picture.height(); y++) {
                dark += picture.value(x, y, 0) < 150 ? 1 : 0;
            }
            if (dark > picture.height() / 2) {
                return x;
            }
        }
        return -1;
    }

    @Test
    void tellsWhatItLeavesOut() {
        Figure figure = figure(
                PEAKS,
                point("gemm", "f32", 80),
                new Point("a", "a", "f32", 1, 10, 0, true, "cpu|0|cold", 0, 0),
                new Point("b", "b", "f32", 1, 10, 10, false, "cpu|0|cold", 0, 0),
                new Point("c", "c", "f32", 1, 10, 10, false, "cpu|0|cold", 0, 0));

        assertThat(figure.caption())
                .contains(
                        "Left out: 2 cases whose results failed their check, 1 case without operations or without bytes.");
        assertThatExceptionOfType(ResultException.class)
                .isThrownBy(() -> figure(PEAKS, new Point("a", "a", "f32", 1, 10, 0, true, "cpu|0|cold", 0, 0)))
                .withMessageContaining("of 1 cases none can be drawn");
    }

    @Test
    void drawsExtremes() {
        assertThat(figure(
                                Map.of("f32", new Peak(1e-3, 1e18)),
                                new Point("a", "a", "f32", 1e-9, 1e-9, 1e2, true, "cpu|0|cold", 0, 0),
                                new Point("b", "b\n\u0000", "i32", 1e12, 1e15, 1e-12, true, "cpu|0|cold", 0, 0),
                                new Point("b", "", "i32", 1e12, 1e15, 1e-12, true, "cpu|0|cold", 0, 0))
                        .picture()
                        .width())
                .isEqualTo(2224);
    }

    private static Figure figure(Map<String, Peak> peaks, Point... points) {
        return RooflineChart.of(new KernelFile("a device", Results.MACHINE, peaks, List.of(points)));
    }

    /** A case at half of what a machine of 20 GB/s and 100 GFLOP/s gives. */
    private static Point point(String kernel, String dtype, double intensity) {
        double bytes = 1e6;
        double rate = Math.min(2e10 * intensity, 1e11) / 2;
        return new Point(
                kernel + "/" + dtype,
                kernel,
                dtype,
                intensity * bytes / rate * 1e6,
                bytes,
                intensity * bytes,
                true,
                "cpu|0|cold",
                0,
                0);
    }
}
