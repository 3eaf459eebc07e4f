package dev.clusca.backend.cuda;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The bits of a kernel's argument {@code types}, which tells the tensors that are BF16, as {@code kernels/inc/epilogue.cuh} numbers them. */
enum Narrow {
    OUT,
    TABLE,
    FEATURE,
    X,
    LADDER;

    /** The bit if the tensor is BF16, else 0. */
    int of(@Nullable Tensor tensor) {
        return tensor != null && tensor.dtype() == DType.BF16 ? 1 << ordinal() : 0;
    }
}
