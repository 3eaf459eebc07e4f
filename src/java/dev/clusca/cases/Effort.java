package dev.clusca.cases;

import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What one case may cost on an emulated GPU.
 *
 * @param most lane-instructions
 * @param meter lane-instructions that were run so far, by all cases
 */
public record Effort(long most, LongSupplier meter) {
    /** Enough for every shape that a model has, and well under a second. */
    public static final long MOST_LANES = 200_000_000;

    /** No bound, as on a GPU. */
    public static final Effort FREE = new Effort(Long.MAX_VALUE, () -> 0);

    long spent() {
        return meter.getAsLong();
    }

    /** What is wrong with a case before which {@code before} was spent, if it cost too much. */
    Optional<String> excess(long before) {
        long lanes = spent() - before;
        return lanes <= most
                ? Optional.empty()
                : Optional.of("the emulated GPU took " + millions(lanes) + " million lane-instructions, more than the "
                        + millions(most) + " million of a case; state the case's lanes, so that only --large runs it");
    }

    static long millions(long lanes) {
        return Math.ceilDiv(lanes, 1_000_000);
    }
}
