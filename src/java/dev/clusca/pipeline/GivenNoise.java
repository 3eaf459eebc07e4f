package dev.clusca.pipeline;

/** Noise that is given instead of drawn. */
final class GivenNoise {
    private GivenNoise() {}

    /** A copy of it, of finite values: one that is not would be noticed when a step's samples are, and blamed on the model. */
    static float[] copy(float[] noise) {
        for (int i = 0; i < noise.length; i++) {
            if (!Float.isFinite(noise[i])) {
                throw new IllegalArgumentException("value " + i + " of the noise given is " + noise[i]
                        + "; expected finite values, of mean 0 and variance 1");
            }
        }
        return noise.clone();
    }
}
