package dev.clusca.cache;

import dev.clusca.tensor.DType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * TaylorSeer (Liu et al., "From Reusing to Forecasting", arXiv 2503.06923): between full steps, every module's output is forecast by a Taylor series whose
 * derivatives are backward differences of the full steps.
 *
 * @param interval steps from one full step to the next
 * @param order highest order of the series, 0 to 4
 * @param firstEnhance full steps at the beginning
 * @param ladder storage type of the cached features, null for the run's type
 */
public record TaylorSeer(
        int interval, int order, int firstEnhance, @Nullable DType ladder) implements CachePolicy {
    public TaylorSeer {
        FixedSchedule.check("taylorseer", interval, firstEnhance);
        PolicyGrammar.checkOrder("taylorseer", order);
        PolicyGrammar.checkLadder("taylorseer", ladder);
    }

    public TaylorSeer(int interval, int order) {
        this(interval, order, 2, null);
    }

    @Override
    public String name() {
        return "taylorseer";
    }

    @Override
    public List<StepKind> schedule(int steps) {
        return FixedSchedule.of(steps, interval, firstEnhance);
    }

    @Override
    public String spec() {
        return "taylorseer:interval=" + interval + ",order=" + order + ",first=" + firstEnhance
                + PolicyGrammar.ladderSpec(ladder);
    }

    @Override
    public String toString() {
        return spec();
    }
}
