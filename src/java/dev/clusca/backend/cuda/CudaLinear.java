package dev.clusca.backend.cuda;

import dev.clusca.backend.Linear;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A linear layer on the device.
 *
 * @param weight as {@link PackedWeights} lays it out
 * @param bias F32 {@code [outputs]}, or null
 */
record CudaLinear(Tensor weight, @Nullable Tensor bias, int inputs, int outputs) implements Linear {
    @Override
    public DType dtype() {
        return weight.dtype();
    }

    @Override
    public boolean hasBias() {
        return bias != null;
    }

    /** 0 where there is none, as kernels take it. */
    long biasAddress() {
        return bias == null ? 0 : bias.address();
    }
}
