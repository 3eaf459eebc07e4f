package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.cli.verify.ForwardingOps;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A backend that does each LayerNorm several times over: a build that is slower by a known factor. */
final class RepeatingBackend implements Backend {
    private final Backend real;
    private final Ops ops;

    RepeatingBackend(Backend real, int times) {
        this.real = real;
        ops = new ForwardingOps(real.ops()) {
            @Override
            public void layerNormModulate(
                    Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
                for (int i = 0; i < times; i++) {
                    super.layerNormModulate(x, modulation, shift, scale, epsilon, out);
                }
            }
        };
    }

    @Override
    public boolean pulse() {
        return real.pulse();
    }

    @Override
    public Recording record(Runnable work) {
        return real.record(work);
    }

    @Override
    public Mark mark() {
        return real.mark();
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
