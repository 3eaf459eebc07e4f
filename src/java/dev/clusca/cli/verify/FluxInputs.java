package dev.clusca.cli.verify;

import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.tensor.Shape;
import java.util.Arrays;

/**
 * What FLUX takes for one image, from a row of a golden file.
 *
 * @param image tokens of the image
 * @param points their coordinates
 * @param text tokens of the text
 * @param vector the text as one vector
 * @param guidance 0 for a model that takes none
 */
record FluxInputs(float[] image, int[][] points, float[] text, float[] vector, float guidance) {

    static FluxInputs of(GoldenFile golden, FluxConfig config, int row) {
        return new FluxInputs(
                row(golden, "in.img", row),
                points(golden, row),
                row(golden, "in.txt", row),
                row(golden, "in.vec", row),
                config.guidanceEmbed() ? row(golden, "in.guidance", row)[0] : 0);
    }

    /** One element of the outermost extent; what all rows share stands in the file once. */
    static float[] row(GoldenFile golden, String key, int row) {
        float[] all = golden.floats(key);
        int rows = golden.shape(key).size(0);
        if (rows != 1 && row >= rows) {
            throw new GoldenException(
                    golden.source() + ": '" + key + "' has " + rows + " rows; row " + row + " is needed");
        }
        int each = all.length / rows;
        int at = rows == 1 ? 0 : row;
        return Arrays.copyOfRange(all, at * each, (at + 1) * each);
    }

    private static int[][] points(GoldenFile golden, int row) {
        String key = "in.img_ids";
        Shape shape = golden.shape(key);
        float[] ids = shape.rank() == 2 ? golden.floats(key) : row(golden, key, row);
        int axes = shape.size(shape.rank() - 1);
        int[][] points = new int[ids.length / axes][axes];
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] != Math.rint(ids[i])) {
                throw new GoldenException(
                        golden.source() + ": '" + key + "' holds " + ids[i] + "; positions are whole numbers");
            }
            points[i / axes][i % axes] = (int) ids[i];
        }
        return points;
    }

    /** Rows and columns of the image, whose tokens lie row by row. */
    int[] extents(String source) {
        int columns = 1 + Arrays.stream(points).mapToInt(p -> p[2]).max().orElse(0);
        int rows = points.length / columns;
        for (int i = 0; i < points.length; i++) {
            if (rows * columns != points.length || !Arrays.equals(points[i], new int[] {0, i / columns, i % columns})) {
                throw new GoldenException(source + ": token " + i + " lies at " + Arrays.toString(points[i])
                        + "; a sampling run needs tokens at 0, row, column, row by row");
            }
        }
        return new int[] {rows, columns};
    }
}
