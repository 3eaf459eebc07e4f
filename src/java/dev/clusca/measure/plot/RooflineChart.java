package dev.clusca.measure.plot;

import dev.clusca.measure.KernelFile;
import dev.clusca.measure.ResultException;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Kernels under the machine's roof (Williams, Waterman and Patterson, "Roofline", 2009): operations a second over operations a byte, both logarithmic. What lies below the slope is
 * bound by memory, what lies below the flat part by arithmetic, and the distance to the roof is what a kernel leaves unused. One colour a dtype; of each kernel, the largest case
 * is marked and named, the others are dots.
 */
public final class RooflineChart {
    private static final int WIDTH = 1080;
    private static final int HEIGHT = 620;
    /** More names than these do not fit beside their points: numbers stand for them, and the names are a list beside the chart. */
    private static final int MOST_NAMES = 12;

    private static final int LIST_WIDTH = 210;
    private static final int LIST_LINE = 17;
    private static final int LONGEST_NAME = 26;
    private static final double FEW_DECADES = 4;
    private static final double GIGA = 1e-9;

    private final KernelFile result;
    private final List<KernelFile.Point> points;
    private final List<String> dtypes;
    private final List<String> kernels;
    /** The case with the most operations of each kernel and dtype. */
    private final Map<Named, KernelFile.Point> largest = new HashMap<>();

    private record Named(String kernel, String dtype) {}

    private RooflineChart(KernelFile result) {
        this.result = result;
        this.points =
                result.points().stream().filter(KernelFile.Point::isDrawable).toList();
        points.forEach(point -> largest.merge(
                new Named(point.kernel(), point.dtype()), point, (a, b) -> a.flops() >= b.flops() ? a : b));
        this.dtypes = points.stream()
                .map(KernelFile.Point::dtype)
                .distinct()
                .sorted(Comparator.comparing((String dtype) -> !dtype.equals("f32")))
                .toList();
        this.kernels = points.stream()
                .map(KernelFile.Point::kernel)
                .distinct()
                .sorted(Comparator.comparingDouble(this::intensity))
                .toList();
    }

    /**
     * The figure of a result.
     *
     * @throws ResultException if no case has a place in it
     */
    public static Figure of(KernelFile result) {
        return new RooflineChart(result).figure();
    }

    private Figure figure() {
        if (points.isEmpty()) {
            throw new ResultException("of " + result.points().size()
                    + " cases none can be drawn: a roofline needs right results, and operations and bytes above 0");
        }
        return new Figure(
                "Roofline of kernels: " + result.device(), List.of(List.of(this::paint)), WIDTH, HEIGHT, caption());
    }

