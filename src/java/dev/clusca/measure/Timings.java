package dev.clusca.measure;

import java.util.Arrays;

/** The samples of one measurement: microseconds a call. Order statistics throughout, so that a sample that was disturbed weighs no more than any other. */
public final class Timings {
    /** Standard deviations of a normal distribution around a mean that hold 95 %. */
    private static final double CONFIDENCE = 1.96;

    /** So many enclose their median with 96.9 %. */
    private static final int FEWEST = 6;

    private final double[] sorted;

    /** @param micros in any order, at least one, all positive */
    public Timings(double... micros) {
        sorted = micros.clone();
        Arrays.sort(sorted);
        if (sorted.length == 0 || !(sorted[0] > 0) || !Double.isFinite(sorted[sorted.length - 1])) {
            throw new IllegalArgumentException("samples are positive and there is at least one; got " + sorted.length
                    + (sorted.length == 0 ? "" : ", the least is " + sorted[0]));
        }
    }

    public int samples() {
        return sorted.length;
    }

    public double min() {
        return sorted[0];
    }

    public double median() {
        return quantile(0.5);
    }

    /** What 95 % of the samples do not exceed. */
    public double p95() {
        return quantile(0.95);
    }

    /** From the first quartile to the third. */
    public double iqr() {
        return quantile(0.75) - quantile(0.25);
    }

    /**
     * Half the width of the median's 95 % confidence interval, as a part of the median: the samples at ranks {@code n/2 -+ 1.96 sqrt(n)/2} enclose it, whatever the distribution. Of few samples it is the
     * least and the largest, of fewer than {@value #FEWEST} even these say too little: then it is 1.
     */
    public double noise() {
        int n = sorted.length;
        if (n < FEWEST) {
            return 1;
        }
        double half = CONFIDENCE * Math.sqrt(n) / 2;
        int low = Math.max(0, (int) Math.floor(n / 2.0 - half) - 1);
        int high = Math.min(n - 1, (int) Math.ceil(n / 2.0 + half));
        return (sorted[high] - sorted[low]) / 2 / median();
    }

    /** Between samples, linearly. */
    private double quantile(double share) {
        double at = share * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
