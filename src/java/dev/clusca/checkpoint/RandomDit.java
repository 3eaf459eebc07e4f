package dev.clusca.checkpoint;

import dev.clusca.random.Philox;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Random weights of any size, to measure a model without having it: time and memory do not depend on them. They are uniform with the deviation {@code 1 / sqrt(inputs)}, so that
 * features stay near 1; the same seed gives the same weights.
 */
public final class RandomDit implements DitWeights {
    private final DitConfig config;
    private final Map<String, Shape> shapes;
    private final long seed;

    public RandomDit(DitConfig config, long seed) {
        this.config = config;
        this.seed = seed;
        this.shapes = DitTensors.of(config);
    }

    @Override
    public DitConfig config() {
        return config;
    }

    @Override
    public Tensor tensor(String name) {
        Shape shape = shapes.get(name);
        if (shape == null) {
            throw new IllegalArgumentException(
                    "a DiT of depth " + config.depth() + " has no tensor " + CheckpointException.quote(name));
        }
        double inputs = shape.rank() == 1 ? shape.dim(0) : shape.inner().elements();
        float width = (float) Math.sqrt(12 / inputs);
        // Freed with the tensor: whoever loads it copies it to the device and lets it go.
        MemorySegment memory = Arena.ofAuto().allocate(shape.elements() * Float.BYTES, 64);
        int[] words = new int[4];
        for (long i = 0; i < shape.elements(); i++) {
            int word = (int) (i % words.length);
            if (word == 0) {
                Philox.words(seed, (int) (i / words.length), (int) (i >>> Integer.SIZE), name.hashCode(), 0, words);
            }
            float unit = (words[word] >>> 8) * 0x1p-24f;
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (unit - 0.5f) * width);
        }
        return Tensor.of(memory, DType.F32, shape);
    }

    @Override
    public @Nullable Tensor positions() {
        return null;
    }

    /** Does nothing: each tensor is freed with its last user. */
    @Override
    public void close() {}
}
