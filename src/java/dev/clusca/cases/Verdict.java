package dev.clusca.cases;

import java.util.List;

/** What a case found. */
public sealed interface Verdict {
    /**
     * The measured error keeps its bound.
     *
     * @param note what else is worth knowing, may be empty
     */
    record Passed(double error, double bound, String note) implements Verdict {}

    /**
     * Something is wrong.
     *
     * @param error the measured error, NaN if none could be measured
     * @param bound what it may be
     * @param reasons sentences that name the cause, at least one
     */
    record Failed(double error, double bound, List<String> reasons) implements Verdict {
        public Failed {
            reasons = List.copyOf(reasons);
        }
    }

    /** A case that cannot run yet, and why. */
    record Skipped(String reason) implements Verdict {}

    /** A failure without a measured error. */
    static Verdict failed(String reason) {
        return new Failed(Double.NaN, Double.NaN, List.of(reason));
    }

    /** Passed without findings, failed with any. */
    static Verdict of(double error, double bound, String note, List<String> findings) {
        return findings.isEmpty() ? new Passed(error, bound, note) : new Failed(error, bound, findings);
    }
}
