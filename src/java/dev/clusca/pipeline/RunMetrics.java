package dev.clusca.pipeline;

import dev.clusca.cache.StepKind;
import java.util.ArrayList;
import java.util.Comparator;
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

    /**
     * What a run takes where nothing disturbs it: of each step the least time in any of the runs, which other programs can only lengthen, and of the time between steps likewise.
     *
     * @param runs of the same work, at least one
     */
    public static RunMetrics undisturbed(List<RunMetrics> runs) {
        RunMetrics first = runs.getFirst();
        List<StepTime> steps = new ArrayList<>();
        for (int i = 0; i < first.steps().size(); i++) {
            int step = i;
            steps.add(runs.stream()
                    .map(run -> run.steps().get(step))
                    .min(Comparator.comparingDouble(StepTime::ms))
                    .orElseThrow());
        }
        double between = runs.stream()
                .mapToDouble(run -> run.totalMs() - ms(run.steps()))
                .min()
                .orElseThrow();
        return new RunMetrics(ms(steps) + between, steps, first.publishedFlops(), first.executedFlops());
    }

    private static double ms(List<StepTime> steps) {
        return steps.stream().mapToDouble(StepTime::ms).sum();
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
