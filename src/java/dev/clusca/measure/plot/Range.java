package dev.clusca.measure.plot;

import java.util.stream.DoubleStream;

/** From where to where an axis goes; never empty, so that a single point can be drawn. */
record Range(double low, double high) {
    private static final double PAD = 0.07;

    /** All values, with some room on both sides. */
    static Range around(DoubleStream values) {
        double[] all = values.toArray();
        double low = DoubleStream.of(all).min().orElse(0);
        double high = DoubleStream.of(all).max().orElse(1);
        double pad = high > low ? PAD * (high - low) : Math.max(1, 0.1 * Math.abs(high));
        return new Range(low - pad, high + pad);
    }

    /** All values, which are above 0, with some room on both sides and at least two powers of ten, for a logarithmic axis. */
    static Range logarithmic(DoubleStream values) {
        double[] all = DoubleStream.of(values.toArray()).map(Math::log10).toArray();
        double low = DoubleStream.of(all).min().orElse(0) - 0.25;
        double high = DoubleStream.of(all).max().orElse(1) + 0.25;
        double missing = Math.max(0, 2.1 - (high - low)) / 2;
        return new Range(Math.pow(10, low - missing), Math.pow(10, high + missing));
    }

    /** This range, so that it reaches to another place. */
    Range including(double other) {
        return new Range(Math.min(low, other), Math.max(high, other));
    }
}
