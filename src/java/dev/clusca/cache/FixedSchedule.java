package dev.clusca.cache;

import java.util.ArrayList;
import java.util.List;

/** The schedule that TaylorSeer and ClusCa share: the first {@code firstEnhance} steps are full, then every {@code interval}-th. */
final class FixedSchedule {
    private FixedSchedule() {}

    static List<StepKind> of(int steps, int interval, int firstEnhance) {
        checkSteps(steps);
        List<StepKind> kinds = new ArrayList<>(steps);
        int sinceFull = 0;
        for (int step = 0; step < steps; step++) {
            boolean full = step < firstEnhance || sinceFull == interval - 1;
            kinds.add(full ? StepKind.FULL : StepKind.CACHED);
            sinceFull = full ? 0 : sinceFull + 1;
        }
        return List.copyOf(kinds);
    }

    static void checkSteps(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("sampling needs at least 1 step, got " + steps);
        }
    }

    static void check(String policy, int interval, int firstEnhance) {
        if (interval < 1) {
            throw new IllegalArgumentException(policy
                    + ": interval is the number of steps from one full step to the next, at least 1; got " + interval);
        }
        if (firstEnhance < 1) {
            throw new IllegalArgumentException(policy
                    + ": first is the number of full steps at the beginning, at least 1 because nothing is cached before; got "
                    + firstEnhance);
        }
    }
}
