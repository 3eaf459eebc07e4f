package dev.clusca.model.dit;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.model.LayerModulations;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * The shifts, scales and gates of every layer for every step and condition of a run. They depend on timestep and label alone, so they are computed once, before the
 * first step.
 */
public final class DitModulations {
    static final int SHIFT_FINAL = 0;
    static final int SCALE_FINAL = 1;
    static final int FINAL_CHUNKS = 2;

    private final LayerModulations layers;
    private final Tensor finalLayer;
    private final Tensor timeEmbedding;
    private final Tensor conditions;
    private final StepTable steps;

    /**
     * Enqueues the computation.
     *
     * @param timesteps F32 {@code [S]}, in the order in which the steps run, on the model's backend
     * @param labels I32 {@code [D]}, the distinct labels of the run, the null class among them
     * @param conditions I32 {@code [R]}, which of the labels each batch row has
     */
    public DitModulations(
            DitModel model, Tensor timesteps, Tensor labels, Tensor conditions, StepTable steps, Arena arena) {
        this.conditions = conditions;
        this.steps = steps;
        Backend backend = model.backend();
        Ops ops = backend.ops();
        DitConfig c = model.config();
        long s = timesteps.shape().dim(0);
        long d = labels.shape().dim(0);
        long width = c.hiddenSize();
        DType type = model.dtype();
        Tensor table = backend.allocate(arena, type, Shape.of(c.depth(), s, d, LayerModulations.CHUNKS, width));
        layers = new LayerModulations(table, conditions, steps);
        finalLayer = backend.allocate(arena, type, Shape.of(s, d, FINAL_CHUNKS, width));
        timeEmbedding = backend.allocate(arena, DType.F32, Shape.of(s, width));
        Tensor features = backend.allocate(arena, DType.F32, Shape.of(s, DitConfig.TIMESTEP_FEATURES));
        Tensor middle = backend.allocate(arena, DType.F32, Shape.of(s, width));
        Tensor conditioning = backend.allocate(arena, type, Shape.of(s, d, width));

        ops.timestepFeatures(timesteps, c.timestepShift(), features);
        ops.gemm(features, model.timeIn(), Activation.SILU, middle);
        ops.gemm(middle, model.timeOut(), Activation.NONE, timeEmbedding);
        ops.conditioning(timeEmbedding, model.labelTable(), labels, conditioning);
        for (int layer = 0; layer < c.depth(); layer++) {
            ops.gemm(
                    conditioning,
                    model.block(layer).modulation(),
                    Activation.NONE,
                    table.slice(layer).reshape(s, d, LayerModulations.CHUNKS * width));
        }
        ops.gemm(conditioning, model.lastModulation(), Activation.NONE, finalLayer.reshape(s, d, FINAL_CHUNKS * width));
    }

    /** The timestep embedding, F32 {@code [S, C]}. */
    public Tensor timeEmbedding() {
        return timeEmbedding;
    }

    /** Every layer's. */
    LayerModulations layers() {
        return layers;
    }

    /** The final layer's modulation: shift and scale. */
    public Modulation last() {
        return new Modulation(finalLayer, conditions, steps);
    }
}
