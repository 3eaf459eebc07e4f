package dev.clusca.backend.cuda;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendName;
import dev.clusca.backend.BackendProvider.Variant;
import dev.clusca.backend.CheckedOps;
import dev.clusca.backend.DeviceLimits;
import dev.clusca.backend.KernelUse;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Ops;
import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.bindings.CudaLibrary;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The backend for NVIDIA's GPUs: one stream, and the kernels in the jar. Every operation is one launch, a group norm two; a recording is one graph.
 *
 * <p>A program that owns its context, streams and memory uses the kernels alone: {@link #on(CudaStream)} with {@code CudaContext.current(driver).wrapStream(handle)}, and
 * {@link Tensor#wrap(long, DType, Shape)} for its pointers. Device memory of any owner is taken; that an address is the device's, and large enough, is the caller's duty.
 */
public final class CudaBackend implements Backend {
    static final String NAME = "cuda";
    static final Variant NAIVE = new Variant(
            "naive",
            "every operation by the plainest kernels that compute it, to measure and to read the others by",
            NaiveOps.OPERATIONS);

    private final CudaQueue queue;
    private final boolean ownsContext;
    private final boolean naive;
    private final Kernels kernels;
    private final Scratch scratch;
    private final Staging staging;
    private final Marks marks;
    private final CheckedOps ops;

    private CudaBackend(CudaStream stream, boolean ownsContext, boolean naive) {
        this.queue = new CudaQueue(stream);
        this.ownsContext = ownsContext;
        this.naive = naive;
        kernels = new Kernels(queue, naive ? NaiveOps.FAMILIES : Kernels.FAMILIES);
        scratch = new Scratch(queue);
        staging = new Staging(queue);
        marks = new Marks(queue);
        ops = new CheckedOps(
                naive ? new NaiveOps(queue, kernels, scratch, staging) : new CudaOps(queue, kernels, scratch, staging),
                CudaBackend::problem,
                CudaLinear.class);
    }

    /**
     * On the primary context of a device, with a stream of its own.
     *
     * @param device counted from 0, in the driver's order
     */
    public static CudaBackend open(CudaDriver driver, int device) {
        return open(driver, device, false);
    }

    /** The same with the plainest kernels. */
    static CudaBackend naive(CudaDriver driver, int device) {
        return open(driver, device, true);
    }

    private static CudaBackend open(CudaDriver driver, int device, boolean naive) {
        CudaContext context = CudaContext.primary(driver, device);
        try {
            return new CudaBackend(context.stream(), true, naive);
        } catch (RuntimeException e) {
            context.close();
            throw e;
        }
    }

    /** On a stream that somebody else owns and closes after this backend. */
    public static CudaBackend on(CudaStream stream) {
        return new CudaBackend(stream, false, false);
    }

    @Override
    public String name() {
        return naive ? new BackendName(NAME, NAIVE.name()).toString() : NAME;
    }

    @Override
    public String description() {
        return context().description()
                + (naive ? ", " + NAIVE.what() : ", products by clusca's own kernels")
                + (CudaLibrary.standIn().isPresent() ? "; its times are not those of a GPU" : "");
    }

    /** The context that it works in. */
    public CudaContext context() {
        return queue.context();
    }

    /** The stream that it enqueues in. */
    public CudaStream stream() {
        return queue.stream();
    }

    @Override
    public Ops ops() {
        return ops;
    }

    /**
     * Captures the operations that the work enqueues, to launch them as often as wanted with {@link #launch}. Nothing of it runs now. The work neither reads, writes, allocates nor marks. What k-means,
     * products of few rows, timestep features, group norms, a patch embedding with a bias of another type and the naive variant's attention need beside their arguments must be there already: run these once with the
     * same extents before.
     */
    public CudaGraph capture(Runnable work) {
        CudaGraph[] graph = new CudaGraph[1];
        queue.submit("capture", () -> {
            kernels.loadAll();
            graph[0] = CudaGraph.capture(queue.stream(), work);
        });
        return graph[0];
    }

    /** As one graph, which costs one call to launch, however many operations it holds. */
    @Override
    public Recording record(Runnable work) {
        CudaGraph graph = capture(work);
        return new Recording() {
            @Override
            public void replay() {
                launch(graph);
            }

            @Override
            public List<KernelUse> kernels() {
                List<KernelUse> uses = new ArrayList<>();
                queue.submit("the kernels of a graph", () -> uses.addAll(kernels.uses(graph)));
                return uses;
            }

            @Override
            public void close() {
                graph.close();
            }
        };
    }

    /** Enqueues a graph. */
    public void launch(CudaGraph graph) {
        queue.submit("the launch of a graph", () -> graph.launch(queue.stream()));
    }

    @Override
    public Tensor allocate(Arena arena, DType dtype, Shape shape) {
        queue.require();
        return context().memory().allocate(arena, dtype, shape);
    }

    @Override
    public Linear linear(Arena arena, Tensor weight, @Nullable Tensor bias, DType dtype) {
        queue.require();
        CheckedOps.checkLinear(weight, bias, dtype);
        int outputs = weight.shape().size(0);
        int inputs = weight.shape().size(1);
        Tensor packed = allocate(arena, dtype, PackedWeights.shape(outputs, inputs, dtype));
        Tensor bias32 = bias == null ? null : allocate(arena, DType.F32, bias.shape());
        Shape flat = Shape.of(packed.shape().elements());
        queue.submit("linear", () -> {
            PackedWeights.pack(weight, dtype, (element, group) -> {
                long count = group.byteSize() / dtype.bytes();
                staging.write(packed.reshape(flat).rows(element, count), group);
            });
            if (bias32 != null) {
                staging.write(bias32, MemorySegment.ofArray(PackedWeights.floats(bias)));
            }
            stream().synchronize();
        });
        return new CudaLinear(packed, bias32, inputs, outputs);
    }

    @Override
    public void write(Tensor target, MemorySegment source) {
        queue.require();
        ops.checkCopy("write", target, source);
        queue.submit("write", () -> staging.write(target, source));
    }

    @Override
    public void read(Tensor source, MemorySegment target) {
        queue.require();
        ops.checkCopy("read", source, target);
        queue.submit("read", () -> staging.read(source, target));
    }

    /** Of the GPU as its makers state it; none where it is emulated. */
    @Override
    public Optional<DeviceLimits> limits(DType dtype) {
        queue.require();
        return CudaLibrary.standIn().isPresent()
                ? Optional.empty()
                : CudaLimits.of(context().driver(), context().device()).in(dtype);
    }

    @Override
    public Mark mark() {
        Mark[] mark = new Mark[1];
        queue.submit("mark", () -> mark[0] = marks.mark());
        return mark[0];
    }

    @Override
    public void close() {
        queue.close(
                marks::close, staging::close, kernels::close, scratch::close, this::closeStream, this::closeContext);
    }

    private void closeStream() {
        if (ownsContext) {
            stream().close();
        }
    }

    private void closeContext() {
        if (ownsContext) {
            context().close();
        }
    }

    private static @Nullable String problem(Tensor tensor) {
        if (tensor.bytes() > 0 && tensor.isHost()) {
            return "lies in host memory, which the GPU does not see; allocate it through this backend and write to it";
        }
        if (tensor.address() == 0) {
            return "lies at address 0; expected device memory";
        }
        if (tensor.address() % tensor.dtype().bytes() != 0) {
            return "lies at address 0x" + Long.toHexString(tensor.address()) + "; expected a multiple of its element's "
                    + tensor.dtype().bytes() + " bytes";
        }
        return null;
    }
}
