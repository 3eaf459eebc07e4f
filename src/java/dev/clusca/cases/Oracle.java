package dev.clusca.cases;

import dev.clusca.backend.Backend;
import dev.clusca.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What a case's results should be, computed once by the reference backend, and how results are held against it under the numerics policy. */
public final class Oracle {
    /** Relative L2 error of one operation in F32. */
    static final double F32_BOUND = 1e-5;

    private final OpCase op;
    private final OpRun.Inputs inputs;
    private final OpRun.Result base;
    private final OpRun.Result wide;
    private final boolean exact;

    /**
     * Runs the case on the reference backend, and waits.
     *
     * @param seed of the random inputs
     * @param bits whether results must be the reference's bits, whatever the case's policy says
     */
    public Oracle(OpCase op, Backend reference, long seed, boolean bits) {
        this.op = op;
        inputs = new OpRun.Inputs(op, seed);
        base = OpRun.of(reference, op, inputs, false);
        exact = bits || op.policy() == OpCase.Policy.EXACT;
        wide = exact || !roundsToBf16(op) ? base : OpRun.of(reference, op, inputs, true);
    }

    /** The case's data. */
    public OpRun.Inputs inputs() {
        return inputs;
    }

    /** Milliseconds that the reference took. */
    public double millis() {
        return base.millis();
    }

    /** The reference's results in the case's types. */
    Map<String, Raw> results() {
        return base.results();
    }

    /** What is wrong with the reference itself: stray writes and the like. */
    List<String> faults() {
        return base.faults();
    }

    /**
     * Compares.
     *
     * @param found what is wrong already
     */
    Verdict check(OpRun.Result ours, List<String> found) {
        List<String> findings = new ArrayList<>(ours.faults());
        findings.addAll(found);
        boolean seesNaN = false;
        double worst = -1;
        double error = 0;
        double bound = 0;
        for (Map.Entry<String, Raw> e : ours.results().entrySet()) {
            Comparison.Result c = compare(e.getKey(), e.getValue());
            findings.addAll(c.findings());
            double share = c.bound() == 0 ? c.error() : c.error() / c.bound();
            if (share > worst) {
                worst = share;
                error = c.error();
                bound = c.bound();
            }
            seesNaN |= hasNaN(e.getValue());
        }
        if (seesNaN != op.expectsNaN()) {
            findings.add(op.expectsNaN() ? "a NaN went in and none came out" : "a NaN came out though none went in");
        }
        return Verdict.of(error, bound, "", findings);
    }

    /** Compares what a run left. */
    public Verdict check(OpRun.Result ours) {
        return check(ours, List.of());
    }

    private Comparison.Result compare(String name, Raw actual) {
        Raw simplest = Objects.requireNonNull(base.results().get(name), name);
        if (exact) {
            return Comparison.exact(name, simplest, actual);
        }
        Raw expected = Objects.requireNonNull(wide.results().get(name), name);
        return wide == base
                ? Comparison.relative(name, expected, actual, F32_BOUND)
                : Comparison.rounded(
                        name, expected, simplest, actual, op.policy().factor());
    }

    private static boolean roundsToBf16(OpCase op) {
        return op.args().stream().anyMatch(a -> a.dtype() == DType.BF16);
    }

    /** Poison that an operation must neither read nor write, the planes of a ladder that do not exist yet, is no NaN that came out. */
    private static boolean hasNaN(Raw raw) {
        for (int i = 0; i < raw.length(); i++) {
            if (raw.isNaN(i) && raw.bits()[i] != OpRun.poison(raw.dtype())) {
                return true;
            }
        }
        return false;
    }
}
