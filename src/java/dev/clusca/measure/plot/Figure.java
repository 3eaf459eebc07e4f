package dev.clusca.measure.plot;

import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Png;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Charts in rows under a title, with a caption beneath, as a paper would print them. Drawn with two pixels for each unit of length, white behind.
 *
 * @param title one line
 * @param rows of charts, from the top; all charts have the same size
 * @param panelWidth units of length, as all sizes
 * @param caption paragraphs
 */
public record Figure(String title, List<List<Panel>> rows, int panelWidth, int panelHeight, List<String> caption) {
    private static final int SCALE = 2;
    private static final int MARGIN = 16;
    private static final int GAP = 14;
    private static final int TITLE_LINE = 22;
    private static final int TITLE_GAP = 8;
    private static final int CAPTION_LINE = 16;
    private static final int LONGEST_TITLE = 240;
    private static final int LONGEST_CAPTION = 600;

    /** One chart. */
    @FunctionalInterface
    interface Panel {
        /** Draws it with its upper left corner at the origin. */
        void paint(Graphics2D g, int width, int height);
    }

    public Figure {
        rows = rows.stream().map(List::copyOf).toList();
        caption = List.copyOf(caption);
        if (rows.stream().mapToInt(List::size).sum() == 0) {
            throw new IllegalArgumentException("a figure needs at least one chart");
        }
    }

    /** Measures a text, which starts AWT and its fonts. */
    static void startDrawing() {
        text(Style.BASE).stringWidth("x");
    }

    /** Writes the figure as a PNG file, which appears whole or not at all. */
    public void write(Path file) throws IOException {
        Png.write(picture(), file);
    }

    /** Draws the figure. */
    Picture picture() {
        int columns = rows.stream().mapToInt(List::size).max().orElseThrow();
        int width = 2 * MARGIN + columns * (panelWidth + GAP) - GAP;
        List<String> heading = wrapped(Style.shortened(title, LONGEST_TITLE), text(Style.TITLE), width - 2 * MARGIN);
        List<String> lines = new ArrayList<>();
        FontMetrics metrics = text(Style.CAPTION);
        for (String paragraph : caption) {
            lines.addAll(wrapped(Style.shortened(paragraph, LONGEST_CAPTION), metrics, width - 2 * MARGIN));
        }
        int chartsTop = MARGIN + heading.size() * TITLE_LINE + TITLE_GAP;
        int captionTop = chartsTop + rows.size() * (panelHeight + GAP);
        int height = captionTop + lines.size() * CAPTION_LINE + MARGIN;
        BufferedImage image = new BufferedImage(width * SCALE, height * SCALE, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        try {
            g.scale(SCALE, SCALE);
            smooth(g);
            g.setColor(Color.WHITE);
            g.fillRect(0, 0, width, height);
            g.setColor(Style.INK);
            g.setFont(Style.TITLE);
            for (int line = 0; line < heading.size(); line++) {
                g.drawString(
                        heading.get(line),
                        MARGIN,
                        MARGIN + line * TITLE_LINE + g.getFontMetrics().getAscent());
            }
            for (int row = 0; row < rows.size(); row++) {
                for (int column = 0; column < rows.get(row).size(); column++) {
                    Graphics2D own = (Graphics2D) g.create(
                            MARGIN + column * (panelWidth + GAP),
                            chartsTop + row * (panelHeight + GAP),
                            panelWidth,
                            panelHeight);
                    rows.get(row).get(column).paint(own, panelWidth, panelHeight);
                    own.dispose();
                }
            }
            g.setFont(Style.CAPTION);
            g.setColor(Style.FAINT_INK);
            for (int line = 0; line < lines.size(); line++) {
                g.drawString(lines.get(line), MARGIN, captionTop + line * CAPTION_LINE + metrics.getAscent());
            }
        } finally {
            g.dispose();
        }
        return picture(image);
    }

    /** Lines of words that fit into the width; a word that does not, as a long path, is broken. */
    private static List<String> wrapped(String paragraph, FontMetrics metrics, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : paragraph.split(" ", -1)) {
            if (!line.isEmpty() && metrics.stringWidth(line + " " + word) > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ");
            for (int i = 0; i < word.length(); i++) {
                if (!line.isEmpty() && metrics.stringWidth(line.toString() + word.charAt(i)) > width) {
                    lines.add(line.toString());
                    line.setLength(0);
                }
                line.append(word.charAt(i));
            }
        }
        lines.add(line.toString());
        return lines;
    }

    private static FontMetrics text(Font font) {
        Graphics2D g = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
        try {
            smooth(g);
            return g.getFontMetrics(font);
        } finally {
            g.dispose();
        }
    }

    private static void smooth(Graphics2D g) {
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
        g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    }

    private static Picture picture(BufferedImage image) {
        int[] pixels = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        byte[] rgb = new byte[3 * pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            rgb[3 * i] = (byte) (pixels[i] >> 16);
            rgb[3 * i + 1] = (byte) (pixels[i] >> 8);
            rgb[3 * i + 2] = (byte) pixels[i];
        }
        return Picture.of(image.getWidth(), image.getHeight(), rgb);
    }
}
