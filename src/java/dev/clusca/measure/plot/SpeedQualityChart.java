package dev.clusca.measure.plot;

import dev.clusca.measure.ModelResult;
import dev.clusca.measure.ModelTable;
import dev.clusca.measure.ResultException;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;

/**
 * A model benchmark as two charts a batch: PSNR over the speed-up in time, and the speed-up in time over that in operations. One curve a policy, one point an interval; policies that were
 * chosen as a whole are points alone. Charts of all batches have the same axes.
 */
public final class SpeedQualityChart {
    private static final int COLUMNS = 3;
    private static final int WIDTH = 500;
    private static final int HEIGHT = 390;
    private static final String DIAGONAL = "as FLOPs promise";
    /** Where an axis of speed-ups begins: a little before full computation itself. */
    private static final double BEFORE_FULL = 0.8;

    private final ModelResult result;
    private final List<String> methods;

    private SpeedQualityChart(ModelResult result) {
        this.result = result;
        this.methods = runs().map(ModelResult.Run::method).distinct().toList();
    }

    /**
     * The figure of a result.
     *
     * @throws ResultException if nothing was measured
     */
    public static Figure of(ModelResult result) {
        return new SpeedQualityChart(result).figure();
    }

    private Figure figure() {
        if (methods.isEmpty()) {
            throw new ResultException("the result holds no run of a policy, so there is nothing to draw");
        }
        Curves quality = new Curves(
                "speed-up in time",
                "PSNR against full computation, dB",
                ModelResult.Run::speedupTime,
                SpeedQualityChart::psnr,
                SpeedQualityChart::hasPlace);
        Curves time = new Curves(
                "speed-up in FLOPs",
                "speed-up in time",
                ModelResult.Run::speedupFlops,
                ModelResult.Run::speedupTime,
                run -> true);
        boolean compared = runs().anyMatch(SpeedQualityChart::hasPlace);
        List<List<Figure.Panel>> rows = new ArrayList<>();
        if (!compared) {
            rows.addAll(rows(panels(time, true)));
        } else if (result.batches().size() == 1) {
            rows.add(Stream.concat(panels(quality, false).stream(), panels(time, true).stream())
                    .toList());
        } else {
            rows.addAll(rows(panels(quality, false)));
            rows.addAll(rows(panels(time, true)));
        }
        return new Figure(new ModelTable(result).title(), rows, WIDTH, HEIGHT, caption(compared));
    }

    private List<Figure.Panel> panels(Curves curves, boolean diagonal) {
        return result.batches().stream()
                .filter(batch -> batch.runs().stream().anyMatch(curves.drawn()))
                .<Figure.Panel>map(batch -> (g, width, height) -> paint(g, width, height, batch, curves, diagonal))
                .toList();
    }

    /** Four charts are two rows of two, others rows of three. */
    private static List<List<Figure.Panel>> rows(List<Figure.Panel> panels) {
        int columns = panels.size() == 4 ? 2 : COLUMNS;
        List<List<Figure.Panel>> rows = new ArrayList<>();
        for (int from = 0; from < panels.size(); from += columns) {
            rows.add(panels.subList(from, Math.min(from + columns, panels.size())));
        }
        return rows;
    }

    /** What a chart shows of a run. */
    private record Curves(
            String xTitle,
            String yTitle,
            ToDoubleFunction<ModelResult.Run> x,
            ToDoubleFunction<ModelResult.Run> y,
            Predicate<ModelResult.Run> drawn) {}

    private void paint(Graphics2D g, int width, int height, ModelResult.Batch batch, Curves curves, boolean diagonal) {
        String images = batch.images() == 1 ? "1 image at once" : batch.images() + " images at once";
        XYChart chart = Style.chart(images, curves.xTitle(), curves.yTitle());
        Range x = Range.around(runs().filter(curves.drawn()).mapToDouble(curves.x()))
                .including(BEFORE_FULL);
        Range y = Range.around(runs().filter(curves.drawn()).mapToDouble(curves.y()));
        if (diagonal) {
            y = y.including(BEFORE_FULL);
            chart.getStyler().setLegendPosition(LegendPosition.InsideNW);
            double end = Math.min(x.high(), y.high());
            Style.guide(
                    chart.addSeries(DIAGONAL, new double[] {BEFORE_FULL, end}, new double[] {BEFORE_FULL, end}),
                    Style.FAINT_INK);
        }
        if (result.chosen()) {
            // Curves leave a corner free, points alone need not.
            chart.getStyler().setLegendPosition(LegendPosition.OutsideS);
            chart.getStyler().setLegendLayout(LegendLayout.Horizontal);
        }
        Style.range(chart, x, y);
        chart.setCustomXAxisTickLabelsFormatter(SpeedQualityChart::times);
        chart.setCustomYAxisTickLabelsFormatter(diagonal ? SpeedQualityChart::times : Style::plain);
        for (String method : methods) {
            List<ModelResult.Run> points = points(batch, method, curves);
            if (!points.isEmpty()) {
                XYSeries series = Style.series(
                        chart.addSeries(
                                name(method),
                                points.stream().mapToDouble(curves.x()).toArray(),
                                points.stream().mapToDouble(curves.y()).toArray()),
                        methods.indexOf(method));
                if (result.chosen()) {
                    series.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
                }
            }
        }
        chart.paint(g, width, height);
        label(g, chart, x, y, batch, curves);
    }

