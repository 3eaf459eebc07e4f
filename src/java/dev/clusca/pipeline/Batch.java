package dev.clusca.pipeline;

import dev.clusca.cache.Flops;

/** Images on their way from noise, all at once: what they hold on the device, and their steps, enqueued one by one. */
sealed interface Batch extends AutoCloseable permits BatchRun, FluxRun {
    /** Number of steps. */
    int steps();

    /** The sampler's index of the step at a place in the run. */
    int index(int step);

    /** Enqueues a step: all of it up to the sampler's update. */
    void enqueue(int step);

    /** Waits for a step and tells what it took. */
    RunMetrics.StepTime finished(int step);

    /**
     * Waits for all that is enqueued and reads the samples, which the next call overwrites.
     *
     * @throws dev.clusca.backend.BackendException if the backend failed, or a sample is not finite
     */
    float[] samples();

    /** Milliseconds from the begin to the end of the last step. */
    double totalMs();

    /** What all steps compute. */
    Flops flops();

    /** Waits for what is enqueued and frees what the batch holds. */
    @Override
    void close();
}
