package dev.clusca.backend.cuda;

import dev.clusca.bindings.dnn.ConvolutionPlan;
import dev.clusca.bindings.dnn.ConvolutionShape;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Convolution by cuDNN, with a plan for each shape that was met. It reads filters row-major, {@code [outputs, row, column, channel]}, so that a layer's weights are unpacked when it is first used; these
 * copies are kept until the backend is closed.
 */
final class CudnnConvolution implements AutoCloseable {
    private static final int LARGE_FILTER = 3;

    private final CudnnSession cudnn;
    private final CudaQueue queue;
    private final Scratch scratch;
    private final Staging staging;
    private final Map<ConvolutionShape, ConvolutionPlan> plans = new HashMap<>();
    /** By identity: a layer that was freed leaves its addresses to others. */
    private final Map<CudaLinear, Tensor> filters = new IdentityHashMap<>();

    CudnnConvolution(CudnnSession cudnn, CudaQueue queue, Scratch scratch, Staging staging) {
        this.cudnn = cudnn;
        this.queue = queue;
        this.scratch = scratch;
        this.staging = staging;
    }

    /** Whether cuDNN computes it: an image that is enlarged on the way it does not take, nor a residual without a bias. */
    boolean takes(Tensor x, CudaLinear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        return !doubled
                && out.shape().elements() > 0
                && x.shape().elements() > 0
                && (residual == null || layer.hasBias())
                && CudnnSession.aligned(x, layer.bias(), residual, out);
    }

    /** Enqueues it; {@link #takes} said yes. A residual that is out itself is copied first, since nothing says that cuDNN may write where it reads. */
    void convolve(Tensor x, CudaLinear layer, @Nullable Tensor residual, Tensor out) {
        Tensor filter = filter(layer);
        Shape in = x.shape();
        int size = layer.inputs() == in.dim(3) ? 1 : LARGE_FILTER;
        ConvolutionShape shape = new ConvolutionShape(
                CudnnSession.type(x.dtype()),
                in.dim(0),
                in.dim(1),
                in.dim(2),
                in.dim(3),
                layer.outputs(),
                size,
                layer.hasBias(),
                residual == null ? null : CudnnSession.type(residual.dtype()),
                CudnnSession.type(out.dtype()));
        ConvolutionPlan plan = cudnn.plan(plans, "convolve", shape, ConvolutionPlan::new);

        boolean inPlace = residual != null && out.isSame(residual);
        long copied = inPlace ? Math.ceilDiv(out.bytes(), DeviceMemory.ALIGNMENT) * DeviceMemory.ALIGNMENT : 0;
        long memory = cudnn.workspace("convolve", copied + plan.workspaceBytes());
        if (inPlace) {
            queue.stream().copy(Tensor.wrap(memory, out.dtype(), out.shape()), out);
        }
        long added = inPlace ? memory : residual == null ? 0 : residual.address();
        cudnn.run(() -> plan.run(
                cudnn.handle(),
                x.address(),
                filter.address(),
                layer.biasAddress(),
                added,
                out.address(),
                plan.workspaceBytes() == 0 ? 0 : memory + copied));
    }

    private Tensor filter(CudaLinear layer) {
        Tensor known = filters.get(layer);
        if (known != null) {
            return known;
        }
        Tensor filter = scratch.kept("convolve", layer.dtype(), Shape.of(layer.outputs(), layer.inputs()));
        staging.write(filter, rows(layer));
        filters.put(layer, filter);
        return filter;
    }

    /** A layer's weights row-major, after all that is enqueued. */
    private MemorySegment rows(CudaLinear layer) {
        Tensor weight = layer.weight(WeightLayout.PACKED);
        int packed = Math.toIntExact(weight.shape().elements());
        int count = Math.multiplyExact(layer.outputs(), layer.inputs());
        if (layer.dtype() == DType.BF16) {
            short[] from = new short[packed];
            short[] to = new short[count];
            staging.read(weight, MemorySegment.ofArray(from));
            for (int i = 0; i < count; i++) {
                to[i] = from[Math.toIntExact(index(layer, i))];
            }
            return MemorySegment.ofArray(to);
        }
        float[] from = new float[packed];
        float[] to = new float[count];
        staging.read(weight, MemorySegment.ofArray(from));
        for (int i = 0; i < count; i++) {
            to[i] = from[Math.toIntExact(index(layer, i))];
        }
        return MemorySegment.ofArray(to);
    }

    private static long index(CudaLinear layer, int at) {
        return PackedWeights.index(at / layer.inputs(), at % layer.inputs(), layer.inputs(), layer.dtype());
    }

    @Override
    public void close() {
        plans.values().forEach(ConvolutionPlan::close);
        plans.clear();
        filters.clear();
    }
}
