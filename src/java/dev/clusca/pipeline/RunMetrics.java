package dev.clusca.pipeline;

import dev.clusca.cache.StepKind;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What a run took.
 *
 * @param totalMs milliseconds on the device from the first operation to the last sample, modulations included, model loading not
 * @param steps every step in order; of every batch, if there were several
 * @param publishedFlops floating-point operations as the papers count them
 * @param executedFlops floating-point operations as executed, k-means apart
 */
public record RunMetrics(double totalMs, List<StepTime> steps, double publishedFlops, double executedFlops) {
    /**
     * One step.
     *
     * @param step the sampler's index (DiT counts down to 0)
     * @param ms milliseconds on the device, guidance and sampler update included, and clustering where the step does it
     */
    public record StepTime(int step, StepKind kind, double ms) {}

    public RunMetrics {
        steps = List.copyOf(steps);
    }

    /** Median milliseconds of the full steps. */
    public OptionalDouble fullStepMs() {
        return median(StepKind.FULL);
    }

    /** Median milliseconds of the cached steps; empty if there were none. */
    public OptionalDouble cachedStepMs() {
        return median(StepKind.CACHED);
    }

    private OptionalDouble median(StepKind kind) {
        double[] sorted = steps.stream()
                .filter(s -> s.kind() == kind)
                .mapToDouble(StepTime::ms)
                .sorted()
                .toArray();
        int n = sorted.length;
        return n == 0 ? OptionalDouble.empty() : OptionalDouble.of((sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
    }
}
