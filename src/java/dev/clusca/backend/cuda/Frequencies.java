package dev.clusca.backend.cuda;

import java.lang.foreign.MemorySegment;

/**
 * The frequencies of timestep features, as {@code kernels/embed.cu} takes them.
 *
 * @param half features of each kind
 * @param shift as in {@link dev.clusca.backend.Ops#timestepFeatures}
 */
record Frequencies(int half, int shift) {
    private static final float LN_PERIOD = (float) -Math.log(10_000);

    /** F32 {@code [half]}. */
    MemorySegment values() {
        float[] values = new float[half];
        for (int i = 0; i < half; i++) {
            // Exponent and frequency are rounded to float32 each, as in the published code.
            values[i] = (float) Math.exp(LN_PERIOD * i / (half - shift));
        }
        return MemorySegment.ofArray(values);
    }
}
