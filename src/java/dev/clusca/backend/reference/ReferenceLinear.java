package dev.clusca.backend.reference;

import dev.clusca.backend.Linear;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A layer's weights, transposed so that the inner loop of a product runs along the outputs.
 *
 * @param weight F32 {@code [inputs, outputs]}, rounded to {@code dtype}
 * @param bias F32 {@code [outputs]}, or null
 */
record ReferenceLinear(Tensor weight, @Nullable Tensor bias, DType dtype) implements Linear {
    @Override
    public int inputs() {
        return weight.shape().size(0);
    }

    @Override
    public int outputs() {
        return weight.shape().size(1);
    }

    @Override
    public boolean hasBias() {
        return bias != null;
    }
}
