package dev.clusca.backend;

import dev.clusca.tensor.Tensor;

/**
 * What a cached step knows of all layers when it begins: the ladders of their modules and the modulations that hold their gates.
 *
 * @param attention float {@code [L, order + 1, R, N, C]}, the ladders of the attention outputs
 * @param mlp the same of the MLP outputs, of the same dtype
 * @param table float {@code [L, steps, distinct conditions, chunks, C]}: {@link Modulation#table} of every layer
 * @param conditions I32 {@code [R]}, the condition of each batch row
 * @param steps the table whose cursor selects the step, the forecast's factors and the number of terms
 * @param attentionGate chunk of the modulations that is attention's gate
 * @param mlpGate chunk that is the MLP's
 */
public record CachedLayers(
        Tensor attention,
        Tensor mlp,
        Tensor table,
        Tensor conditions,
        StepTable steps,
        int attentionGate,
        int mlpGate) {
    /** One layer's modulation. */
    public Modulation modulation(int layer) {
        return new Modulation(table.slice(layer), conditions, steps);
    }
}
