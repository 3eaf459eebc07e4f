package dev.clusca.measure.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.AxesChartStyler.TextAlignment;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** How all charts look: dark text on white, a faint grid, and series that differ in colour and marker, so that a print without colours can be read. */
final class Style {
    static final Color INK = new Color(0x1b1f24);
    static final Color FAINT_INK = new Color(0x59636e);
    static final Color GRID = new Color(0xe6e9ed);
    static final Font BASE = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
    static final Font TITLE = BASE.deriveFont(Font.BOLD, 16f);
    static final Font CAPTION = BASE.deriveFont(11f);
    static final Font LABEL = BASE.deriveFont(10.5f);
    static final int MARKER = 8;

    /** Of Okabe and Ito, "Color Universal Design" (2008): told apart by people with any colour vision. */
    private static final List<Color> COLOURS = List.of(
            new Color(0xd55e00),
            new Color(0x0072b2),
            new Color(0x009e73),
            new Color(0xcc79a7),
            new Color(0xe69f00),
            new Color(0x56b4e9),
            new Color(0x000000));

    private static final List<Marker> MARKERS = List.of(
            SeriesMarkers.SQUARE,
            SeriesMarkers.TRIANGLE_UP,
            SeriesMarkers.CIRCLE,
            SeriesMarkers.DIAMOND,
            SeriesMarkers.TRIANGLE_DOWN,
            SeriesMarkers.CROSS,
            SeriesMarkers.PLUS);

    private Style() {}

    /** An empty chart. */
    static XYChart chart(String title, String x, String y) {
        XYChart chart = new XYChart(1, 1);
        chart.setTitle(title);
        chart.setXAxisTitle(x);
        chart.setYAxisTitle(y);
        XYStyler styler = chart.getStyler();
        styler.setLocale(Locale.ROOT);
        styler.setBaseFont(BASE);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setChartFontColor(INK);
        styler.setChartPadding(4);
        styler.setChartTitleFont(BASE.deriveFont(Font.BOLD, 13f));
        styler.setChartTitleBoxVisible(false);
        styler.setChartTitlePadding(6);
        styler.setPlotBackgroundColor(Color.WHITE);
        styler.setPlotBorderColor(FAINT_INK);
        styler.setPlotBorderVisible(true);
        styler.setPlotContentSize(1);
        styler.setPlotGridLinesColor(GRID);
        styler.setPlotGridLinesStroke(new BasicStroke(0.8f));
        styler.setPlotMargin(0);
        styler.setAxisTitleFont(BASE);
        styler.setAxisTickLabelsFont(BASE.deriveFont(11f));
        styler.setAxisTickLabelsColor(INK);
        styler.setAxisTickMarksColor(FAINT_INK);
        styler.setAxisTickMarkLength(4);
        styler.setAxisTicksLineVisible(false);
        styler.setYAxisLabelAlignment(TextAlignment.Right);
        styler.setLegendBackgroundColor(Color.WHITE);
        styler.setLegendBorderColor(GRID);
        styler.setLegendFont(BASE.deriveFont(11.5f));
        styler.setLegendPadding(6);
        styler.setLegendSeriesLineLength(24);
        styler.setLegendPosition(LegendPosition.InsideNE);
        styler.setMarkerSize(MARKER);
        return chart;
    }

    static void range(XYChart chart, Range x, Range y) {
        chart.getStyler().setXAxisMin(x.low());
        chart.getStyler().setXAxisMax(x.high());
        chart.getStyler().setYAxisMin(y.low());
        chart.getStyler().setYAxisMax(y.high());
    }

    /** The look of the series at a place among all; after the last colour the first follows again. */
    static XYSeries series(XYSeries series, int place) {
        series.setLineColor(colour(place));
        series.setLineStyle(new BasicStroke(1.8f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        series.setMarker(MARKERS.get(place % MARKERS.size()));
        series.setMarkerColor(colour(place));
        return series;
    }

    static Color colour(int place) {
        return COLOURS.get(place % COLOURS.size());
    }

    /** A line without markers that others are compared with. */
    static void guide(XYSeries series, Color colour) {
        series.setLineColor(colour);
        series.setLineStyle(dashed(1.2f));
        series.setMarker(SeriesMarkers.NONE);
    }

    static BasicStroke dashed(float width) {
        return new BasicStroke(width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {5, 4}, 0);
    }

    /** A number in three digits, as a person writes it. */
    static String plain(double value) {
        return new BigDecimal(value)
                .round(new MathContext(3))
                .stripTrailingZeros()
                .toPlainString();
    }

    /** A text from a file as a chart can show it. */
    static String shortened(String text, int most) {
        String line = text.replaceAll("\\p{Cntrl}", " ");
        return line.length() <= most ? line : line.substring(0, most - 1) + "…";
    }
}
