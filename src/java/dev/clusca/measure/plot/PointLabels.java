package dev.clusca.measure.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes beside points so that no text covers another, a point, or, where it can be helped, a line. A text that finds room only farther away is tied to its point. */
final class PointLabels {
    private static final double[] DISTANCES = {4, 8, 14, 22, 32, 44, 58, 74};
    private static final int DIRECTIONS = 16;
    private static final double TIED_FROM = 14;
    private static final double COVERED = 100;
    private static final double CROSSED = 14;
    private static final Color BEHIND = new Color(255, 255, 255, 205);

    private final Rectangle2D area;
    private final List<Rectangle2D> taken = new ArrayList<>();
    private final List<Rectangle2D> texts = new ArrayList<>();
    private final List<Line2D> lines = new ArrayList<>();
    private final List<Point> points = new ArrayList<>();

    private record Point(double x, double y, String text, Color colour) {}

    private record Place(Rectangle2D box, Line2D tie, double distance, double cost) {}

    /** @param area that texts stay in */
    PointLabels(Rectangle2D area) {
        this.area = area;
    }

    /** A place that no text may cover. */
    void keepFree(Rectangle2D box) {
        taken.add(box);
    }

    /** A line that texts better not cover. */
    void avoid(Line2D line) {
        lines.add(line);
    }

    /** A point, and what to write beside it; null only keeps it free. */
    void point(double x, double y, double size, @Nullable String text, Color colour) {
        taken.add(new Rectangle2D.Double(x - size / 2, y - size / 2, size, size));
        if (text != null) {
            points.add(new Point(x, y, text, colour));
        }
    }

    /** Writes all, the points at the left first; returns where the texts stand. */
    List<Rectangle2D> draw(Graphics2D g) {
        g.setFont(Style.LABEL);
        FontMetrics metrics = g.getFontMetrics();
        points.sort((a, b) -> Double.compare(a.x(), b.x()));
        for (Point point : points) {
            Place place = best(point, metrics.stringWidth(point.text()) + 2, metrics.getAscent());
            taken.add(place.box());
            texts.add(place.box());
            if (place.distance() >= TIED_FROM) {
                g.setColor(point.colour());
                g.setStroke(new BasicStroke(0.6f));
                g.draw(place.tie());
                lines.add(place.tie());
            }
            g.setColor(BEHIND);
            g.fill(place.box());
            g.setColor(point.colour().darker());
            g.drawString(
                    point.text(),
                    (float) place.box().getX() + 1,
                    (float) place.box().getMaxY() - metrics.getDescent() / 2f);
        }
        return List.copyOf(texts);
    }

    private Place best(Point point, double width, double height) {
        Place best = null;
        for (double distance : DISTANCES) {
            for (int direction = 0; direction < DIRECTIONS; direction++) {
                // From the right over the top: where eyes look first.
                double angle = 2 * Math.PI * direction / DIRECTIONS;
                Place place = place(point, width, height, distance, angle, direction);
                if (best == null || place.cost() < best.cost()) {
                    best = place;
                }
            }
        }
        if (best == null) {
            throw new AssertionError("there are places around every point");
        }
        return best;
    }

    /** A box whose edge is that far from the marker's edge, seen in that direction. */
    private Place place(Point point, double width, double height, double distance, double angle, int direction) {
        double away = Style.MARKER / 2.0 + distance;
        double middleX = point.x() + Math.cos(angle) * (away + width / 2);
        double middleY = point.y() - Math.sin(angle) * (away + height / 2);
        Rectangle2D box = new Rectangle2D.Double(middleX - width / 2, middleY - height / 2, width, height);
        Line2D tie = new Line2D.Double(
                point.x(),
                point.y(),
                Math.clamp(point.x(), box.getMinX(), box.getMaxX()),
                Math.clamp(point.y(), box.getMinY(), box.getMaxY()));
        double cost = distance + 0.1 * direction + (area.contains(box) ? 0 : 10 * COVERED);
        for (Rectangle2D other : taken) {
            cost += other.intersects(box) ? COVERED : 0;
        }
        for (Rectangle2D text : texts) {
            cost += distance >= TIED_FROM && tie.intersects(text) ? CROSSED : 0;
        }
        for (Line2D line : lines) {
            cost += line.intersects(box) ? CROSSED : 0;
            cost += distance >= TIED_FROM && line.intersectsLine(tie) ? CROSSED / 2 : 0;
        }
        return new Place(box, tie, distance, cost);
    }
}
