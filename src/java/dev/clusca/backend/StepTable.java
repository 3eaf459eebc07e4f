package dev.clusca.backend;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * Every scalar that changes from step to step, in device memory, with a cursor that says which step is running. Operations read it there, so a sequence of
 * operations captured once serves every step of its kind: {@link Ops#advance} moves the cursor.
 *
 * @param rows F32 {@code [steps, Column.COUNT]}, in the order in which the steps run
 * @param cursor I32 {@code [1]}, the row in use; 0 at the first step
 */
public record StepTable(Tensor rows, Tensor cursor) {
    public StepTable {
        if (rows.dtype() != DType.F32
                || rows.shape().rank() != 2
                || rows.shape().dim(1) != Column.COUNT) {
            throw new IllegalArgumentException(
                    "a step table's rows are F32 [steps, " + Column.COUNT + "], got " + rows);
        }
        if (cursor.dtype() != DType.I32 || cursor.shape().elements() != 1) {
            throw new IllegalArgumentException("a step table's cursor is I32 [1], got " + cursor);
        }
    }

    /**
     * A table on a backend, its cursor at the first step.
     *
     * @param rows {@link Column#COUNT} scalars a step, in the order in which the steps run; at least one step
     * @throws IllegalArgumentException if there is no step, or one with another number of scalars
     */
    public static StepTable of(Backend backend, Arena arena, float[][] rows) {
        if (rows.length == 0) {
            throw new IllegalArgumentException("a step table has at least one step, got none");
        }
        float[] flat = new float[rows.length * Column.COUNT];
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != Column.COUNT) {
                throw new IllegalArgumentException("step " + i + " of a step table has " + rows[i].length
                        + " scalars; expected " + Column.COUNT + ", one for each StepTable.Column");
            }
            System.arraycopy(rows[i], 0, flat, i * Column.COUNT, Column.COUNT);
        }
        return new StepTable(
                backend.upload(arena, flat, Shape.of(rows.length, Column.COUNT)),
                backend.upload(arena, new int[] {0}, Shape.of(1)));
    }

    /** Number of steps. */
    public int steps() {
        return rows.shape().size(0);
    }

    /** What a row holds; the ordinal is the column. Integers are stored as exact floats. */
    public enum Column {
        /** The step's index as the sampler counts it (DiT counts down to 0); the step of random draws. */
        STEP,
        /** Number of ladder terms that a forecast at this step sums: 1 to 5. */
        TERMS,
        /** {@code d^i / i!} for the forecast's terms i = 0..4, {@code d} being the signed distance in steps to the last full step. */
        FACTOR_0,
        FACTOR_1,
        FACTOR_2,
        FACTOR_3,
        FACTOR_4,
        /** Number of ladder terms that exist after this full step: 1 to 5. */
        LADDER_TERMS,
        /** Signed distance in steps to the previous full step, the denominator of the ladder's differences. */
        LADDER_DIVISOR,
        /** {@code sqrt(1 / alphaBar)}: x0 = this * x - {@link #NOISE_TO_START} * eps. An Euler step of a flow: 1, and its length in the next column. */
        SAMPLE_TO_START,
        /** {@code sqrt(1 / alphaBar - 1)}. */
        NOISE_TO_START,
        /** Coefficient of x0 in the next sample: DDIM {@code sqrt(alphaBarPrev)}, DDPM the posterior's first coefficient. */
        START_WEIGHT,
        /** DDIM: coefficient of eps, {@code sqrt(1 - alphaBarPrev - sigma^2)}. DDPM: coefficient of x, the posterior's second. */
        SECOND_WEIGHT,
        /** DDIM: sigma of the added noise. DDPM: 1 where noise is added. 0: noise is not read. */
        NOISE_WEIGHT,
        /** DDPM: the clipped log posterior variance, reached by a variance output of -1. */
        LOG_VARIANCE_MIN,
        /** DDPM: log beta, reached by a variance output of 1. */
        LOG_VARIANCE_MAX;

        /** Number of columns. */
        public static final int COUNT = values().length;

        /** The most terms that a ladder has. */
        public static final int MAX_TERMS = 5;
    }
}
