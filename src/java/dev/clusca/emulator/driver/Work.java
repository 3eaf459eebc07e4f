package dev.clusca.emulator.driver;

import java.util.ArrayList;
import java.util.List;

/** A piece of enqueued work. {@link WorkQueue} runs it after the work it waits for. */
final class Work {
    private final Runnable action;
    private final List<Work> dependents = new ArrayList<>();
    private int blockers;
    private boolean done;
    private long finishedAt;

    Work(Runnable action) {
        this.action = action;
    }

    /** Makes this wait for earlier work; work that is done is nothing to wait for. */
    void waitFor(Work earlier) {
        if (!earlier.done) {
            earlier.dependents.add(this);
            blockers++;
        }
    }

    boolean isReady() {
        return blockers == 0;
    }

    boolean isDone() {
        return done;
    }

    /** When it finished, on the clock of {@link WorkQueue}. */
    long finishedAt() {
        return finishedAt;
    }

    void run() {
        action.run();
    }

    /** Notes the end and gives the work that may run now. */
    List<Work> finish(long time) {
        done = true;
        finishedAt = time;
        List<Work> released = new ArrayList<>();
        for (Work dependent : dependents) {
            if (--dependent.blockers == 0) {
                released.add(dependent);
            }
        }
        dependents.clear();
        return released;
    }
}
