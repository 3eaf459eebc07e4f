package dev.clusca.pipeline.profile;

import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What one call of an operation must do at least.
 *
 * @param bytes every input once and every output once; of ladders, all planes
 * @param flops floating-point operations, 2 a multiply-add; an exp counts as one
 */
public record Cost(long bytes, double flops) {
    public static final Cost NONE = new Cost(0, 0);

    /** The operation moves these tensors once, and does {@code flops}. */
    static Cost of(double flops, @Nullable Tensor... tensors) {
        long bytes = 0;
        for (Tensor tensor : tensors) {
            bytes += tensor == null ? 0 : tensor.bytes();
        }
        return new Cost(bytes, flops);
    }

    Cost plus(long moreBytes) {
        return new Cost(bytes + moreBytes, flops);
    }

    Cost plus(Cost other) {
        return new Cost(bytes + other.bytes, flops + other.flops);
    }
}
