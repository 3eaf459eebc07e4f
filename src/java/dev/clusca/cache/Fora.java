package dev.clusca.cache;

import dev.clusca.tensor.DType;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * FORA (Selvaraju et al., "Fast-Forward Caching in Diffusion Transformer Acceleration", arXiv 2407.01425): between full steps, attention and MLP outputs are reused as
 * they are; only gates and modulations are fresh. As in its published code, the first step is full, and every step whose index, counted down to 0, is a multiple of the
 * interval; so the last step is full.
 *
 * @param interval steps from one full step to the next
 * @param ladder storage type of the cached features, null for the run's type
 */
public record Fora(int interval, @Nullable DType ladder) implements CachePolicy {
    public Fora {
        FixedSchedule.check("fora", interval, 1);
        PolicyGrammar.checkLadder("fora", ladder);
    }

    public Fora(int interval) {
        this(interval, null);
    }

    @Override
    public String name() {
        return "fora";
    }

    @Override
    public List<StepKind> schedule(int steps) {
        FixedSchedule.checkSteps(steps);
        return IntStream.range(0, steps)
                .mapToObj(i -> i == 0 || (steps - 1 - i) % interval == 0 ? StepKind.FULL : StepKind.CACHED)
                .toList();
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
    public String spec() {
        return "fora:interval=" + interval + PolicyGrammar.ladderSpec(ladder);
    }

    @Override
    public String toString() {
        return spec();
    }
}
