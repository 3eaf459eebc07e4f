package dev.clusca.backend.cuda;

import dev.clusca.backend.Linear;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A linear layer on the device.
 *
 * @param layout of the weights
 * @param bias F32 {@code [outputs]}, or null
 * @param narrowBias the same rounded to BF16, where a library wants it so; else null
 */
record CudaLinear(
        WeightLayout layout,
        Tensor weight,
        @Nullable Tensor bias,
        @Nullable Tensor narrowBias,
        int inputs,
        int outputs) implements Linear {
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

    /** The weights, which must lie so. */
    Tensor weight(WeightLayout expected) {
        if (layout != expected) {
            throw new IllegalArgumentException("a linear layer has its weights " + layout
                    + ", and this backend takes them " + expected + "; make the layer with the backend that uses it");
        }
        return weight;
    }
}
