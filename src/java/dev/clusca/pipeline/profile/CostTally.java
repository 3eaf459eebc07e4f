package dev.clusca.pipeline.profile;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Ops;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A backend that computes nothing and adds up what its operations would cost. Its tensors have shapes, but no memory. */
public final class CostTally implements Backend {
    private final Ops ops = new ProfiledOps(new Adder());
    private Cost total = Cost.NONE;

    private record ShapedLinear(int inputs, int outputs, DType dtype, boolean hasBias) implements Linear {}

    /** Marks are passed at once, and at the same time. */
    private record Passed() implements Mark {
        @Override
        public void await() {}

        @Override
        public double millisSince(Mark earlier) {
            return 0;
        }
    }

    private final class Adder implements ProfiledOps.Recorder {
        @Override
        public void run(String operation, Cost cost, Consumer<Ops> work) {
            total = total.plus(cost);
        }

        @Override
        public void endStep() {}
    }

    /** What the operations so far cost. */
    public Cost total() {
        return total;
    }

    @Override
    public String name() {
        return "tally";
    }

    @Override
    public String description() {
        return "nothing is computed";
    }

    @Override
    public Ops ops() {
        return ops;
    }

    @Override
    public Tensor allocate(Arena arena, DType dtype, Shape shape) {
        return Tensor.wrap(MemorySegment.NULL, dtype, shape);
    }

    @Override
    public Linear linear(Arena arena, Tensor weight, @Nullable Tensor bias, DType dtype) {
        return new ShapedLinear(weight.shape().size(1), weight.shape().size(0), dtype, bias != null);
    }

    @Override
    public void write(Tensor target, MemorySegment source) {}

    /** @throws IllegalStateException always */
    @Override
    public void read(Tensor source, MemorySegment target) {
        throw new IllegalStateException("a tally has no memory that could be read");
    }

    @Override
    public Mark mark() {
        return new Passed();
    }

    @Override
    public void close() {}
}
