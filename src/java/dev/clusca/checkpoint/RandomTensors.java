package dev.clusca.checkpoint;

import dev.clusca.random.Philox;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/** Random weights: uniform with the deviation {@code 1 / sqrt(inputs)}, so that features stay near 1. The same seed and name give the same weights. */
final class RandomTensors {
    private RandomTensors() {}

    /**
     * The tensor of that name.
     *
     * @param shapes of all tensors that there are
     * @param model for the message if it is none of them
     */
    static Tensor of(Map<String, Shape> shapes, String model, String name, long seed) {
        Shape shape = shapes.get(name);
        if (shape == null) {
            throw new IllegalArgumentException(model + " has no tensor " + CheckpointException.quote(name));
        }
        return of(name, shape, seed);
    }

    /** @param shape {@code [outputs, ..]}, all other extents being inputs; of rank 1, the extent stands for the inputs */
    private static Tensor of(String name, Shape shape, long seed) {
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
}
