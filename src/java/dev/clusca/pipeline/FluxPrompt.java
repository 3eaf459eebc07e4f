package dev.clusca.pipeline;

import dev.clusca.checkpoint.CheckpointException;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.random.Normals;
import dev.clusca.random.Purpose;
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
     * Reads the only text of a file, {@link FluxPrompts}.
     *
     * @throws CheckpointException as {@link FluxPrompts#open}, or if there are several
     */
    public static FluxPrompt read(Path file, FluxConfig config) {
        try (FluxPrompts prompts = FluxPrompts.open(file, config)) {
            if (prompts.count() != 1) {
                throw new CheckpointException(file + " holds " + prompts.count() + " texts; expected one");
            }
            return prompts.get(0);
        }
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
