package dev.clusca.cli.verify;

import dev.clusca.backend.Backend;
import dev.clusca.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs an {@link OpCase} on a backend and on the reference backend and compares them under the numerics policy. */
final class OpCheck implements Case {
    /** Relative L2 error of one operation in F32. */
    static final double F32_BOUND = 1e-5;

    private final OpCase op;
    private final Backend backend;
    private final Backend reference;
    private final long seed;
    private final Effort effort;

    /**
     * @param reference the oracle; if it is {@code backend} itself, a second run stands in for it, bit for bit
     * @param effort what the case may cost
     */
    OpCheck(OpCase op, Backend backend, Backend reference, long seed, Effort effort) {
        this.op = op;
        this.backend = backend;
        this.reference = reference;
        this.seed = seed;
        this.effort = effort;
    }

    @Override
    public String name() {
        return op.name();
    }

    @Override
    public String dtype() {
        return op.precision().label();
    }

    @Override
    public String shape() {
        return op.shape();
    }

    @Override
    public Verdict run() {
        OpRun.Inputs inputs = new OpRun.Inputs(op, seed);
        OpRun.Result base = OpRun.of(reference, op, inputs, false);
        long expectedLanes = op.lanes().applyAsLong(base.results());
        if (expectedLanes > effort.most()) {
            return new Verdict.Skipped("about " + Effort.millions(expectedLanes)
                    + " million lane-instructions on an emulated GPU; --large runs it");
        }
        long lanesBefore = effort.spent();
        OpRun.Result ours = OpRun.of(backend, op, inputs, false);
        List<String> findings = new ArrayList<>(ours.faults());
        effort.excess(lanesBefore).ifPresent(findings::add);
        boolean oracle = backend == reference;
        if (!oracle) {
            base.faults().forEach(fault -> findings.add("the reference backend itself: " + fault));
        }
        boolean exact = oracle || op.policy() == OpCase.Policy.EXACT;
        OpRun.Result wide = exact || !roundsToBf16() ? base : OpRun.of(reference, op, inputs, true);
        boolean seesNaN = false;
        double worst = -1;
        double error = 0;
        double bound = 0;
        for (Map.Entry<String, Raw> e : ours.results().entrySet()) {
            Raw actual = e.getValue();
            Raw expected = wide.results().get(e.getKey());
            Raw simplest = base.results().get(e.getKey());
            Comparison.Result c;
            if (exact) {
                c = Comparison.exact(e.getKey(), simplest, actual);
            } else if (wide == base) {
                c = Comparison.relative(e.getKey(), expected, actual, F32_BOUND);
            } else {
                c = Comparison.rounded(
                        e.getKey(), expected, simplest, actual, op.policy().factor());
            }
            findings.addAll(c.findings());
            double share = c.bound() == 0 ? c.error() : c.error() / c.bound();
            if (share > worst) {
                worst = share;
                error = c.error();
                bound = c.bound();
            }
            seesNaN |= hasNaN(actual);
        }
        if (seesNaN != op.expectsNaN()) {
            findings.add(op.expectsNaN() ? "a NaN went in and none came out" : "a NaN came out though none went in");
        }
        return Verdict.of(error, bound, "", findings);
    }

    private boolean roundsToBf16() {
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
