package dev.clusca.backend.cuda;

import dev.clusca.backend.Activation;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;

/** A vendor's library that multiplies matrices, row-major. What it cannot do after a product, {@link EpilogueKernels} does. */
interface MatrixLibrary extends AutoCloseable {
    /**
     * Whether {@link #multiply} does all of this by itself. It always multiplies to F32 without bias and activation.
     *
     * @param input type of the operands
     * @param output type of the result
     */
    boolean fuses(boolean bias, Activation activation, DType input, DType output);

    /**
     * Enqueues {@code out = activation(a W^T + bias)} in the stream that it was made for.
     *
     * @param a {@code [.., inputs]} of the layer's type
     * @param layer weights in rows
     * @param bias whether the layer's bias is added
     * @param out {@code [.., outputs]}
     * @throws dev.clusca.backend.BackendException if the library refuses: which call, why, and what to do
     */
    void multiply(Tensor a, CudaLinear layer, boolean bias, Activation activation, Tensor out);

    @Override
    void close();
}
