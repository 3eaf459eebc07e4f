package dev.clusca.backend.cpu;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.CheckedOps;
import dev.clusca.backend.DeviceLimits;
import dev.clusca.backend.HostMemory;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Ops;
import dev.clusca.backend.ProcessorName;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The backend for x86-64 processors: work runs in order in a thread of its own. */
final class CpuBackend implements Backend {
    static final String NAME = "cpu";

    /** A larger write waits for the queue and copies once instead of copying twice. */
    private static final long LARGEST_STAGED = 1 << 20;

    private static final CheckedOps.Access SHARED = HostMemory.shared();

    private final int threads;
    private final String name;
    private final CpuChoice choice;
    private final Worker worker = new Worker();
    private final Engine engine;
    private final CheckedOps ops;

    /** @param name the backend's, or its variant's */
    CpuBackend(BackendOptions options, String name, CpuChoice choice) {
        this.name = name;
        this.choice = choice;
        threads = Processor.threads(options);
        engine = open(threads, choice);
        ops = new CheckedOps(new CpuOps(worker, engine, choice), CpuBackend::problem, new OwnLayers());
    }

    private Engine open(int threadCount, CpuChoice with) {
        try {
            return inWorker("open", () -> new Engine(threadCount, with));
        } catch (RuntimeException e) {
            worker.close(() -> {});
            throw e;
        }
    }

    /** One line for people; the libraries must be loaded. */
    static String describe(int threads, CpuChoice choice) {
        return ProcessorName.current() + ", " + threads + (threads == 1 ? " thread, " : " threads, ")
                + choice.describe();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        return describe(threads, choice);
    }

    @Override
    public Ops ops() {
        return ops;
    }

    @Override
    public Tensor allocate(Arena arena, DType dtype, Shape shape) {
        worker.require();
        Tensor tensor = CpuTensors.allocate(arena, dtype, shape, worker::settle);
        String problem = problem(tensor);
        if (problem != null) {
            throw new IllegalArgumentException("allocate: " + tensor + " " + problem);
        }
        return tensor;
    }

    @Override
    public Linear linear(Arena arena, Tensor weight, @Nullable Tensor bias, DType dtype) {
        worker.require();
        CheckedOps.checkLinear(weight, bias, dtype);
        choice.requireProducts("linear", dtype);
        int outputs = weight.shape().size(0);
        int inputs = weight.shape().size(1);
        // Memory comes from this thread: too little of it, or an arena that is confined, is this call's error and not
        // the queue's.
        long bytes = inWorker("linear", () -> engine.products().packedBytes(inputs, outputs, dtype));
        Tensor packed = allocate(arena, DType.BF16, Shape.of((bytes + 1) / 2));
        Tensor bias32 = bias == null ? null : allocate(arena, DType.F32, bias.shape());
        try (Arena copies = Arena.ofShared()) {
            Tensor nativeWeight = inNative(copies, weight);
            Tensor nativeBias = bias == null ? null : inNative(copies, bias);
            worker.run("linear", () -> engine.pack(nativeWeight, dtype, packed, nativeBias, bias32));
        }
        return new CpuLinear(inputs, outputs, dtype, packed, bias32, choice);
    }

    @Override
    public void write(Tensor target, MemorySegment source) {
        worker.require();
        ops.checkCopy("write", target, source);
        if (source.byteSize() > LARGEST_STAGED) {
            worker.mark().await();
            target.memory().copyFrom(source);
            return;
        }
        MemorySegment copy = MemorySegment.ofArray(source.toArray(ValueLayout.JAVA_BYTE));
        worker.submitOnce("write", () -> target.memory().copyFrom(copy));
    }

    @Override
    public void read(Tensor source, MemorySegment target) {
        worker.require();
        ops.checkCopy("read", source, target);
        worker.mark().await();
        target.copyFrom(source.memory());
    }

    @Override
    public Recording record(Runnable work) {
        return ops.recording(work, worker::record);
    }

    @Override
    public Optional<DeviceLimits> limits(DType dtype) {
        worker.require();
        return Optional.of(inWorker("limits", () -> Limits.measure(engine.kernels(), dtype)));
    }

    @Override
    public boolean pulse() {
        worker.submitOnce("pulse", engine::pulse);
        return true;
    }

    @Override
    public Mark mark() {
        return worker.mark();
    }

    @Override
    public void close() {
        worker.close(engine::close);
    }

    private final class OwnLayers implements CheckedOps.Layers {
        @Override
        public @Nullable String problem(Linear layer) {
            if (!(layer instanceof CpuLinear own)) {
                return CheckedOps.foreign(layer);
            }
            return own.choice().equals(choice)
                    ? null
                    : "was packed for " + own.choice().describe() + ", and this backend multiplies with "
                            + choice.describe() + "; make the layer with the backend that uses it";
        }

        @Override
        public Tensor weights(Linear layer) {
            return ((CpuLinear) layer).weights();
        }
    }

    private static @Nullable String problem(Tensor tensor) {
        String problem = SHARED.problem(tensor);
        if (problem == null && !tensor.memory().isNative()) {
            return "lies in the Java heap, which native code cannot address; allocate it through this backend";
        }
        return problem;
    }

    private static Tensor inNative(Arena arena, Tensor tensor) {
        if (tensor.memory().isNative()) {
            return tensor;
        }
        Tensor copy = CpuTensors.allocate(arena, tensor.dtype(), tensor.shape(), Worker.NOTHING);
        copy.memory().copyFrom(tensor.memory());
        return copy;
    }

    /** What the worker's thread returns. */
    private interface Supplier<T> {
        T get();
    }

    private <T> T inWorker(String operation, Supplier<T> supplier) {
        AtomicReference<@Nullable T> result = new AtomicReference<>();
        worker.run(operation, () -> result.set(supplier.get()));
        T value = result.get();
        if (value == null) {
            throw new AssertionError("the worker ran " + operation + " and returned nothing");
        }
        return value;
    }
}