    /** Writes each point's interval or number beside it. */
    private void label(Graphics2D g, XYChart chart, Range x, Range y, ModelResult.Batch batch, Curves curves) {
        double left = chart.getScreenXFromChart(x.low());
        double top = chart.getScreenYFromChart(y.high());
        PointLabels labels = new PointLabels(new Rectangle2D.Double(
                left, top, chart.getScreenXFromChart(x.high()) - left, chart.getScreenYFromChart(y.low()) - top));
        if (chart.getSeries(DIAGONAL) != null) {
            double end = Math.min(x.high(), y.high());
            labels.avoid(new Line2D.Double(
                    chart.getScreenXFromChart(BEFORE_FULL),
                    chart.getScreenYFromChart(BEFORE_FULL),
                    chart.getScreenXFromChart(end),
                    chart.getScreenYFromChart(end)));
        }
        for (String method : methods) {
            Color colour = Style.colour(methods.indexOf(method));
            Line2D line = null;
            for (ModelResult.Run run : points(batch, method, curves)) {
                double atX = chart.getScreenXFromChart(curves.x().applyAsDouble(run));
                double atY = chart.getScreenYFromChart(curves.y().applyAsDouble(run));
                labels.point(atX, atY, Style.MARKER, batch.mark(run), colour);
                if (line != null && !result.chosen()) {
                    labels.avoid(new Line2D.Double(line.getX2(), line.getY2(), atX, atY));
                }
                line = new Line2D.Double(atX, atY, atX, atY);
            }
        }
        labels.draw(g);
    }

    private static List<ModelResult.Run> points(ModelResult.Batch batch, String method, Curves curves) {
        return batch.runs().stream()
                .filter(run -> run.method().equals(method))
                .filter(curves.drawn())
                .sorted(Comparator.comparingInt(run -> run.interval().orElse(0)))
                .toList();
    }

    private List<String> caption(boolean compared) {
        List<String> caption = new ArrayList<>();
        caption.addAll(result.legend());
        caption.add("Numbers beside points: "
                + (result.chosen() ? "these policies." : "the interval, steps from one full step to the next.")
                + " FLOPs are counted as the papers do."
                + (compared ? " PSNR is the mean over a batch's images." : ""));
        if (!compared) {
            caption.add(
                    result.noQuality() == null
                            ? "There is no chart of quality: every picture is identical to full computation's."
                            : "There is no chart of quality: " + result.noQuality() + ".");
        } else if (!runs().allMatch(SpeedQualityChart::hasPlace)) {
            caption.add(
                    "A run is left out of the quality if one of its pictures is identical to full computation's, which"
                            + " makes its PSNR infinite.");
        }
        int rounds = result.settings().rounds();
        String cpu = result.machine().cpu();
        caption.add(String.format(
                Locale.ROOT,
                "%s. %s.",
                result.device().startsWith(cpu) ? result.device() : result.device() + "; " + cpu,
                rounds == 1
                        ? "Single runs"
                        : String.format(
                                Locale.ROOT,
                                "Each step by the fastest of %d rounds, whose runs of full computation differed by at most %.0f %%",
                                rounds,
                                100
                                        * result.batches().stream()
                                                .mapToDouble(
                                                        batch -> batch.full().spread())
                                                .max()
                                                .orElse(0))));
        return caption;
    }

    private Stream<ModelResult.Run> runs() {
        return result.batches().stream().flatMap(batch -> batch.runs().stream());
    }

    private static double psnr(ModelResult.Run run) {
        return run.quality() == null ? Double.NaN : run.quality().psnrDb();
    }

    private static boolean hasPlace(ModelResult.Run run) {
        return Double.isFinite(psnr(run));
    }

    /** 2 is twice as fast. */
    private static String times(double value) {
        return Style.plain(value) + "x";
    }

    private static String name(String method) {
        return switch (method) {
            case "fora" -> "FORA";
            case "taylorseer" -> "TaylorSeer";
            case "clusca" -> "ClusCa";
            default -> method;
        };
    }
}
