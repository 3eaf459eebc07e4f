package dev.clusca.cases;

import dev.clusca.backend.Backend;
import java.util.ArrayList;
import java.util.List;

/** Runs an {@link OpCase} on a backend and on the reference backend and compares them under the numerics policy. */
public final class OpCheck implements Case {
    private final OpCase op;
    private final Backend backend;
    private final Backend reference;
    private final long seed;
    private final Effort effort;

    /**
     * @param reference the oracle; if it is {@code backend} itself, a second run stands in for it, bit for bit
     * @param effort what the case may cost
     */
    public OpCheck(OpCase op, Backend backend, Backend reference, long seed, Effort effort) {
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
        boolean itself = backend == reference;
        Oracle oracle = new Oracle(op, reference, seed, itself);
        long expectedLanes = op.lanes().applyAsLong(oracle.results());
        if (expectedLanes > effort.most()) {
            return new Verdict.Skipped("about " + Effort.millions(expectedLanes)
                    + " million lane-instructions on an emulated GPU; --large runs it");
        }
        long lanesBefore = effort.spent();
        OpRun.Result ours = OpRun.of(backend, op, oracle.inputs(), false, op.isSkewed());
        List<String> found = new ArrayList<>();
        effort.excess(lanesBefore).ifPresent(found::add);
        if (!itself) {
            oracle.faults().forEach(fault -> found.add("the reference backend itself: " + fault));
        }
        return oracle.check(ours, found);
    }
}
