package dev.clusca.pipeline;

import dev.clusca.cache.CachePolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Takes a run's batches through their steps, one after the other, and gathers what they took. A step is told of when the next is enqueued, so that the device need not wait for the host. */
final class StepLoop {
    private final CachePolicy policy;
    private final Progress progress;
    private final @Nullable Preview preview;
    private final BooleanSupplier cancelled;
    private final int allSteps;
    private final List<RunMetrics.StepTime> times = new ArrayList<>();
    private double totalMs;
    private double published;
    private double executed;

    /** @param allSteps of all batches */
    StepLoop(
            CachePolicy policy, Progress progress, @Nullable Preview preview, BooleanSupplier cancelled, int allSteps) {
        this.policy = policy;
        this.progress = progress;
        this.preview = preview;
        this.cancelled = cancelled;
        this.allSteps = allSteps;
    }

    /**
     * Takes a batch through all of its steps.
     *
     * @param firstImage the place in the run of its first image
     * @return the samples
     * @throws CancellationException if the run was cancelled
     */
    float[] run(Batch batch, int firstImage) {
        for (int step = 0; step < batch.steps(); step++) {
            if (cancelled.getAsBoolean()) {
                throw new CancellationException(
                        "sampling was cancelled after " + times.size() + " of " + allSteps + " steps");
            }
            batch.enqueue(step);
            if (step > 0) {
                report(batch.finished(step - 1));
            }
            if (preview != null) {
                preview.samples(firstImage, batch.index(step), batch.samples().clone());
            }
        }
        report(batch.finished(batch.steps() - 1));
        totalMs += batch.totalMs();
        published += batch.flops().published();
        executed += batch.flops().executed();
        return batch.samples();
    }

    private void report(RunMetrics.StepTime time) {
        times.add(time);
        StepEvent.commit(time, policy);
        progress.step(times.size(), allSteps, time.kind(), time.ms());
    }

    /** What the batches took until now. */
    RunMetrics metrics() {
        return new RunMetrics(totalMs, times, published, executed);
    }
}
