package dev.clusca.bindings.dnn;

import dev.clusca.bindings.NativeUnavailableException;
import java.util.Optional;

/**
 * Softmax attention within each row over packed queries, keys and values {@code [rows, tokens, 3, heads, d]}, to {@code [rows, tokens, heads, d]}.
 *
 * @param d channels of a head
 */
public record AttentionShape(CudnnType type, long rows, long tokens, long heads, long d) {
    /** The first version in which attention is one operation that works. */
    static final long OLDEST = 91301;

    private static final int MULTIPLE = 8;
    private static final int WIDEST = 128;
    private static final int WIDEST_ON_HOPPER = 256;
    private static final int OLDEST_GPU = 80;
    private static final int HOPPER = 9;

    /**
     * Why cuDNN does not compute it, or nothing if it does.
     *
     * @param version of cuDNN, as in 92400
     * @param capability of the GPU, as in 90 for 9.0
     */
    public Optional<NativeUnavailableException> refusal(long version, int capability) {
        Optional<NativeUnavailableException> old = CudnnVersion.refusal("attention", version, OLDEST);
        if (old.isPresent()) {
            return old;
        }
        if (capability < OLDEST_GPU) {
            return refused(
                    "attention on a GPU of compute capability " + capability / 10 + "." + capability % 10,
                    "8.0 or newer");
        }
        if (type != CudnnType.BF16) {
            return refused("attention in " + type, "BF16: cuDNN's attention takes 16-bit types");
        }
        int widest = capability / 10 == HOPPER ? WIDEST_ON_HOPPER : WIDEST;
        if (d % MULTIPLE != 0 || d > widest) {
            return refused(
                    "attention in heads of " + d + " channels",
                    "a multiple of " + MULTIPLE + ", " + widest + " at most");
        }
        return Optional.empty();
    }

    private static Optional<NativeUnavailableException> refused(String found, String expected) {
        return Optional.of(new NativeUnavailableException(
                found, expected, "take clusca's own kernels, which compute it: --backend cuda", null));
    }
}
