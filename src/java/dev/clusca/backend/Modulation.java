package dev.clusca.backend;

import dev.clusca.tensor.Tensor;

/**
 * The adaLN shifts, scales and gates of every layer, step and condition, computed once a run. A batch row uses {@code table[step, conditions[row], chunk]},
 * {@code step} being the step table's cursor.
 *
 * @param table F32 or BF16 {@code [steps, distinct conditions, chunks, C]}
 * @param conditions I32 {@code [R]}, the condition of each batch row
 * @param steps the table whose cursor selects the step
 */
public record Modulation(Tensor table, Tensor conditions, StepTable steps) {}
