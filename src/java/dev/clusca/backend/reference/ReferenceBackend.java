package dev.clusca.backend.reference;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.CheckedOps;
import dev.clusca.backend.HostMemory;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Ops;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The backend in plain Java: work runs at once, memory is host memory of the caller's arenas. */
final class ReferenceBackend implements Backend {
    static final String NAME = "reference";

    private final int threads;
    private final Workers workers;
    private final ImmediateQueue queue = new ImmediateQueue();
    private final CheckedOps ops;

    ReferenceBackend(BackendOptions options) {
        threads = Workers.threads(options);
        workers = new Workers(threads);
        ops = new CheckedOps(new ReferenceOps(queue, workers), HostMemory.shared(), new OwnLayers());
    }

    private static final class OwnLayers implements CheckedOps.Layers {
        @Override
        public @Nullable String problem(Linear layer) {
            return layer instanceof ReferenceLinear ? null : CheckedOps.foreign(layer);
        }

        @Override
        public Tensor weights(Linear layer) {
            return ((ReferenceLinear) layer).weight();
        }
    }

    static String describe(int threads) {
        return "plain Java, float64 accumulation, " + threads + (threads == 1 ? " thread" : " threads");
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return describe(threads);
    }

    @Override
    public Ops ops() {
        return ops;
    }

    @Override
    public Tensor allocate(Arena arena, DType dtype, Shape shape) {
        queue.require();
        return HostMemory.allocate(arena, dtype, shape);
    }

    @Override
    public Linear linear(Arena arena, Tensor weight, @Nullable Tensor bias, DType dtype) {
        queue.require();
        CheckedOps.checkLinear(weight, bias, dtype);
        int outputs = weight.shape().size(0);
        int inputs = weight.shape().size(1);
        Tensor transposed = HostMemory.allocate(arena, DType.F32, Shape.of(inputs, outputs));
        Floats from = new Floats(weight);
        Floats to = new Floats(transposed);
        for (int n = 0; n < outputs; n++) {
            for (int k = 0; k < inputs; k++) {
                float w = from.getFloat((long) n * inputs + k);
                to.set((long) k * outputs + n, dtype == DType.BF16 ? Bf16.round(w) : w);
            }
        }
        return new ReferenceLinear(transposed, bias == null ? null : copy(arena, bias), dtype);
    }

    private static Tensor copy(Arena arena, Tensor source) {
        Tensor target = HostMemory.allocate(arena, DType.F32, source.shape());
        Floats from = new Floats(source);
        Floats to = new Floats(target);
        for (long i = 0; i < source.shape().elements(); i++) {
            to.set(i, from.get(i));
        }
        return target;
    }

    @Override
    public void write(Tensor target, MemorySegment source) {
        queue.require();
        ops.checkCopy("write", target, source);
        target.memory().copyFrom(source);
    }

    @Override
    public void read(Tensor source, MemorySegment target) {
        queue.require();
        ops.checkCopy("read", source, target);
        target.copyFrom(source.memory());
    }

    @Override
    public Mark mark() {
        return queue.mark();
    }

    @Override
    public void close() {
        queue.close();
        workers.close();
    }
}
