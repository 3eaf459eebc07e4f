package dev.clusca.pipeline;

import dev.clusca.cache.StepKind;

/** Hears of a run's steps as they end, in the thread that runs it. */
@FunctionalInterface
public interface Progress {
    /** Hears nothing. */
    Progress NONE = (done, of, kind, ms) -> {};

    /**
     * A step has ended.
     *
     * @param done steps that have ended, over all batches of the run
     * @param of steps of the whole run
     * @param ms milliseconds that the step took on the device
     */
    void step(int done, int of, StepKind kind, double ms);
}
