package dev.clusca.backend.cpu;

import dev.clusca.backend.Activation;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Who multiplies matrices, {@link DnnlProducts} or {@link OwnProducts}: linear layers over weights packed as it likes, and attention. Used by the worker's thread alone. */
sealed interface MatrixProducts extends AutoCloseable permits DnnlProducts, OwnProducts {
    /** Bytes of a layer's packed weights. */
    long packedBytes(int inputs, int outputs, DType dtype);

    /** Packs float weights {@code [outputs, inputs]} as {@code dtype}. */
    void pack(Tensor weight, DType dtype, Tensor packed);

    /**
     * {@code out = activation(a W^T + bias)}.
     *
     * @param a address of {@code rows * inputs} values of the layer's type
     * @param out address of {@code rows * outputs} values
     */
    void linear(CpuLinear layer, long rows, Activation activation, long a, DType outType, long out);

    void residual(Residual residual);

    /** Softmax attention as in {@link dev.clusca.backend.Ops#attention}. */
    void attention(Tensor qkv, int heads, Tensor out);

    /** A convolution as in {@link dev.clusca.backend.Ops#convolve}. */
    void convolve(Convolution convolution);

    @Override
    void close();

    /** 0 for none. */
    static long address(@Nullable Tensor tensor) {
        return tensor == null ? 0 : tensor.address();
    }
}
