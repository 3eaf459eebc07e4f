package dev.clusca.cache;

import java.util.List;
import java.util.stream.IntStream;

/** FORA's published schedule: besides the first steps, those whose index, counted down to 0, is a multiple of the interval; so the last step is full. */
record FromTheEnd(int interval) implements Schedule {
    FromTheEnd {
        PolicyGrammar.checkInterval(interval);
    }

    @Override
    public List<StepKind> of(int steps, int firstEnhance) {
        return IntStream.range(0, steps)
                .mapToObj(i -> i < firstEnhance || (steps - 1 - i) % interval == 0 ? StepKind.FULL : StepKind.CACHED)
                .toList();
    }

    @Override
    public String spec() {
        return "fromend=" + interval;
    }
}
