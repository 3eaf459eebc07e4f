package dev.clusca.pipeline.profile;

import dev.clusca.backend.Backend;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Linear;
import dev.clusca.backend.MlpChain;
import dev.clusca.backend.Ops;
import dev.clusca.backend.PrefixState;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Times every operation that goes through {@link #backend}: give that to a model instead of the backend itself. Two points in the device's queue enclose each call, so times are those of
 * the device, and the gaps between operations belong to none.
 */
public final class Profile {
    private final Backend backend;
    private final Backend profiled;
    private final List<List<Call>> steps = new ArrayList<>();
    private List<Call> current = new ArrayList<>();

    private record Call(String operation, Cost cost, Backend.Mark start, Backend.Mark end) {}

    /**
     * All calls of an operation in one step.
     *
     * @param operation the method of {@link Ops}; a product with its extents, rows x inputs x outputs
     * @param calls how many there were
     * @param ms milliseconds of the device
     * @param bytes that they must move at least: every input and output once, all planes of a ladder
     * @param flops floating-point operations
     */
    public record Line(String operation, int calls, double ms, long bytes, double flops) {
        /** The part of the copy bandwidth that it reached, 0 to 1. */
        public double ofBandwidth(Peaks peaks) {
            return bytes / (ms * 1e-3) / peaks.copyBytesPerSecond();
        }

        /** The part of the product rate that it reached. */
        public double ofProducts(Peaks peaks) {
            return flops / (ms * 1e-3) / peaks.flopsPerSecond();
        }
    }

    public Profile(Backend backend) {
        this.backend = backend;
        this.profiled = new ProfiledBackend();
    }

    /** The backend whose operations are timed. Closing it closes the backend. */
    public Backend backend() {
        return profiled;
    }

    /** How many steps ended. */
    public int steps() {
        return steps.size();
    }

    /** Where a step's time went, the longest first; waits for it. What a run does once, before its first step, counts to that. */
    public List<Line> step(int step) {
        Map<String, Line> lines = new LinkedHashMap<>();
        for (Call call : steps.get(step)) {
            lines.merge(
                    call.operation,
                    new Line(call.operation, 1, call.end.millisSince(call.start), call.cost.bytes(), call.cost.flops()),
                    (a, b) -> new Line(
                            a.operation, a.calls + b.calls, a.ms + b.ms, a.bytes + b.bytes, a.flops + b.flops));
        }
        return lines.values().stream()
                .sorted(Comparator.comparingDouble(Line::ms).reversed())
                .toList();
    }

    /** Hands everything on, operations by way of the recorder. */
    private final class ProfiledBackend implements Backend, ProfiledOps.Recorder {
        private final Ops ops = new ProfiledOps(this);

        @Override
        public void run(String operation, Cost cost, Consumer<Ops> work) {
            Mark start = backend.mark();
            work.accept(backend.ops());
            current.add(new Call(operation, cost, start, backend.mark()));
        }

        @Override
        public void endStep() {
            steps.add(current);
            current = new ArrayList<>();
        }

        @Override
        public String name() {
            return backend.name();
        }

        @Override
        public String description() {
            return backend.description();
        }

        @Override
        public Ops ops() {
            return ops;
        }

        @Override
        public Tensor allocate(Arena arena, DType dtype, Shape shape) {
            return backend.allocate(arena, dtype, shape);
        }

        @Override
        public Linear linear(Arena arena, Tensor weight, @Nullable Tensor bias, DType dtype) {
            return backend.linear(arena, weight, bias, dtype);
        }

        @Override
        public void write(Tensor target, MemorySegment source) {
            backend.write(target, source);
        }

        @Override
        public void read(Tensor source, MemorySegment target) {
            backend.read(source, target);
        }

        @Override
        public Mark mark() {
            return backend.mark();
        }

        @Override
        public void prepare() {
            backend.prepare();
        }

        @Override
        public boolean hasPrefixChain(MlpChain chain, CachedLayers layers, PrefixState state) {
            return backend.hasPrefixChain(chain, layers, state);
        }

        @Override
        public void close() {
            backend.close();
        }
    }
}
