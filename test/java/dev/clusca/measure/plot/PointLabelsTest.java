package dev.clusca.measure.plot;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PointLabelsTest {
    private static final Rectangle2D AREA = new Rectangle2D.Double(0, 0, 500, 400);

    private Graphics2D g;

    @BeforeEach
    void open() throws IOException {
        DrawingCheck.start();
        g = new BufferedImage(500, 400, BufferedImage.TYPE_INT_RGB).createGraphics();
    }

    @AfterEach
    void close() {
        g.dispose();
    }

    @Test
    void textsCoverNeitherEachOtherNorPointsAndStayInside() {
        Random random = new Random(5);
        PointLabels labels = new PointLabels(AREA);
        Rectangle2D legend = new Rectangle2D.Double(350, 300, 150, 100);
        labels.keepFree(legend);
        double[][] points = new double[30][];
        for (int i = 0; i < points.length; i++) {
            points[i] = new double[] {10 + random.nextInt(330), 10 + random.nextInt(380)};
            labels.point(points[i][0], points[i][1], Style.MARKER, "kernel " + i, Color.BLACK);
        }

        List<Rectangle2D> texts = labels.draw(g);

        assertThat(texts).hasSize(30);
        for (Rectangle2D text : texts) {
            assertThat(AREA.contains(text)).as("%s is inside", text).isTrue();
            assertThat(text.intersects(legend)).isFalse();
            assertThat(texts).filteredOn(other -> other != text).noneMatch(text::intersects);
            for (double[] point : points) {
                assertThat(text.intersects(point[0] - 4, point[1] - 4, 8, 8)).isFalse();
            }
        }
    }

    @Test
    void aTextStandsBesideItsPointButNotOnALine() {
        PointLabels alone = new PointLabels(AREA);
        alone.point(100, 100, Style.MARKER, "9", Color.BLACK);
        Rectangle2D usual = alone.draw(g).getFirst();
        assertThat(usual.getMinX()).isBetween(104.0, 112.0);
        assertThat(usual.getCenterY()).isBetween(95.0, 105.0);

        Line2D line = new Line2D.Double(100, 100, 200, 100);
        PointLabels crossed = new PointLabels(AREA);
        crossed.avoid(line);
        crossed.point(100, 100, Style.MARKER, "9", Color.BLACK);
        assertThat(line.intersects(crossed.draw(g).getFirst())).isFalse();
    }

    @Test
    void pointsWithoutTextAreKeptFreeOnly() {
        PointLabels labels = new PointLabels(AREA);
        labels.point(100, 100, 4, null, Color.BLACK);

        assertThat(labels.draw(g)).isEmpty();
    }
}
