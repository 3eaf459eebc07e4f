package dev.clusca.measure;

import dev.clusca.backend.Backend;

/** A point on a clock that a test moves. */
record Moment(long nanos) implements Backend.Mark {
    @Override
    public void await() {}

    @Override
    public double millisSince(Backend.Mark earlier) {
        return (nanos - ((Moment) earlier).nanos) * 1e-6;
    }
}
