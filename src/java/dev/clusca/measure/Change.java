package dev.clusca.measure;

/** Whether a measurement differs from an earlier one of the same thing. */
public enum Change {
    /** Within {@value #SAME_PERCENT} %, and sure of it. */
    SAME,
    FASTER,
    SLOWER,
    /** Both are too noisy, or the difference too near to what two runs of one build differ by. */
    UNSURE,
    /** There is no earlier one. */
    NEW;

    /** What two runs of one build on an idle machine differ by at most, in percent. */
    static final int SAME_PERCENT = 3;

    /**
     * The verdict on the ratio of two medians. Its uncertainty is that of both, added as independent ones; a change is told only where the whole interval lies beyond what two runs of one build differ by.
     *
     * @param before median of the earlier measurement
     * @param beforeNoise its noise, as a part of it
     */
    public static Change of(double before, double beforeNoise, double after, double afterNoise) {
        double ratio = after / before;
        double noise = Math.hypot(beforeNoise, afterNoise);
        double low = ratio / (1 + noise);
        double high = ratio * (1 + noise);
        double same = SAME_PERCENT / 100.0;
        if (low > 1 + same) {
            return SLOWER;
        }
        if (high < 1 - same) {
            return FASTER;
        }
        return low >= 1 - same && high <= 1 + same ? SAME : UNSURE;
    }
}
