package dev.clusca.pipeline;

import dev.clusca.backend.Backend;
import dev.clusca.cache.StepKind;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/**
 * A run's steps in a backend's queue, and their times. The first step of each kind is enqueued as it comes, because it may have to begin something; the second is recorded, and serves all
 * others.
 */
final class StepQueue implements AutoCloseable {
    private final Backend backend;
    private final List<StepKind> kinds;
    private final boolean alike;
    private final IntUnaryOperator index;
    private final Backend.Mark start;
    private final Backend.Mark[] marks;
    private final Set<StepKind> begun = EnumSet.noneOf(StepKind.class);
    private final Map<StepKind, Backend.Recording> recordings = new EnumMap<>(StepKind.class);

    /**
     * The run's time begins now, with the backend prepared.
     *
     * @param alike whether steps of a kind do the same, so that they can be recorded; choices given from outside differ from step to step
     * @param index the sampler's index of the step at a place in the run
     */
    StepQueue(Backend backend, List<StepKind> kinds, boolean alike, IntUnaryOperator index) {
        this.backend = backend;
        this.kinds = kinds;
        this.alike = alike;
        this.index = index;
        this.marks = new Backend.Mark[kinds.size()];
        backend.prepare();
        this.start = backend.mark();
    }

    /** @param work enqueues the step's operations */
    void enqueue(int step, Runnable work) {
        StepKind kind = kinds.get(step);
        if (!alike || begun.add(kind)) {
            work.run();
        } else {
            recordings.computeIfAbsent(kind, _ -> backend.record(work)).replay();
        }
        marks[step] = backend.mark();
    }

    /** Waits for a step and tells what it took. */
    RunMetrics.StepTime finished(int step) {
        marks[step].await();
        double ms = marks[step].millisSince(step == 0 ? start : marks[step - 1]);
        return new RunMetrics.StepTime(index.applyAsInt(step), kinds.get(step), ms);
    }

    /** Milliseconds from the run's begin to the end of its last step. */
    double totalMs() {
        return marks[marks.length - 1].millisSince(start);
    }

    /** Frees the recordings; the work that was enqueued must have been waited for. */
    @Override
    public void close() {
        recordings.values().forEach(Backend.Recording::close);
    }
}
