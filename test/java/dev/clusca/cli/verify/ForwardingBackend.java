package dev.clusca.cli.verify;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Linear;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A backend over another one, which whoever opened that closes; a test gives it operations of its own. */
public abstract class ForwardingBackend implements Backend {
    private final Backend real;

    protected ForwardingBackend(Backend real) {
        this.real = real;
    }

    @Override
    public String name() {
        return real.name();
    }

    @Override
    public String description() {
        return real.description();
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
    public Recording record(Runnable work) {
        return real.record(work);
    }

    @Override
    public boolean pulse() {
        return real.pulse();
    }

    @Override
    public Mark mark() {
        return real.mark();
    }

    @Override
    public void close() {}
}
