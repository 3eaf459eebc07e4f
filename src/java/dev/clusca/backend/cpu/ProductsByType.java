package dev.clusca.backend.cpu;

import dev.clusca.backend.Activation;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Set;

/** oneDNN's products for some types of layers and of attention's QKV, our own for the others. */
final class ProductsByType implements MatrixProducts {
    private final Set<DType> oneDnnTypes;
    private final MatrixProducts oneDnn;
    private final MatrixProducts own;

    ProductsByType(Set<DType> oneDnnTypes, CpuKernels kernels) {
        this.oneDnnTypes = oneDnnTypes;
        oneDnn = new DnnlProducts(kernels);
        own = new OwnProducts(kernels);
    }

    private MatrixProducts of(DType dtype) {
        return oneDnnTypes.contains(dtype) ? oneDnn : own;
    }

    @Override
    public long packedBytes(int inputs, int outputs, DType dtype) {
        return of(dtype).packedBytes(inputs, outputs, dtype);
    }

    @Override
    public void pack(Tensor weight, DType dtype, Tensor packed) {
        of(dtype).pack(weight, dtype, packed);
    }

    @Override
    public void linear(CpuLinear layer, long rows, Activation activation, long a, DType outType, long out) {
        of(layer.dtype()).linear(layer, rows, activation, a, outType, out);
    }

    @Override
    public void residual(Residual residual) {
        of(residual.layer().dtype()).residual(residual);
    }

    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        of(qkv.dtype()).attention(qkv, heads, out);
    }

    @Override
    public void convolve(Convolution convolution) {
        of(convolution.layer().dtype()).convolve(convolution);
    }

    @Override
    public void close() {
        oneDnn.close();
        own.close();
    }
}
