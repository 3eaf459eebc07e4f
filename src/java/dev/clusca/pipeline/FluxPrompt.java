package dev.clusca.pipeline;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.CheckpointException;
import dev.clusca.checkpoint.Checkpoints;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.random.Normals;
import dev.clusca.random.Purpose;
import dev.clusca.tensor.Shape;
import java.nio.file.Path;

/**
 * A text as FLUX takes it, made by text encoders outside of this library.
 *
 * @param tokens T5's output, {@code tokens * contextInDim} numbers, token after token
 * @param vector CLIP's pooled output, {@code vecInDim} numbers
 */
public record FluxPrompt(float[] tokens, float[] vector) {
    public FluxPrompt {
        tokens = tokens.clone();
        vector = vector.clone();
    }

    @Override
    public float[] tokens() {
        return tokens.clone();
    }

    @Override
    public float[] vector() {
        return vector.clone();
    }

    /**
     * Number of text tokens for a model.
     *
     * @throws IllegalArgumentException if the text is not of the width that the model takes
     */
    public int count(FluxConfig config) {
        int width = config.contextInDim();
        if (tokens.length == 0 || tokens.length % width != 0) {
            throw new IllegalArgumentException("the prompt's tokens have " + tokens.length
                    + " numbers; expected a multiple of " + width + ", the width of a text token in this model");
        }
        return tokens.length / width;
    }

    /**
     * Reads {@code prompt_embeds} and {@code pooled_prompt_embeds} of a safetensors file, each of one text: {@code [1, tokens, width]} or {@code [tokens, width]}, and {@code [1, width]} or {@code [width]}.
     *
     * @throws CheckpointException if one is missing, of another shape than the model takes, or not finite
     */
    public static FluxPrompt read(Path file, FluxConfig config) {
        try (Checkpoint stored = Checkpoints.open(file)) {
            return new FluxPrompt(
                    read(stored, "prompt_embeds", 2, config.contextInDim()),
                    read(stored, "pooled_prompt_embeds", 1, config.vecInDim()));
        }
    }

    private static float[] read(Checkpoint stored, String name, int rank, int width) {
        if (!stored.names().contains(name)) {
            throw new CheckpointException(stored.source() + " has no tensor '" + name
                    + "'; expected prompt_embeds and pooled_prompt_embeds of one text");
        }
        Shape shape = stored.shape(name);
        boolean one = shape.rank() == rank || shape.rank() == rank + 1 && shape.dim(0) == 1;
        if (!one || shape.elements() == 0 || shape.dim(-1) != width) {
            throw new CheckpointException(stored.source() + ": '" + name + "' is " + shape + "; expected "
                    + (rank == 1 ? "" : "tokens of ") + "width " + width + ", of one text");
        }
        return stored.finiteFloats(name);
    }

    /** Normal numbers in place of a text, to measure a model. */
    public static FluxPrompt random(FluxConfig config, int tokens, long seed) {
        float[] text = new float[Math.multiplyExact(tokens, config.contextInDim())];
        float[] vector = new float[config.vecInDim()];
        Normals.fill(text, seed, 1, 0, Purpose.INITIAL_NOISE);
        Normals.fill(vector, seed, 2, 0, Purpose.INITIAL_NOISE);
        return new FluxPrompt(text, vector);
    }
}
