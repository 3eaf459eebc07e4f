package dev.clusca.backend.cpu;

import dev.clusca.bindings.cpu.FloatMemory;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One convolution, its arguments as the kernels take them.
 *
 * @param height of the result, as the width
 * @param channels of the image that comes in
 * @param size of the filter, 1 or 3
 * @param residual {@link FloatMemory#NONE} to add none
 */
record Convolution(
        FloatMemory x,
        long images,
        long height,
        long width,
        long channels,
        long size,
        boolean doubled,
        CpuLinear layer,
        FloatMemory residual,
        FloatMemory out) {
    static Convolution of(Tensor x, CpuLinear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        Shape result = out.shape();
        long channels = x.shape().dim(3);
        return new Convolution(
                Engine.floats(x),
                result.dim(0),
                result.dim(1),
                result.dim(2),
                channels,
                layer.inputs() == channels ? 1 : 3,
                doubled,
                layer,
                residual == null ? FloatMemory.NONE : Engine.floats(residual),
                Engine.floats(out));
    }

    long pixels() {
        return images * height * width;
    }
}
