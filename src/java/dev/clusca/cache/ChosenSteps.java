package dev.clusca.cache;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Besides the first steps, exactly those that are named. */
record ChosenSteps(List<Integer> full) implements Schedule {
    ChosenSteps {
        full = List.copyOf(full);
        if (full.isEmpty()) {
            throw new IllegalArgumentException("full names no step; name at least one, as in full=0/1/6/12");
        }
        for (int i = 0; i < full.size(); i++) {
            int least = i == 0 ? 0 : full.get(i - 1) + 1;
            if (full.get(i) < least) {
                throw new IllegalArgumentException("full names steps from 0 on in ascending order, but step "
                        + full.get(i) + (i == 0 ? " is the first" : " follows step " + full.get(i - 1)));
            }
        }
    }

    @Override
    public List<StepKind> of(int steps, int firstEnhance) {
        if (full.getLast() >= steps) {
            throw new IllegalArgumentException("step " + full.getLast() + " is to be full, but the run has " + steps
                    + (steps == 1 ? " step, 0" : " steps, 0 to " + (steps - 1)));
        }
        return IntStream.range(0, steps)
                .mapToObj(i -> i < firstEnhance || full.contains(i) ? StepKind.FULL : StepKind.CACHED)
                .toList();
    }

    /** As {@code full=0/1/6/12}. */
    @Override
    public String spec() {
        return full.stream().map(String::valueOf).collect(Collectors.joining("/", "full=", ""));
    }
}
