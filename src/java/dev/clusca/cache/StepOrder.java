package dev.clusca.cache;

import dev.clusca.backend.Draws;
import dev.clusca.model.dit.DitForward;
import java.lang.foreign.Arena;
import java.util.List;

/** In which order cached steps compute. The results are equal but for rounding. */
public enum StepOrder {
    /** {@link PrefixPass}, the fast one. */
    PREFIX_PASS {
        @Override
        public StepPlan plan(
                DitForward pass, CachePolicy policy, List<StepKind> kinds, Draws draws, Choices choices, Arena arena) {
            return new PrefixPass(pass, policy, kinds, draws, choices, arena);
        }
    },
    /** {@link LayerByLayer}, the published one. */
    LAYER_BY_LAYER {
        @Override
        public StepPlan plan(
                DitForward pass, CachePolicy policy, List<StepKind> kinds, Draws draws, Choices choices, Arena arena) {
            return new LayerByLayer(pass, policy, kinds, draws, choices, arena);
        }
    };

    /** A plan for one batch and run. */
    public abstract StepPlan plan(
            DitForward pass, CachePolicy policy, List<StepKind> kinds, Draws draws, Choices choices, Arena arena);
}
