package dev.clusca.backend.cuda;

import dev.clusca.tensor.Tensor;

/** Who multiplies matrices on a GPU, {@link ProductKernels} or {@link LibraryGemm} with a vendor's library: {@code a W^T} over weights laid out as it likes, and what follows. */
sealed interface Gemm extends AutoCloseable permits ProductKernels, LibraryGemm {
    /** How it takes a layer's weights. */
    WeightLayout layout();

    /**
     * Enqueues {@code epilogue(a W^T)}.
     *
     * @param a {@code [.., inputs]} of the layer's type
     * @param layer laid out as {@link #layout} says
     */
    void multiply(Tensor a, CudaLinear layer, Epilogue epilogue);

    @Override
    void close();
}
