package dev.clusca.measure.plot;

import dev.clusca.pipeline.Picture;
import java.awt.Color;

/** What a picture has of a colour. */
final class Ink {
    private Ink() {}

    /** Number of pixels of exactly this colour. */
    static int of(Picture picture, Color colour) {
        return leftOf(picture.width(), picture, colour);
    }

    /** The same of the first columns. */
    static int leftOf(int end, Picture picture, Color colour) {
        int count = 0;
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < end; x++) {
                if (picture.value(x, y, 0) == colour.getRed()
                        && picture.value(x, y, 1) == colour.getGreen()
                        && picture.value(x, y, 2) == colour.getBlue()) {
                    count++;
                }
            }
        }
        return count;
    }
}
