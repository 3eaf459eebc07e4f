package dev.clusca.cache;

import java.util.ArrayList;
import java.util.List;

/** The published schedule of TaylorSeer and ClusCa: the first {@code firstEnhance} steps are full, then every {@code interval}-th. */
record EqualDistances(int interval) implements Schedule {
    EqualDistances {
        PolicyGrammar.checkInterval(interval);
    }

    @Override
    public List<StepKind> of(int steps, int firstEnhance) {
        List<StepKind> kinds = new ArrayList<>(steps);
        int sinceFull = 0;
        for (int step = 0; step < steps; step++) {
            boolean full = step < firstEnhance || sinceFull == interval - 1;
            kinds.add(full ? StepKind.FULL : StepKind.CACHED);
            sinceFull = full ? 0 : sinceFull + 1;
        }
        return kinds;
    }

    @Override
    public String spec() {
        return "interval=" + interval;
    }
}
