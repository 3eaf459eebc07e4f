package dev.clusca.pipeline;

/** Sees the samples after every step. Each look waits for the step and copies the samples, so a run that is timed goes without. */
@FunctionalInterface
public interface Preview {
    /**
     * A step has ended.
     *
     * @param firstImage place in the run of the batch's first image
     * @param step the sampler's index (DiT counts down to 0)
     * @param samples {@code [images of the batch, channels, h, w]}
     */
    void samples(int firstImage, int step, float[] samples);
}
