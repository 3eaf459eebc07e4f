package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Ops;
import dev.clusca.cli.verify.ForwardingOps;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A backend whose clock moves only when a gather or a cast runs, by as much as the test says: what a benchmark makes of times is then exact. */
class SteppedBackend implements Backend {
    private final Backend real;
    private final Ops ops;
    private long nanos = 1;
    /** What ran, in order: the target of each gather, and {@code flush} for each cast. */
    final List<String> ran = new ArrayList<>();

    SteppedBackend(Backend real, LongSupplier gatherNanos) {
        this.real = real;
        ops = new ForwardingOps(real.ops()) {
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
        real.ops().gatherRows(x, index, rows);
    }

    private record Moment(long nanos) implements Mark {
        @Override
        public void await() {}

        @Override
        public double millisSince(Mark earlier) {
            return (nanos - ((Moment) earlier).nanos) * 1e-6;
        }
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

    @Override
    public Tensor allocate(Arena arena, DType dtype, Shape shape) {
        return real.allocate(arena, dtype, shape);
    }

    @Override
    public Linear linear(Arena arena, Tensor weight, @Nullable Tensor bias, DType dtype) {
        return real.linear(arena, weight, bias, dtype);
    }

    @Override
    public void write(Tensor target, MemorySegment source) {
        real.write(target, source);
    }

    @Override
    public void read(Tensor source, MemorySegment target) {
        real.read(source, target);
    }

    @Override
    public void close() {}
}
