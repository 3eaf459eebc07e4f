package dev.clusca.model.flux;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.FluxTensors;
import dev.clusca.model.LayerModulations;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Function;

/**
 * The shifts, scales and gates of every block for every step of a run. They depend on timestep, guidance and the text's vector alone, so they are computed once, before the first step: at FLUX.1's size that spares every
 * step 6.5 GB of weights.
 */
public final class FluxModulations {
    private static final int SHIFT = 0;
    private static final int SCALE = 1;
    private static final int GATE = 2;

    static final int SHIFT_FINAL = 0;
    static final int SCALE_FINAL = 1;

    private final LayerModulations image;
    private final LayerModulations text;
    private final LayerModulations pairs;
    private final int singles;
    private final Modulation odd;
    private final Modulation last;

    /**
     * Computes them; waits.
     *
     * @param timesteps the timestep of each step, 1 (noise) to 0, in the order in which they run
     * @param vector the text as one vector, {@code vecInDim} numbers
     * @param guidance the guidance that a distilled model takes as an input; other models ignore it
     * @param steps the step table of the run
     */
    public FluxModulations(
            FluxModel model, float[] timesteps, float[] vector, float guidance, StepTable steps, Arena arena) {
        FluxConfig c = model.config();
        if (vector.length != c.vecInDim()) {
            throw new IllegalArgumentException(
                    "the text's vector has " + vector.length + " numbers; this model takes " + c.vecInDim());
        }
        Backend backend = model.backend();
        Ops ops = backend.ops();
        long s = timesteps.length;
        long width = c.hiddenSize();
        DType type = model.dtype();
        singles = c.depthSingleBlocks();
        Tensor one = backend.upload(arena, new int[] {0}, Shape.of(1));

        Tensor time = sinusoid(model, model.time(), timesteps, arena);
        Tensor given = backend.upload(arena, vector, Shape.of(1, vector.length));
        Tensor condition = embed(model, model.vector(), given, arena);
        FluxModel.Embedder guided = model.guidance();
        if (guided != null) {
            Tensor embedded = sinusoid(model, guided, new float[] {guidance}, arena);
            float[] sum = read(backend, condition);
            float[] other = read(backend, embedded);
            for (int i = 0; i < sum.length; i++) {
                sum[i] += other[i];
            }
            backend.write(condition, MemorySegment.ofArray(sum));
        }
        Tensor conditioning = backend.allocate(arena, type, Shape.of(s, 1, width));
        ops.conditioning(time, condition, one, conditioning);

        Function<List<Linear>, LayerModulations> all = layers -> {
            Tensor table = backend.allocate(
                    arena, type, Shape.of(Math.max(1, layers.size()), s, 1, LayerModulations.CHUNKS, width));
            for (int layer = 0; layer < layers.size(); layer++) {
                multiply(ops, conditioning, layers.get(layer), table.slice(layer));
            }
            return new LayerModulations(table, one, steps);
        };
        image = all.apply(model.doubleBlocks().stream()
                .map(block -> block.image().modulation())
                .toList());
        text = all.apply(model.doubleBlocks().stream()
                .map(block -> block.text().modulation())
                .toList());
        List<Linear> ofSingles = model.pairModulations();
        pairs = all.apply(ofSingles.subList(0, singles / 2));
        Tensor single = backend.allocate(arena, type, Shape.of(s, 1, FluxTensors.SINGLE_CHUNKS, width));
        if (singles % 2 == 1) {
            multiply(ops, conditioning, ofSingles.getLast(), single);
        }
        odd = new Modulation(single, one, steps);
        Tensor finalLayer = backend.allocate(arena, type, Shape.of(s, 1, FluxTensors.FINAL_CHUNKS, width));
        multiply(ops, conditioning, model.lastModulation(), finalLayer);
        last = new Modulation(finalLayer, one, steps);
        backend.synchronize();
    }

    private static void multiply(Ops ops, Tensor conditioning, Linear layer, Tensor out) {
        Shape shape = out.shape();
        ops.gemm(
                conditioning,
                layer,
                Activation.NONE,
                out.reshape(shape.dim(0), shape.dim(1), shape.dim(2) * shape.dim(3)));
    }

    /** An embedding of numbers by their sinusoidal features, F32 {@code [count, C]}. */
    private static Tensor sinusoid(FluxModel model, FluxModel.Embedder embedder, float[] numbers, Arena arena) {
        Backend backend = model.backend();
        float[] scaled = new float[numbers.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = FluxConfig.TIME_FACTOR * numbers[i];
        }
        Tensor features = backend.allocate(arena, DType.F32, Shape.of(numbers.length, FluxConfig.TIMESTEP_FEATURES));
        backend.ops().timestepFeatures(backend.upload(arena, scaled, Shape.of(scaled.length)), 0, features);
        return embed(model, embedder, features, arena);
    }

    private static Tensor embed(FluxModel model, FluxModel.Embedder embedder, Tensor in, Arena arena) {
        Backend backend = model.backend();
        Shape shape = Shape.of(in.shape().dim(0), model.config().hiddenSize());
        Tensor middle = backend.allocate(arena, DType.F32, shape);
        Tensor out = backend.allocate(arena, DType.F32, shape);
        backend.ops().gemm(in, embedder.in(), Activation.SILU, middle);
        backend.ops().gemm(middle, embedder.out(), Activation.NONE, out);
        return out;
    }

    private static float[] read(Backend backend, Tensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.shape().elements())];
        backend.read(tensor, MemorySegment.ofArray(values));
        return values;
    }

    LayerModulations image() {
        return image;
    }

    LayerModulations text() {
        return text;
    }

    /** A single block's. */
    Block single(int layer) {
        return layer == 2 * (singles / 2)
                ? new Block(odd, 0)
                : new Block(pairs.layer(layer / 2), FluxTensors.SINGLE_CHUNKS * (layer % 2));
    }

    /** The gates of all pairs of single blocks, beside the ladders of the first and of the second of each. */
    CachedLayers pairs(Tensor firsts, Tensor seconds) {
        return pairs.cached(firsts, seconds);
    }

    Modulation last() {
        return last;
    }

    /**
     * A single block's three chunks.
     *
     * @param first which of the modulation's chunks is its first
     */
    record Block(Modulation modulation, int first) {
        int shift() {
            return first + SHIFT;
        }

        int scale() {
            return first + SCALE;
        }

        int gate() {
            return first + GATE;
        }
    }
}
