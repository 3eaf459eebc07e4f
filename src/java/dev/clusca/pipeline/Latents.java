package dev.clusca.pipeline;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.CheckpointException;
import dev.clusca.checkpoint.Checkpoints;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;

/** Samples in a safetensors file, to be made pictures of another time: the tensor {@value #NAME}, F32 {@code [images, channels, h, w]}, as the model made them. */
public final class Latents {
    private static final String NAME = "samples";
    private static final int RANK = 4;

    private final float[] values;
    private final Shape shape;
    private final Map<String, String> settings;

    private Latents(float[] values, Shape shape, Map<String, String> settings) {
        this.values = values;
        this.shape = shape;
        this.settings = settings;
    }

    /**
     * Writes a file, which appears whole or not at all.
     *
     * @param values row-major
     * @param shape {@code [images, channels, h, w]}
     * @param settings that they were made with, which travel along
     */
    public static void write(Path file, float[] values, Shape shape, Map<String, String> settings) {
        Safetensors.write(file, Map.of(NAME, Tensor.of(MemorySegment.ofArray(values), DType.F32, shape)), settings);
    }

    /**
     * Reads a file.
     *
     * @throws CheckpointException if it holds no samples, of another rank, of whole numbers, or such as are not finite
     */
    public static Latents read(Path file) {
        try (Checkpoint stored = Checkpoints.open(file)) {
            if (!stored.names().contains(NAME)) {
                throw new CheckpointException(
                        stored.source() + " has no tensor '" + NAME
                                + "', so it holds no latents; expected a file that --latents of 'clusca sample' or 'clusca flux' wrote");
            }
            Shape shape = stored.shape(NAME);
            if (shape.rank() != RANK || shape.elements() == 0) {
                throw new CheckpointException(
                        stored.source() + ": '" + NAME + "' is " + shape + "; expected [images, channels, h, w]");
            }
            return new Latents(stored.finiteFloats(NAME), shape, stored.metadata());
        }
    }

    /** A copy of the numbers, row-major in {@link #shape}. */
    public float[] values() {
        return values.clone();
    }

    /** {@code [images, channels, h, w]}. */
    public Shape shape() {
        return shape;
    }

    /** What they were made with, as far as the file says it. */
    public Map<String, String> settings() {
        return settings;
    }
}
