package dev.clusca.model.flux;

import java.util.Arrays;
import java.util.List;

/**
 * The rotary position embedding of FLUX ({@code EmbedND}, {@code rope}): a token lies at a point of several axes, and each axis owns some of a head's channels, whose i-th pair turns by
 * {@code coordinate / theta^(2 i / channels of the axis)}.
 *
 * @param axes channels of each axis, even
 * @param theta base of the frequencies, above 0
 */
public record RotaryPositions(List<Integer> axes, double theta) {
    /** The published models': an index that is 0 in all tokens, then row and column of an image's token. Text lies at the origin. */
    public static final RotaryPositions FLUX = new RotaryPositions(List.of(16, 56, 56), 10_000);

    public RotaryPositions {
        axes = List.copyOf(axes);
        for (int channels : axes) {
            if (channels < 2 || channels % 2 != 0) {
                throw new IllegalArgumentException(
                        "the axes have " + axes + " channels; expected an even number of each, at least 2");
            }
        }
        if (!(theta > 0 && theta < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("theta is " + theta + "; expected a finite number above 0");
        }
    }

    /** Channels d of a head. */
    public int headWidth() {
        return axes.stream().mapToInt(channels -> channels).sum();
    }

    /**
     * Cosine and sine of each pair's angle, in float64 until they are stored: {@code [N, d / 2, 2]}, as {@link dev.clusca.backend.Ops#qkNormRope} takes them.
     *
     * @param points the coordinates of each token
     * @throws IllegalArgumentException if a token has another number of coordinates than there are axes
     */
    public float[] rotations(int[][] points) {
        float[] out = new float[Math.multiplyExact(points.length, headWidth())];
        int at = 0;
        for (int[] point : points) {
            if (point.length != axes.size()) {
                throw new IllegalArgumentException("a token has the coordinates " + Arrays.toString(point)
                        + "; expected one for each of the " + axes.size() + " axes");
            }
            for (int axis = 0; axis < point.length; axis++) {
                int channels = axes.get(axis);
                for (int c = 0; c < channels; c += 2) {
                    double angle = point[axis] / StrictMath.pow(theta, (double) c / channels);
                    out[at++] = (float) StrictMath.cos(angle);
                    out[at++] = (float) StrictMath.sin(angle);
                }
            }
        }
        return out;
    }
}
