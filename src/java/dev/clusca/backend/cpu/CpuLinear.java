package dev.clusca.backend.cpu;

import dev.clusca.backend.Linear;
import dev.clusca.bindings.cpu.FloatMemory;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A layer's weights as the {@link MatrixProducts} want them, and its bias in float32. Their memory belongs to the arena that the layer was made in.
 *
 * @param weights bytes that {@link MatrixProducts#pack} wrote
 * @param bias float32 {@code [outputs]}, or null
 * @param choice what the weights are packed for: each kind of product, and each instruction set, wants them in an order of its own
 * @param packed {@code weights} as kernels take them
 */
record CpuLinear(
        int inputs,
        int outputs,
        DType dtype,
        Tensor weights,
        @Nullable Tensor bias,
        CpuChoice choice,
        FloatMemory packed)
        implements Linear {
    CpuLinear(int inputs, int outputs, DType dtype, Tensor weights, @Nullable Tensor bias, CpuChoice choice) {
        this(inputs, outputs, dtype, weights, bias, choice, new FloatMemory(weights.address(), Engine.type(dtype)));
    }

    /**
     * The weights as kernels take them, made once: a product would leave one behind each time it runs.
     *
     * @throws RuntimeException as {@link Tensor#address}, if their arena was closed
     */
    @Override
    public FloatMemory packed() {
        weights.address();
        return packed;
    }

    @Override
    public boolean hasBias() {
        return bias != null;
    }
}
