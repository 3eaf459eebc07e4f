package dev.clusca.cache;

import dev.clusca.backend.StepTable.Column;
import java.util.List;

/**
 * The policy's part of a step table. All modules of a model share one ladder schedule (TaylorSeer's {@code taylor_utils}): the ladder grows by at most one order per full
 * step, from step {@code firstEnhance - 1} on; differences are taken over step indices, every order over the distance to the previous full step.
 */
public final class StepRows {
    private StepRows() {}

    /**
     * Rows {@code [steps][Column.COUNT]} in the order in which the steps run, with STEP counting down to 0, as DiT's samplers do (a flow's steps count up, which it says itself), and the ladder's columns filled.
     *
     * @param kinds the policy's schedule
     */
    public static float[][] of(CachePolicy policy, List<StepKind> kinds) {
        int steps = kinds.size();
        float[][] rows = new float[steps][Column.COUNT];
        int terms = 0;
        int lastFull = 0;
        for (int i = 0; i < steps; i++) {
            float[] row = rows[i];
            row[Column.STEP.ordinal()] = steps - 1f - i;
            row[Column.LADDER_DIVISOR.ordinal()] = i == lastFull ? 1 : lastFull - i;
            if (kinds.get(i) == StepKind.FULL) {
                boolean grows = terms > 0 && i >= policy.firstEnhance() - 1;
                terms = grows ? Math.min(terms + 1, policy.order() + 1) : 1;
                lastFull = i;
            } else if (terms == 0) {
                throw new IllegalArgumentException(
                        "the first step of a schedule must be full, but it is " + kinds.get(i));
            }
            row[Column.LADDER_TERMS.ordinal()] = terms;
            row[Column.TERMS.ordinal()] = terms;
            double factor = 1; // d^k / k!, with d counted as the steps are: down
            for (int k = 0; k < terms; k++) {
                row[Column.FACTOR_0.ordinal() + k] = (float) factor;
                factor *= (double) (lastFull - i) / (k + 1);
            }
        }
        return rows;
    }
}
