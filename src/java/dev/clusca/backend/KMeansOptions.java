package dev.clusca.backend;

/**
 * When an L1 k-means stops: after the iteration whose new centroids all satisfy {@code |old - new| <= absolute + relative * |new|} (the old ones are kept), or
 * after {@code maxIterations} (the new ones are kept).
 *
 * @param maxIterations at least 1; the published code has 100 for DiT, 10 for FLUX
 * @param relative published: 1e-4
 * @param absolute published: 1e-8
 * @param together stop only when every batch row satisfies the test, as the published code does; otherwise each row stops on its own
 */
public record KMeansOptions(int maxIterations, float relative, float absolute, boolean together) {
    /** At most 100 iterations, each image on its own. */
    public static final KMeansOptions DEFAULT = new KMeansOptions(100, 1e-4f, 1e-8f, false);

    /** At most 100 iterations, the whole batch together, as the published DiT code does. */
    public static final KMeansOptions PUBLISHED = new KMeansOptions(100, 1e-4f, 1e-8f, true);

    /** At most 10 iterations, as the published FLUX code does. */
    public static final KMeansOptions PUBLISHED_FLUX = new KMeansOptions(10, 1e-4f, 1e-8f, true);

    public KMeansOptions {
        if (maxIterations < 1) {
            throw new IllegalArgumentException("k-means needs at least 1 iteration, got " + maxIterations);
        }
        checkTolerance("relative", relative);
        checkTolerance("absolute", absolute);
    }

    private static void checkTolerance(String name, float tolerance) {
        if (!(tolerance >= 0) || Float.isInfinite(tolerance)) {
            throw new IllegalArgumentException(
                    "the " + name + " tolerance of k-means must be a number from 0 on, got " + tolerance);
        }
    }
}
