package dev.clusca.pipeline;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.CheckpointException;
import dev.clusca.checkpoint.Checkpoints;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.random.Normals;
import dev.clusca.random.Purpose;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A text as FLUX takes it, made by text encoders outside of this library.
 *
 * @param tokens T5's output, {@code tokens * contextInDim} numbers, token after token
 * @param vector CLIP's pooled output, {@code vecInDim} numbers
 */
public record FluxPrompt(float[] tokens, float[] vector) {
    private static final String TOKENS = "prompt_embeds";
    private static final String VECTOR = "pooled_prompt_embeds";

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
     * Reads the only text of a file, {@link #readAll}.
     *
     * @throws CheckpointException as there, or if there are several
     */
    public static FluxPrompt read(Path file, FluxConfig config) {
        List<FluxPrompt> all = readAll(file, config);
        if (all.size() != 1) {
            throw new CheckpointException(file + " holds " + all.size() + " texts; expected a file of one");
        }
        return all.getFirst();
    }

    /**
     * Reads the texts of a safetensors file, as diffusers' {@code FluxPipeline.encode_prompt} returns them of a list: {@code prompt_embeds}, {@code [texts, tokens, width]}, and {@code pooled_prompt_embeds}, {@code [texts, width]}.
     * Of one text the leading extent may be missing.
     *
     * @return at least one
     * @throws CheckpointException if a tensor is missing, of another shape than the model takes, or not finite
     */
    public static List<FluxPrompt> readAll(Path file, FluxConfig config) {
        try (Checkpoint stored = Checkpoints.open(file)) {
            Tensor tokens =
                    ofTexts(stored, TOKENS, 3, config.contextInDim(), "[texts, tokens, " + config.contextInDim() + "]");
            Tensor vectors = ofTexts(stored, VECTOR, 2, config.vecInDim(), "[texts, " + config.vecInDim() + "]");
            int texts = tokens.shape().size(0);
            if (vectors.shape().dim(0) != texts) {
                throw new CheckpointException(stored.source() + ": '" + TOKENS + "' is of " + texts + " texts, and '"
                        + VECTOR + "' of " + vectors.shape().dim(0) + "; expected as many");
            }
            return IntStream.range(0, texts)
                    .mapToObj(text -> new FluxPrompt(
                            stored.finiteFloats(TOKENS, tokens.slice(text)),
                            stored.finiteFloats(VECTOR, vectors.slice(text))))
                    .toList();
        }
    }

    private static Tensor ofTexts(Checkpoint stored, String name, int rank, int width, String expected) {
        if (!stored.names().contains(name)) {
            throw new CheckpointException(stored.source() + " has no tensor '" + name + "'; expected " + TOKENS
                    + " and " + VECTOR + " of a text");
        }
        Shape shape = stored.shape(name);
        boolean fits = shape.rank() == rank || shape.rank() == rank - 1;
        if (!fits || shape.elements() == 0 || shape.dim(-1) != width) {
            throw new CheckpointException(stored.source() + ": '" + name + "' is " + shape + "; expected " + expected
                    + ", or of one text without the first extent");
        }
        Tensor tensor = stored.tensor(name);
        return shape.rank() == rank ? tensor : tensor.reshape(ofOne(shape));
    }

    private static Shape ofOne(Shape shape) {
        return Shape.of(LongStream.concat(LongStream.of(1), Arrays.stream(shape.toArray()))
                .toArray());
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
