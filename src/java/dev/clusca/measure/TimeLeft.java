package dev.clusca.measure;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * About how long the rest of a benchmark takes: the operations of the runs to come, at the rate of those that were made. Cached steps do fewer operations in a second than full
 * ones, so each method has a rate of its own as soon as it has run once; until then it has that of all runs so far.
 */
final class TimeLeft {
    /**
     * One run.
     *
     * @param method its policy's name
     * @param flops that it executes
     */
    record Work(String method, double flops) {}

    private static final String ALL = "";

    private final List<Work> runs;
    private final Map<String, Double> flops = new HashMap<>();
    private final Map<String, Double> seconds = new HashMap<>();

    TimeLeft(List<Work> runs) {
        this.runs = List.copyOf(runs);
    }

    /** A run has ended. */
    void took(int run, double took) {
        Work work = runs.get(run);
        for (String key : List.of(work.method(), ALL)) {
            flops.merge(key, work.flops(), Double::sum);
            seconds.merge(key, took, Double::sum);
        }
    }

    /** Seconds of a run and all behind it; empty before the first has ended. */
    OptionalDouble secondsFrom(int run) {
        if (!seconds.containsKey(ALL)) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(runs.subList(run, runs.size()).stream()
                .mapToDouble(this::seconds)
                .sum());
    }

    private double seconds(Work work) {
        String key = seconds.containsKey(work.method()) ? work.method() : ALL;
        return work.flops() * seconds.getOrDefault(key, 0.0) / flops.getOrDefault(key, 1.0);
    }
}
