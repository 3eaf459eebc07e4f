package dev.clusca.cache;

import dev.clusca.backend.Draws;
import dev.clusca.model.TokenStream;
import dev.clusca.model.dit.DitForward;
import dev.clusca.model.flux.FluxForward;
import java.lang.foreign.Arena;
import java.util.List;

/** In which order cached steps compute. The results are equal but for rounding. */
public enum StepOrder {
    /** The fast one: one pass over all that was cached, and then the representatives alone. */
    PREFIX_PASS,
    /** The published one: layer after layer. */
    LAYER_BY_LAYER;

    /** What a policy remembers of one stream, for one batch and run. */
    private StreamCache cache(
            TokenStream stream, CachePolicy policy, List<StepKind> kinds, Draws draws, Choices choices, Arena arena) {
        return switch (this) {
            case PREFIX_PASS -> new PrefixPass(stream, policy, kinds, draws, choices, arena);
            case LAYER_BY_LAYER -> new LayerByLayer(stream, policy, kinds, draws, choices, arena);
        };
    }

    /**
     * A DiT's plan for one batch and run.
     *
     * @param kinds the policy's schedule for this run
     * @param draws where representatives and first centroids are drawn from
     * @param choices what is given instead of drawn
     * @param arena holds the caches; shared, and open for as long as the plan is used
     */
    public StepPlan plan(
            DitForward pass, CachePolicy policy, List<StepKind> kinds, Draws draws, Choices choices, Arena arena) {
        return new DitPlan(pass, kinds, cache(pass.stream(), policy, kinds, draws, choices, arena));
    }

    /**
     * FLUX's plan for one image and run.
     *
     * @param kinds the policy's schedule for this run
     * @param draws where the image's representatives and first centroids are drawn from; the text's come from the next token stream
     * @param choices what is given for the image instead of drawn
     * @param textChoices what is given for the text instead of drawn
     * @param arena holds the caches; shared, and open for as long as the plan is used
     */
    public StepPlan plan(
            FluxForward pass,
            CachePolicy policy,
            List<StepKind> kinds,
            Draws draws,
            Choices choices,
            Choices textChoices,
            Arena arena) {
        boolean forecastsText = this == LAYER_BY_LAYER;
        StreamCache image = cache(pass.image(), policy, kinds, draws, choices, arena);
        StreamCache text;
        if (forecastsText) {
            Draws textDraws = new Draws(draws.seed(), draws.rows(), draws.stream() + 1, draws.steps());
            text = cache(pass.text(), forText(policy, pass), kinds, textDraws, textChoices, arena);
        } else {
            text = cache(pass.text(), new FullCompute(), List.of(StepKind.FULL), draws, textChoices, arena);
        }
        SingleLadders singles = null;
        if (kinds.contains(StepKind.CACHED)) {
            singles = new SingleLadders(
                    pass,
                    forecastsText ? FluxForward.Part.ALL : FluxForward.Part.IMAGE,
                    policy.order(),
                    StreamCache.ladderType(policy, pass.model().dtype()),
                    arena);
        }
        return new FluxPlan(pass, kinds, image, text, singles, forecastsText);
    }

    /**
     * What the published code does with the text: its representatives are recomputed, and spread to nobody. A text of fewer tokens than clusters, of which the published code takes some twice, is forecast
     * alone.
     */
    private static CachePolicy forText(CachePolicy policy, FluxForward pass) {
        if (!(policy instanceof ClusCa c)) {
            return policy;
        }
        return c.clusters() > pass.count(FluxForward.Part.TEXT)
                ? new TaylorSeer(c.schedule(), c.order(), c.firstEnhance(), c.ladder())
                : new ClusCa(c.schedule(), c.order(), c.clusters(), 0, c.firstEnhance(), c.kMeans(), c.ladder());
    }
}
