package dev.clusca.measure;

import java.time.Duration;

/**
 * How long and how exactly to measure.
 *
 * @param mode what the caches hold
 * @param noise the uncertainty of the median at which a measurement ends, as a part of it ({@link Timings#noise})
 * @param limit after which it ends all the same
 */
public record Method(CacheMode mode, double noise, Duration limit) {
    /** Memory that is in no cache, to half a percent, a second at most: what the command line measures if nothing else is asked for. */
    public static final Method DEFAULT = new Method(CacheMode.COLD, 0.005, Duration.ofSeconds(1));

    /** Samples that there are at least, unless one alone takes most of the limit. */
    static final int LEAST = 15;
    /** What no limit takes away. */
    static final int FEWEST = 5;

    static final int MOST = 5_000;

    public Method {
        if (!(noise > 0 && noise < 1)) {
            throw new IllegalArgumentException("noise is " + noise + ", expected more than 0 and less than 1");
        }
        if (limit.isNegative() || limit.isZero() || limit.compareTo(Duration.ofHours(1)) > 0) {
            throw new IllegalArgumentException("the limit is " + limit.toMillis() + " ms, expected up to an hour");
        }
    }

    /** Whether there are enough samples. */
    boolean isEnough(Timings timings, long nanosSoFar) {
        int n = timings.samples();
        return n >= MOST || n >= LEAST && timings.noise() <= noise || n >= FEWEST && nanosSoFar >= limit.toNanos();
    }
}
