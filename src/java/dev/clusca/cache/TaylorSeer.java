package dev.clusca.cache;

import dev.clusca.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * TaylorSeer (Liu et al., "From Reusing to Forecasting", arXiv 2503.06923): between full steps, every module's output is forecast by a Taylor series whose
 * derivatives are backward differences of the full steps.
 *
 * @param schedule which steps are full besides the first ones
 * @param order highest order of the series, 0 to 4
 * @param firstEnhance full steps at the beginning
 * @param ladder storage type of the cached features, null for the run's type
 */
public record TaylorSeer(
        Schedule schedule,
        int order,
        int firstEnhance,
        @Nullable DType ladder) implements CachePolicy {
    public TaylorSeer {
        PolicyGrammar.checkFirst("taylorseer", firstEnhance);
        PolicyGrammar.checkOrder("taylorseer", order);
        PolicyGrammar.checkLadder("taylorseer", ladder);
    }

    /** The first two steps are full; features are stored in the run's type. */
    public TaylorSeer(Schedule schedule, int order) {
        this(schedule, order, 2, null);
    }

    /**
     * As {@link #TaylorSeer(Schedule, int)}, with full steps at equal distances.
     *
     * @param interval steps from one full step to the next, at least 1
     */
    public TaylorSeer(int interval, int order) {
        this(Schedule.every(interval), order);
    }

    @Override
    public String name() {
        return "taylorseer";
    }

    @Override
    public String spec() {
        return "taylorseer:" + schedule.spec() + ",order=" + order + ",first=" + firstEnhance
                + PolicyGrammar.ladderSpec(ladder);
    }

    @Override
    public String toString() {
        return spec();
    }
}
