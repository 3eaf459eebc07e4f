package dev.clusca.cache;

import dev.clusca.backend.Draws;
import dev.clusca.model.TokenStream;
import dev.clusca.model.dit.DitForward;
import java.lang.foreign.Arena;
import java.util.List;

/** In which order cached steps compute. The results are equal but for rounding. */
public enum StepOrder {
    /** The fast one: one pass over all that was cached, and then the representatives alone. */
    PREFIX_PASS {
        @Override
        StreamCache cache(
                TokenStream stream,
                CachePolicy policy,
                List<StepKind> kinds,
                Draws draws,
                Choices choices,
                Arena arena) {
            return new PrefixPass(stream, policy, kinds, draws, choices, arena);
        }
    },
    /** The published one: layer after layer. */
    LAYER_BY_LAYER {
        @Override
        StreamCache cache(
                TokenStream stream,
                CachePolicy policy,
                List<StepKind> kinds,
                Draws draws,
                Choices choices,
                Arena arena) {
            return new LayerByLayer(stream, policy, kinds, draws, choices, arena);
        }
    };

    /** What a policy remembers of one stream, for one batch and run. */
    abstract StreamCache cache(
            TokenStream stream, CachePolicy policy, List<StepKind> kinds, Draws draws, Choices choices, Arena arena);

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
}
