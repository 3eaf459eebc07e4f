package dev.clusca.model;

import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.tensor.Tensor;

/**
 * The shifts, scales and gates of every layer of a stream, for every step and condition of a run. The six chunks of a layer are shift, scale and gate of its attention, then of its MLP: the order of DiT's
 * {@code adaLN_modulation} and of FLUX's double {@code Modulation}.
 *
 * @param table float {@code [L, steps, distinct conditions, 6, C]}
 * @param conditions I32 {@code [R]}, the condition of each batch row
 * @param steps the table whose cursor selects the step
 */
public record LayerModulations(Tensor table, Tensor conditions, StepTable steps) {
    public static final int SHIFT_ATTENTION = 0;
    public static final int SCALE_ATTENTION = 1;
    public static final int GATE_ATTENTION = 2;
    public static final int SHIFT_MLP = 3;
    public static final int SCALE_MLP = 4;
    public static final int GATE_MLP = 5;

    /** Chunks of a layer. */
    public static final int CHUNKS = 6;

    /** One layer's. */
    public Modulation layer(int layer) {
        return new Modulation(table.slice(layer), conditions, steps);
    }

    /** The gates of all layers beside ladders of their modules, {@code [L, order + 1, R, N, C]} each. */
    public CachedLayers cached(Tensor attention, Tensor mlp) {
        return new CachedLayers(attention, mlp, table, conditions, steps, GATE_ATTENTION, GATE_MLP);
    }
}
