package dev.clusca.cache;

import dev.clusca.tensor.DType;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Every step computes everything: no cache. */
public record FullCompute() implements CachePolicy {
    @Override
    public String name() {
        return "full";
    }

    @Override
    public List<StepKind> schedule(int steps) {
        FixedSchedule.checkSteps(steps);
        return Collections.nCopies(steps, StepKind.FULL);
    }

    @Override
    public int order() {
        return 0;
    }

    @Override
    public int firstEnhance() {
        return 1;
    }

    @Override
    public @Nullable DType ladder() {
        return null;
    }

    @Override
    public String spec() {
        return "full";
    }

    @Override
    public String toString() {
        return spec();
    }
}
