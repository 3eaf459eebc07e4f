package dev.clusca.backend.cpu;

import dev.clusca.backend.Activation;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.bindings.cpu.FloatMemory;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;

/** The products of {@code native/cpu}. */
final class OwnProducts implements MatrixProducts {
    /** The columns of a panel at the widest level, and the inputs whose number is rounded up to where it is multiplied in tiles: there is room for whole ones at every level. */
    private static final int PANEL = 32;

    private static final int INPUTS = 32;

    /** As in {@code product.c}: rows that are widened or copied at a time, and how much further apart than their inputs they begin. */
    private static final long PIECE = 576;

    private static final long PAD = 16;

    private final CpuKernels kernels;
    private final Scratch scratch = new Scratch("scratch memory of products");

    OwnProducts(CpuKernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public long packedBytes(int inputs, int outputs, DType dtype) {
        return Math.ceilDiv((long) outputs, PANEL) * PANEL * whole(inputs) * dtype.bytes();
    }

    @Override
    public void pack(Tensor weight, DType dtype, Tensor packed) {
        kernels.packWeights(
                Engine.floats(weight),
                weight.shape().dim(0),
                weight.shape().dim(1),
                new FloatMemory(packed.address(), Engine.type(dtype)));
    }

    @Override
    public void linear(CpuLinear layer, long rows, Activation activation, long a, DType outType, long out) {
        kernels.multiply(
                a,
                rows,
                layer.inputs(),
                layer.packed(),
                MatrixProducts.address(layer.bias()),
                layer.outputs(),
                activation.ordinal(),
                out,
                Engine.type(outType),
                rows(rows, layer));
    }

    @Override
    public void residual(Residual r) {
        CpuLinear layer = r.layer();
        kernels.multiplyResidual(
                r.a(),
                r.batchRows(),
                r.tokens(),
                layer.inputs(),
                layer.packed(),
                MatrixProducts.address(layer.bias()),
                layer.outputs(),
                r.modulation(),
                r.gate(),
                r.feature(),
                r.x(),
                rows(r.batchRows() * r.tokens(), layer));
    }

    /** Room for rows that are widened or copied. */
    private long rows(long rows, CpuLinear layer) {
        return scratch.address(Math.min(rows, PIECE) * (whole(layer.inputs()) + PAD) * Float.BYTES);
    }

    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        long tokens = out.shape().dim(1);
        long headWidth = out.shape().dim(2) / heads;
        kernels.attention(
                qkv.address(),
                Engine.type(qkv.dtype()),
                out.shape().dim(0),
                tokens,
                heads,
                headWidth,
                out.address(),
                Engine.type(out.dtype()),
                scratch.address(CpuKernels.attentionScratch(tokens, headWidth)));
    }

    @Override
    public void convolve(Convolution c) {
        CpuLinear layer = c.layer();
        kernels.convolve(
                c.x().address(),
                c.images(),
                c.height(),
                c.width(),
                c.channels(),
                c.size(),
                c.doubled(),
                layer.packed(),
                MatrixProducts.address(layer.bias()),
                c.residual(),
                layer.outputs(),
                c.out(),
                scratch.address(window(c)));
    }

    private static long whole(int inputs) {
        return Math.ceilDiv(inputs, INPUTS) * (long) INPUTS;
    }

    /** Room for a piece of the image that comes in, or where it is enlarged first, of what it becomes. */
    private static long window(Convolution c) {
        long large = CpuKernels.convolveScratch(c.height(), c.width(), c.channels(), c.size());
        return c.doubled()
                ? Math.max(large, CpuKernels.convolveScratch(c.height() / 2, c.width() / 2, c.channels(), c.size()))
                : large;
    }

    @Override
    public void close() {
        scratch.close();
    }
}
