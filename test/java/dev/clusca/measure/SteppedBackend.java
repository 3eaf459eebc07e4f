package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Ops;
import dev.clusca.cli.verify.ForwardingBackend;
import dev.clusca.cli.verify.ForwardingOps;
import dev.clusca.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/** A backend whose clock moves only when a gather or a cast runs, by as much as the test says: what a benchmark makes of times is then exact. */
class SteppedBackend extends ForwardingBackend {
    private final Ops right;
    private final Ops ops;
    private long nanos = 1;
    /** What ran, in order: the target of each gather, and {@code flush} for each cast. */
    final List<String> ran = new ArrayList<>();
    /** How many recordings were made. */
    int recordings;

    SteppedBackend(Backend real, LongSupplier gatherNanos) {
        super(real);
        right = real.ops();
        ops = new ForwardingOps(right) {
            @Override
            public void gatherRows(Tensor x, Tensor index, Tensor rows) {
                gather(x, index, rows);
                nanos += gatherNanos.getAsLong();
                ran.add(Long.toHexString(rows.address()));
            }

            @Override
            public void cast(Tensor source, Tensor target) {
                nanos += 1_000_000;
                ran.add("flush");
            }
        };
    }

    /** What a gather does; a test may do something wrong instead. */
    void gather(Tensor x, Tensor index, Tensor rows) {
        right.gatherRows(x, index, rows);
    }

    @Override
    public Recording record(Runnable work) {
        recordings++;
        return super.record(work);
    }

    @Override
    public Mark mark() {
        return new Moment(nanos);
    }

    @Override
    public String name() {
        return "stepped";
    }

    @Override
    public String description() {
        return "a clock that a test moves";
    }

    @Override
    public Ops ops() {
        return ops;
    }
}
