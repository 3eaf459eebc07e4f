package dev.clusca.measure.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.clusca.measure.ResultException;
import dev.clusca.measure.Results;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Quality;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SpeedQualityChartTest {
    @BeforeAll
    static void start() throws IOException {
        DrawingCheck.start();
    }

    @Test
    void drawsOneCurveAPolicyAndTwoChartsABatch() {
        Figure one = SpeedQualityChart.of(Results.models(8));
        Figure six = SpeedQualityChart.of(Results.models(1, 2, 4, 8, 16, 32));

        assertThat(sizes(one)).containsExactly(2);
        assertThat(sizes(SpeedQualityChart.of(Results.models(1, 8)))).containsExactly(2, 2);
        assertThat(sizes(SpeedQualityChart.of(Results.models(1, 2, 4, 8)))).containsExactly(2, 2, 2, 2);
        assertThat(sizes(six)).containsExactly(3, 3, 3, 3);
        Picture picture = one.picture();
        assertThat(picture.width()).isEqualTo(2092);
        // A marker of 8 x 8 units has 256 pixels: in each chart two points and the legend.
        assertThat(Ink.of(picture, Style.colour(0))).isBetween(6 * 200, 20_000);
        assertThat(Ink.of(picture, Style.colour(1))).isBetween(6 * 100, 20_000);
        assertThat(Ink.of(picture, Style.colour(2))).isZero();
    }

    /** A single point has a marker in each chart and in each legend, and no line to another policy's. */
    @Test
    void aCurveJoinsThePointsOfItsOwnPolicy() {
        Picture picture = SpeedQualityChart.of(Results.of(
                        null,
                        Results.run("fora", 3, 2, new Quality.Batch(40, 38.5, 0.98)),
                        Results.run("clusca", 3, 1.9, new Quality.Batch(42, 41, 0.99)),
                        Results.run("clusca", 5, 3.5, new Quality.Batch(32, 31, 0.95))))
                .picture();
        assertThat(Ink.of(picture, Style.colour(0))).isBetween(4 * 200, 2000);
        assertThat(Ink.of(picture, Style.colour(1))).isGreaterThan(3000);
    }

    /** Two markers of FORA and one in the legend, with no line from one to the other. */
    @Test
    void chosenPoliciesArePointsAloneAndNumbered() {
        Figure figure = SpeedQualityChart.of(
                Results.of("no pictures", Results.chosen("full=4/9", 2), Results.chosen("interval=5", 6)));

        assertThat(figure.caption())
                .startsWith(
                        "1 is fora:full=4/9",
                        "2 is fora:interval=5",
                        "Numbers beside points: these policies. FLOPs are counted as the papers do.");
        assertThat(Ink.of(figure.picture(), Style.colour(0))).isBetween(3 * 200, 1000);
        assertThat(Ink.of(
                        SpeedQualityChart.of(Results.of(
                                        "no pictures",
                                        Results.run("fora", 3, 2, null),
                                        Results.run("fora", 5, 6, null)))
                                .picture(),
                        Style.colour(0)))
                .isGreaterThan(1500);
    }

    /** The fastest is the best one too, which puts it where curves leave room for the legend. */
    @Test
    void noChosenPolicyLiesBehindTheLegend() {
        Figure figure = SpeedQualityChart.of(Results.of(
                null,
                Results.chosen("clusca", "full=4/9", 6, new Quality.Batch(40, 38.5, 0.98)),
                Results.chosen("fora", "full=4/9", 2, new Quality.Batch(30, 28.5, 0.9))));

        // A marker of 8 x 8 units in each chart and in each legend.
        assertThat(Ink.of(figure.picture(), Style.colour(0))).isGreaterThan(4 * 200);
    }

    @Test
    void withoutQualityItDrawsTimesOnlyAndSaysWhy() {
        Figure figure = SpeedQualityChart.of(Results.of("the model makes latents", Results.run("fora", 3, 2, null)));

        assertThat(sizes(figure)).containsExactly(1);
        assertThat(figure.caption()).contains("There is no chart of quality: the model makes latents.");
        assertThat(Ink.of(figure.picture(), Style.colour(0))).isGreaterThan(2 * 200);
    }

    @Test
    void infiniteQualityHasNoPlaceInAChart() {
        Quality.Batch equal = new Quality.Batch(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 1);
        Figure some = SpeedQualityChart.of(Results.of(
                null, Results.run("fora", 3, 2, equal), Results.run("fora", 5, 3, new Quality.Batch(40, 40, 1))));
        assertThat(sizes(some)).containsExactly(2);
        assertThat(some.caption()).anyMatch(line -> line.startsWith("A run is left out of the quality if"));
        assertThat(some.picture().height()).isPositive();

        Figure none = SpeedQualityChart.of(Results.of(null, Results.run("fora", 3, 2, equal)));
        assertThat(sizes(none)).containsExactly(1);
        assertThat(none.caption())
                .contains("There is no chart of quality: every picture is identical to full computation's.");
    }

    @Test
    void drawsExtremes() {
        Quality.Batch worst = new Quality.Batch(0, 0, -1);
        Quality.Batch best = new Quality.Batch(200, 200, 1);
        assertThat(SpeedQualityChart.of(Results.of(
                                null, Results.run("fora", 3, 1e-4, worst), Results.run("x.y_z", 2_000_000, 9e5, best)))
                        .picture()
                        .width())
                .isEqualTo(2092);
    }

    @Test
    void refusesAResultWithoutRuns() {
        assertThatExceptionOfType(ResultException.class)
                .isThrownBy(() -> SpeedQualityChart.of(Results.of(null)))
                .withMessageContaining("nothing to draw");
    }

    private static List<Integer> sizes(Figure figure) {
        return figure.rows().stream().map(List::size).toList();
    }
}
