package dev.clusca.bindings.dnn;

import org.jspecify.annotations.Nullable;

/**
 * A convolution of stride 1 that keeps the images' extents: {@code out = x * filter + residual + bias}, images {@code [n, h, w, channels]}, the filter {@code [outputs, size, size, inputs]}, summed in
 * F32 and rounded once.
 *
 * @param type of x and the filter
 * @param size of the square filter, odd
 * @param biased whether a bias, F32 {@code [outputs]}, is added
 * @param residual type of the residual, of out's shape and not out itself, or null if none is added; only with a bias, as cuDNN has no compiled engines for it without
 */
public record ConvolutionShape(
        CudnnType type,
        long images,
        long height,
        long width,
        long inputs,
        long outputs,
        int size,
        boolean biased,
        @Nullable CudnnType residual,
        CudnnType out) {
    public ConvolutionShape {
        if (size < 1 || size % 2 == 0) {
            throw new IllegalArgumentException("a convolution has a filter of size " + size
                    + "; expected an odd number, so that extents are kept");
        }
        if (residual != null && !biased) {
            throw new IllegalArgumentException(
                    "a convolution has a residual and no bias; expected both, or give it a bias of zeros");
        }
    }

    /** Tensor cores for BF16, and none for F32. */
    CudnnPrecision precision() {
        return type == CudnnType.BF16 ? CudnnPrecision.TENSOR_CORES : CudnnPrecision.EXACT;
    }
}
