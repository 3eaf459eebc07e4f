package dev.clusca.emulator.driver;

import dev.clusca.random.Philox;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The work of a context that has been enqueued and not run. It runs only when somebody waits, one piece after the other, each time one drawn
 * from all that could run: so what the program did not order happens in any order, and late. The seed decides which.
 *
 * <p>The clock counts finished pieces of work.
 */
final class WorkQueue {
    private final long seed;
    private final List<Work> ready = new ArrayList<>();
    private int picks;
    private long clock;

    WorkQueue(long seed) {
        this.seed = seed;
    }

    /** Enqueues an action that runs after all of the given work. */
    Work submit(Runnable action, Collection<Work> after) {
        Work work = new Work(action);
        after.forEach(work::waitFor);
        if (work.isReady()) {
            ready.add(work);
        }
        return work;
    }

    /** Runs until a piece of work is done. */
    void finish(Work work) {
        while (!work.isDone()) {
            step();
        }
    }

    void finishAll() {
        while (!ready.isEmpty()) {
            step();
        }
    }

    /** Runs one piece of work if there is any: what a program that polls may count on. */
    void progress() {
        if (!ready.isEmpty()) {
            step();
        }
    }

    /** Forgets all work. */
    void abandon() {
        ready.clear();
    }

    private void step() {
        int draw = Philox.draw(seed, picks++, 0, 0, 0);
        int last = ready.size() - 1;
        int chosen = Integer.remainderUnsigned(draw, ready.size());
        Work work = ready.get(chosen);
        ready.set(chosen, ready.get(last));
        ready.remove(last);
        work.run();
        ready.addAll(work.finish(++clock));
    }
}
