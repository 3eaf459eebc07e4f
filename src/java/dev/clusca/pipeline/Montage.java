package dev.clusca.pipeline;

import java.util.ArrayList;
import java.util.List;

/**
 * Panels of pictures side by side under a title, each with a heading of its own: the same pictures made in different ways, and their error maps.
 *
 * @param title one line above everything
 * @param panels at least one; all with the same number of pictures of the same size
 */
public record Montage(String title, List<Panel> panels) {
    private static final int BACKGROUND = 0xffffff;
    private static final int INK = 0x1b1f24;
    private static final int FAINT_INK = 0x59636e;
    private static final int TEXT_SCALE = 2;
    private static final int LINE = (Font.HEIGHT + 3) * TEXT_SCALE;
    private static final int MARGIN = 24;
    private static final int PANEL_GAP = 24;
    private static final int PICTURE_GAP = 4;
    /** Panels are at least this wide, by enlarging small pictures, so that a heading has room for 21 characters. */
    private static final int PANEL_WIDTH = 256;

    private static final int LEGEND_BAR = 2 * Font.HEIGHT;

    /**
     * One way in which the pictures were made.
     *
     * @param heading lines above the pictures, the first one darker
     * @param pictures in reading order
     * @param isErrorMap whether the pictures are {@link ErrorMap}s, whose scale is then drawn beneath them
     */
    public record Panel(List<String> heading, List<Picture> pictures, boolean isErrorMap) {
        public Panel {
            heading = List.copyOf(heading);
            pictures = List.copyOf(pictures);
            if (pictures.isEmpty()) {
                throw new IllegalArgumentException("a panel needs at least one picture");
            }
        }

        /** A panel of the pictures' error maps against the reference's pictures. */
        public static Panel errors(List<String> heading, List<Picture> pictures, List<Picture> references) {
            List<Picture> maps = new ArrayList<>();
            for (int i = 0; i < pictures.size(); i++) {
                maps.add(ErrorMap.of(pictures.get(i), references.get(i)));
            }
            return new Panel(heading, maps, true);
        }
    }

    public Montage {
        panels = List.copyOf(panels);
        if (panels.isEmpty()) {
            throw new IllegalArgumentException("a montage needs at least one panel");
        }
        Picture first = panels.getFirst().pictures().getFirst();
        int count = panels.getFirst().pictures().size();
        for (Panel panel : panels) {
            checkSameSize(panel.pictures(), first);
            if (panel.pictures().size() != count) {
                throw new IllegalArgumentException("every panel of a montage holds the same number of pictures; found "
                        + count + " and " + panel.pictures().size());
            }
        }
    }

    /** The pictures in a grid without any text, as near to a square as their number allows; a single picture is returned as it is. */
    public static Picture grid(List<Picture> pictures) {
        if (pictures.isEmpty()) {
            throw new IllegalArgumentException("a grid needs at least one picture");
        }
        if (pictures.size() == 1) {
            return pictures.getFirst();
        }
        checkSameSize(pictures, pictures.getFirst());
        int columns = (int) Math.ceil(Math.sqrt(pictures.size()));
        Grid grid = new Grid(pictures.getFirst(), pictures.size(), columns, 1);
        Canvas canvas = new Canvas(grid.width(), grid.height(), BACKGROUND);
        grid.draw(canvas, pictures, 0, 0);
        return canvas.toPicture();
    }

    /** Draws the montage. */
    public Picture render() {
        Picture first = panels.getFirst().pictures().getFirst();
        int count = panels.getFirst().pictures().size();
        // Panels stand side by side, so each is made tall: about two and a half pictures high for one wide.
        int columns = (int) Math.max(1, Math.round(Math.sqrt(count * 0.4)));
        int enlarge = Math.max(1, PANEL_WIDTH / (columns * first.width()));
        Grid grid = new Grid(first, count, columns, enlarge);
        int headingLines =
                panels.stream().mapToInt(p -> p.heading().size()).max().orElse(0);
        int panelWidth = panels.stream()
                .flatMap(p -> p.heading().stream())
                .mapToInt(line -> Font.width(line) * TEXT_SCALE)
                .reduce(grid.width(), Math::max);
        int panelsWidth = panels.size() * (panelWidth + PANEL_GAP) - PANEL_GAP;
        int width = 2 * MARGIN + Math.max(Font.width(title) * TEXT_SCALE, panelsWidth);
        int headingTop = MARGIN + LINE + MARGIN / 2;
        int gridTop = headingTop + headingLines * LINE + 4;
        boolean hasLegend = panels.stream().anyMatch(Panel::isErrorMap);
        int legendTop = gridTop + grid.height() + MARGIN / 2;
        int bottom = hasLegend ? legendTop + LEGEND_BAR + 4 + LINE : gridTop + grid.height();

        Canvas canvas = new Canvas(width, bottom + MARGIN, BACKGROUND);
        canvas.text(title, MARGIN, MARGIN, TEXT_SCALE, INK);
        int left = MARGIN;
        for (Panel panel : panels) {
            for (int i = 0; i < panel.heading().size(); i++) {
                canvas.text(panel.heading().get(i), left, headingTop + i * LINE, TEXT_SCALE, i == 0 ? INK : FAINT_INK);
            }
            grid.draw(canvas, panel.pictures(), left, gridTop);
            if (panel.isErrorMap()) {
                drawLegend(canvas, left, legendTop, grid.width());
            }
            left += panelWidth + PANEL_GAP;
        }
        return canvas.toPicture();
    }

    /** The error maps' colours from left to right, with the differences at both ends beneath. */
    private static void drawLegend(Canvas canvas, int left, int top, int width) {
        for (int x = 0; x < width; x++) {
            int difference = (int) Math.round((double) x * ErrorMap.FULL_SCALE / (width - 1));
            canvas.fill(left + x, top, 1, LEGEND_BAR, ErrorMap.colour(difference));
        }
        int y = top + LEGEND_BAR + 4;
        String end = ErrorMap.FULL_SCALE + "+ of 255";
        canvas.text("0", left, y, TEXT_SCALE, FAINT_INK);
        canvas.text(end, left + width - Font.width(end) * TEXT_SCALE, y, TEXT_SCALE, FAINT_INK);
    }

    private static void checkSameSize(List<Picture> pictures, Picture first) {
        for (Picture p : pictures) {
            if (p.width() != first.width() || p.height() != first.height()) {
                throw new IllegalArgumentException(
                        "pictures side by side have the same size; got a " + first + " and a " + p);
            }
        }
    }

    /** Equal pictures in rows of {@code columns}, each enlarged. */
    private record Grid(int pictureWidth, int pictureHeight, int count, int columns, int enlarge) {
        Grid(Picture picture, int count, int columns, int enlarge) {
            this(picture.width() * enlarge, picture.height() * enlarge, count, columns, enlarge);
        }

        int width() {
            return columns * (pictureWidth + PICTURE_GAP) - PICTURE_GAP;
        }

        int height() {
            return Math.ceilDiv(count, columns) * (pictureHeight + PICTURE_GAP) - PICTURE_GAP;
        }

        void draw(Canvas canvas, List<Picture> pictures, int left, int top) {
            for (int i = 0; i < count; i++) {
                canvas.draw(
                        pictures.get(i),
                        left + i % columns * (pictureWidth + PICTURE_GAP),
                        top + i / columns * (pictureHeight + PICTURE_GAP),
                        enlarge);
            }
        }
    }
}
