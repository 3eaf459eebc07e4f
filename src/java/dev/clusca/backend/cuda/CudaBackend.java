package dev.clusca.backend.cuda;

import dev.clusca.backend.Backend;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.CheckedOps;
import dev.clusca.backend.DeviceLimits;
import dev.clusca.backend.KernelUse;
import dev.clusca.backend.Linear;
import dev.clusca.backend.MlpChain;
import dev.clusca.backend.Ops;
import dev.clusca.backend.PrefixState;
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
 * The backend for NVIDIA's GPUs: one stream, and the kernels in the jar. An operation is one launch, and several where its kernels have no form for what it
 * combines; a recording is one graph.
 *
 * <p>A program that owns its context, streams and memory uses the kernels alone: {@link #on(CudaStream)} with {@code CudaContext.current(driver).wrapStream(handle)}, and
 * {@link Tensor#wrap(long, DType, Shape)} for its pointers. Device memory of any owner is taken; that an address is the device's, and large enough, is the caller's duty.
 */
public final class CudaBackend implements Backend {
    static final String NAME = "cuda";

    private final CudaQueue queue;
    private final boolean ownsContext;
    private final @Nullable CudaVariant variant;
    private final GemmSource source;
    private final Gemm products;
    private final Kernels kernels;
    private final Scratch scratch;
    private final Staging staging;
    private final Marks marks;
    private final CudaOps operations;
    private final CheckedOps ops;

    /** @param variant what it is called and how it computes beside the backend itself, or null */
    private CudaBackend(CudaStream stream, boolean ownsContext, @Nullable CudaVariant variant, GemmSource source) {
        this.queue = new CudaQueue(stream);
        this.ownsContext = ownsContext;
        this.variant = variant;
        this.source = source;
        kernels = new Kernels(queue, families(variant, source));
        scratch = new Scratch(queue);
        staging = new Staging(queue);
        marks = new Marks(queue);
        try (CudaContext.Scope _ = context().enter()) {
            products = source.open(queue, kernels, scratch);
            operations = switch (variant) {
                case NAIVE -> new NaiveOps(queue, kernels, scratch, staging);
                case CHAIN -> new ChainOps(queue, kernels, products, scratch, staging);
                case CUDNN -> new CudnnOps(queue, kernels, products, scratch, staging);
                case null, default -> new CudaOps(queue, kernels, products, scratch, staging);
            };
        } catch (RuntimeException e) {
            scratch.close();
            throw e;
        }
        ops = new CheckedOps(operations, CudaBackend::problem, new OwnLayers());
    }

    private static List<String> families(@Nullable CudaVariant variant, GemmSource source) {
        return switch (variant) {
            case NAIVE -> NaiveOps.FAMILIES;
            case CHAIN -> ChainOps.FAMILIES;
            case null, default -> source.families();
        };
    }

    /**
     * On the primary context of a device, with a stream of its own.
     *
     * @param device counted from 0, in the driver's order
     * @throws dev.clusca.backend.BackendException if {@code -Dclusca.cuda.gemm} names a library for matrix products that cannot be used
     */
    public static CudaBackend open(CudaDriver driver, int device) {
        return open(driver, device, GemmChoice.configured());
    }

    /** A variant of it. */
    static CudaBackend open(CudaDriver driver, int device, CudaVariant variant) {
        return open(driver, device, variant, variant.gemm());
    }

    /** The backend itself, with products by somebody else. */
    static CudaBackend open(CudaDriver driver, int device, GemmSource source) {
        return open(driver, device, null, source);
    }

    private static CudaBackend open(CudaDriver driver, int device, @Nullable CudaVariant variant, GemmSource source) {
        CudaContext context = CudaContext.primary(driver, device);
        try {
            CudaStream stream = context.stream();
            try {
                return new CudaBackend(stream, true, variant, source);
            } catch (RuntimeException e) {
                stream.close();
                throw e;
            }
        } catch (RuntimeException e) {
            context.close();
            throw e;
        }
    }

    /** On a stream that somebody else owns and closes after this backend; products by clusca's own kernels. */
    public static CudaBackend on(CudaStream stream) {
        return new CudaBackend(stream, false, null, GemmChoice.OWN);
    }

    @Override
    public String name() {
        return variant == null ? NAME : variant.toString();
    }

    @Override
    public String description() {
        return context().description()
                + (variant == null
                        ? ", products by " + source.description()
                        : ", " + variant.variant().what())
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

    @Override
    public boolean hasPrefixChain(MlpChain chain, CachedLayers layers, PrefixState state) {
        return operations.hasPrefixChain(chain, layers, state);
    }

    /** Loads all kernels that operations may need. */
    @Override
    public void prepare() {
        queue.submit("preparing", kernels::loadAll);
    }

    /**
     * Captures the operations that the work enqueues, to launch them as often as wanted with {@link #launch}. Nothing of it runs now. The work neither reads, writes, allocates nor marks. What k-means,
     * products of few rows or by a library, timestep features, group norms, a patch embedding with a bias of another type, the naive variant's attention, the chain variant's chain and what cuDNN computes need beside their arguments
     * must be there already: run these once with the same extents before.
     */
    public CudaGraph capture(Runnable work) {
        CudaGraph[] graph = new CudaGraph[1];
        queue.submit("capture", () -> {
            queue.requireNoCapture("a capture", "capture one after the other");
            kernels.loadAll();
            graph[0] = CudaGraph.capture(queue.stream(), work);
        });
        return graph[0];
    }

    /** As one graph, which costs one call to launch, however many operations it holds. It is brought to the device here, so that the first launch takes no longer than the others. */
    @Override
    public Recording record(Runnable work) {
        return ops.recording(work, once -> recording(capture(once)));
    }

    private Recording recording(CudaGraph graph) {
        queue.submit("the upload of a graph", () -> graph.upload(queue.stream()));
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
        queue.submit("allocate", () -> queue.requireNoCapture("an allocation", "allocate before the capture"));
        return context().memory().allocate(arena, dtype, shape);
    }

    @Override
    public Linear linear(Arena arena, Tensor weight, @Nullable Tensor bias, DType dtype) {
        queue.require();
        CheckedOps.checkLinear(weight, bias, dtype);
        int outputs = weight.shape().size(0);
        int inputs = weight.shape().size(1);
        WeightLayout layout = products.layout();
        Tensor packed = allocate(arena, dtype, layout.shape(outputs, inputs, dtype));
        Tensor bias32 = bias == null ? null : allocate(arena, DType.F32, bias.shape());
        // A library adds a bias of the output's type.
        Tensor bias16 = bias == null || dtype == DType.F32 || layout == WeightLayout.PACKED
                ? null
                : allocate(arena, DType.BF16, bias.shape());
        Shape flat = Shape.of(packed.shape().elements());
        queue.submit("linear", () -> {
            layout.pack(weight, dtype, (element, group) -> {
                long count = group.byteSize() / dtype.bytes();
                staging.write(packed.reshape(flat).rows(element, count), group);
            });
            if (bias != null && bias32 != null) {
                staging.write(bias32, MemorySegment.ofArray(PackedWeights.floats(bias)));
            }
            if (bias != null && bias16 != null) {
                staging.write(bias16, MemorySegment.ofArray(PackedWeights.narrow(bias)));
            }
            stream().synchronize();
        });
        return new CudaLinear(layout, packed, bias32, bias16, inputs, outputs);
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
                marks::close,
                staging::close,
                this::closeOperations,
                this::closeProducts,
                kernels::close,
                scratch::close,
                this::closeStream,
                this::closeContext);
    }

    private void closeOperations() {
        if (operations instanceof CudnnOps cudnn) {
            cudnn.close();
        }
    }

    /** A library frees its handle in the context that it was made in. */
    private void closeProducts() {
        context().free(products::close);
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

    /** A library and our own kernels want a layer's weights in different orders. */
    private final class OwnLayers implements CheckedOps.Layers {
        @Override
        public @Nullable String problem(Linear layer) {
            if (!(layer instanceof CudaLinear own)) {
                return CheckedOps.foreign(layer);
            }
            WeightLayout expected = products.layout();
            return own.layout() == expected
                    ? null
                    : "has its weights " + own.layout() + ", and this backend takes them " + expected
                            + "; make the layer with the backend that uses it";
        }

        @Override
        public Tensor weights(Linear layer) {
            return ((CudaLinear) layer).weight();
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