    private void paint(Graphics2D g, int width, int height) {
        XYChart chart = Style.chart("", "FLOPs a byte", "GFLOP/s");
        chart.getStyler().setChartTitleVisible(false);
        chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true);
        chart.getStyler().setXAxisLogarithmicDecadeOnly(false).setYAxisLogarithmicDecadeOnly(false);
        chart.getStyler().setLegendPosition(LegendPosition.InsideSE);
        Range x = Range.logarithmic(DoubleStream.concat(
                points.stream().mapToDouble(KernelFile.Point::intensity),
                roofs().values().stream().mapToDouble(peak -> peak.flopsPerSecond() / peak.bytesPerSecond())));
        Range y = Range.logarithmic(DoubleStream.concat(
                points.stream().mapToDouble(point -> point.rate() * GIGA),
                roofs().values().stream().mapToDouble(peak -> peak.flopsPerSecond() * GIGA)));
        Style.range(chart, x, y);
        chart.setCustomXAxisTickLabelsFormatter(ticks(x));
        chart.setCustomYAxisTickLabelsFormatter(ticks(y));
        roofs().forEach((dtype, peak) -> roof(chart, dtype, peak, x, y));
        for (String dtype : dtypes) {
            series(chart, dtype);
        }
        boolean listed = kernels.size() * dtypes.size() > MOST_NAMES;
        chart.paint(g, listed ? width - LIST_WIDTH : width, height);
        label(g, chart, x, y, listed);
        if (listed) {
            list(g, width - LIST_WIDTH + 8);
        }
    }

    /** The machine's limits for the dtypes that were measured. */
    private Map<String, KernelFile.Peak> roofs() {
        Map<String, KernelFile.Peak> roofs = new TreeMap<>(Comparator.comparingInt(dtypes::indexOf));
        result.peaks().forEach((dtype, peak) -> {
            if (dtypes.contains(dtype)) {
                roofs.put(dtype, peak);
            }
        });
        return roofs;
    }

    private void roof(XYChart chart, String dtype, KernelFile.Peak peak, Range x, Range y) {
        double bandwidth = peak.bytesPerSecond() * GIGA;
        double flat = peak.flopsPerSecond() * GIGA;
        // From where the slope enters the chart, at its left or at its bottom.
        double from = Math.max(x.low(), y.low() / bandwidth);
        double ridge = flat / bandwidth;
        XYSeries roof = chart.addSeries(
                String.format(
                        Locale.ROOT, "roof %s: %s GB/s, %s GFLOP/s", dtype, Style.plain(bandwidth), Style.plain(flat)),
                new double[] {from, ridge, x.high()},
                new double[] {from * bandwidth, flat, flat});
        roof.setLineColor(colour(dtype));
        // Slopes often lie on one another: the first shows between the dashes of the others.
        roof.setLineStyle(
                dtypes.indexOf(dtype) == 0
                        ? new BasicStroke(1.6f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND)
                        : Style.dashed(1.6f));
        roof.setMarker(SeriesMarkers.NONE);
    }

    /** The largest case of each kernel as markers, the others as dots. */
    private void series(XYChart chart, String dtype) {
        List<KernelFile.Point> large = new ArrayList<>();
        List<KernelFile.Point> others = new ArrayList<>();
        for (KernelFile.Point point : points) {
            if (point.dtype().equals(dtype)) {
                (isLargest(point) ? large : others).add(point);
            }
        }
        if (!others.isEmpty()) {
            XYSeries dots = add(chart, dtype + ", smaller cases", others);
            dots.setMarker(new Dot());
            Color colour = colour(dtype);
            dots.setMarkerColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), 110));
            dots.setShowInLegend(false);
        }
        Style.series(add(chart, dtype, large), dtypes.indexOf(dtype) + 1);
    }

    private static XYSeries add(XYChart chart, String name, List<KernelFile.Point> points) {
        XYSeries series = chart.addSeries(
                name,
                points.stream().mapToDouble(KernelFile.Point::intensity).toArray(),
                points.stream().mapToDouble(point -> point.rate() * GIGA).toArray());
        return series.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
    }

    private void label(Graphics2D g, XYChart chart, Range x, Range y, boolean listed) {
        double left = chart.getScreenXFromChart(x.low());
        double top = chart.getScreenYFromChart(y.high());
        double right = chart.getScreenXFromChart(x.high());
        double bottom = chart.getScreenYFromChart(y.low());
        PointLabels labels = new PointLabels(new Rectangle2D.Double(left, top, right - left, bottom - top));
        double legend = (dtypes.size() + roofs().size()) * 22 + 14;
        labels.keepFree(new Rectangle2D.Double(right - 262, bottom - legend, 262, legend));
        roofs().values().forEach(peak -> {
            double ridge = peak.flopsPerSecond() / peak.bytesPerSecond();
            double ridgeX = chart.getScreenXFromChart(ridge);
            double flat = chart.getScreenYFromChart(peak.flopsPerSecond() * GIGA);
            labels.avoid(new Line2D.Double(ridgeX, flat, right, flat));
            double low = Math.max(x.low(), y.low() / (peak.bytesPerSecond() * GIGA));
            labels.avoid(new Line2D.Double(
                    chart.getScreenXFromChart(low),
                    chart.getScreenYFromChart(low * peak.bytesPerSecond() * GIGA),
                    ridgeX,
                    flat));
        });
        for (KernelFile.Point point : points) {
            boolean named = isLargest(point);
            String text = listed
                    ? Integer.toString(kernels.indexOf(point.kernel()) + 1)
                    : Style.shortened(point.kernel(), LONGEST_NAME);
            labels.point(
                    chart.getScreenXFromChart(point.intensity()),
                    chart.getScreenYFromChart(point.rate() * GIGA),
                    named ? Style.MARKER : Dot.SIZE,
                    named ? text : null,
                    colour(point.dtype()));
        }
        labels.draw(g);
    }

    /** What the numbers stand for. */
    private void list(Graphics2D g, int left) {
        g.setFont(Style.BASE.deriveFont(11f));
        int right = left + g.getFontMetrics().stringWidth("00");
        for (int i = 0; i < kernels.size(); i++) {
            int y = (i + 1) * LIST_LINE + 2;
            if (y + LIST_LINE > HEIGHT && i < kernels.size() - 1) {
                g.setColor(Style.FAINT_INK);
                g.drawString("… and " + (kernels.size() - i) + " more", right + 8, y);
                return;
            }
            String number = Integer.toString(i + 1);
            g.setColor(Style.FAINT_INK);
            g.drawString(number, right - g.getFontMetrics().stringWidth(number), y);
            g.setColor(Style.INK);
            g.drawString(Style.shortened(kernels.get(i), LONGEST_NAME), right + 8, y);
        }
    }

    private boolean isLargest(KernelFile.Point point) {
        return point.equals(largest.get(new Named(point.kernel(), point.dtype())));
    }

    /** Where a kernel lies from left to right: its largest case of the first dtype that it has. */
    private double intensity(String kernel) {
        return dtypes.stream()
                .map(dtype -> largest.get(new Named(kernel, dtype)))
                .filter(Objects::nonNull)
                .findFirst()
                .map(KernelFile.Point::intensity)
                .orElseThrow();
    }

    private Color colour(String dtype) {
        return Style.colour(dtypes.indexOf(dtype) + 1);
    }

    private List<String> caption() {
        List<String> caption = new ArrayList<>();
        caption.add(
                "Marked and named: the case with the most operations of each kernel; dots: its other cases. Roofs are"
                        + " measured: what memory and multiply-adds reach at most.");
        long wrong = result.points().stream().filter(point -> !point.valid()).count();
        long without = result.points().size() - points.size() - wrong;
        if (wrong + without > 0) {
            caption.add(String.format(
                    Locale.ROOT,
                    "Left out: %s whose results failed their check, %s without operations or without bytes.",
                    cases(wrong),
                    cases(without)));
        }
        caption.add(result.machine().cpu() + ", " + result.machine().os());
        return caption;
    }

    private static String cases(long number) {
        return number == 1 ? "1 case" : number + " cases";
    }

    /** Ticks are named at 1, 10, 100.. and on an axis of few decades at 2 and 5 between them too. */
    private static Function<Double, String> ticks(Range range) {
        boolean few = Math.log10(range.high() / range.low()) < FEW_DECADES;
        return value -> {
            String text = Style.plain(value);
            String digits = text.replaceAll("[.0]", "");
            return digits.equals("1") || (few && (digits.equals("2") || digits.equals("5"))) ? text : "";
        };
    }

    /** A small filled circle, whatever size the chart's markers have. */
    private static final class Dot extends Marker {
        static final double SIZE = 4;

        @Override
        public void paint(Graphics2D g, double x, double y, int markerSize) {
            g.fill(new Ellipse2D.Double(x - SIZE / 2, y - SIZE / 2, SIZE, SIZE));
        }
    }
}
