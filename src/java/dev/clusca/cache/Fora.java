package dev.clusca.cache;

import dev.clusca.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * FORA (Selvaraju et al., "Fast-Forward Caching in Diffusion Transformer Acceleration", arXiv 2407.01425): between full steps, attention and MLP outputs are reused as
 * they are; only gates and modulations are fresh. At an interval, as in its published code, the first step is full, and every step whose index, counted down to 0, is a multiple of
 * the interval; so the last step is full.
 *
 * @param schedule which steps are full besides the first; {@link Schedule#every} is the published one
 * @param ladder storage type of the cached features, null for the run's type
 */
public record Fora(Schedule schedule, @Nullable DType ladder) implements CachePolicy {
    public Fora {
        PolicyGrammar.checkLadder("fora", ladder);
        schedule = schedule instanceof EqualDistances distances ? new FromTheEnd(distances.interval()) : schedule;
    }

    /** Features are stored in the run's type. */
    public Fora(Schedule schedule) {
        this(schedule, null);
    }

    /**
     * As {@link #Fora(Schedule)}, with full steps at equal distances.
     *
     * @param interval steps from one full step to the next, at least 1
     */
    public Fora(int interval) {
        this(Schedule.every(interval));
    }

    @Override
    public String name() {
        return "fora";
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
        return "fora:"
                + (schedule instanceof FromTheEnd published ? "interval=" + published.interval() : schedule.spec())
                + PolicyGrammar.ladderSpec(ladder);
    }

    @Override
    public String toString() {
        return spec();
    }
}
