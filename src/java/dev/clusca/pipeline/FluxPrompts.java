package dev.clusca.pipeline;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.CheckpointException;
import dev.clusca.checkpoint.Checkpoints;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * The encoded texts of a safetensors file, as diffusers' {@code FluxPipeline.encode_prompt} returns them of a list: {@code prompt_embeds}, {@code [texts, tokens, width]}, and {@code pooled_prompt_embeds}, {@code [texts, width]}.
 * Of one text the leading extent may be missing. A text is read when it is asked for.
 */
public final class FluxPrompts implements AutoCloseable {
    private static final String TOKENS = "prompt_embeds";
    private static final String VECTOR = "pooled_prompt_embeds";

    private final Checkpoint stored;
    private final Tensor tokens;
    private final Tensor vectors;

    private FluxPrompts(Checkpoint stored, FluxConfig config) {
        this.stored = stored;
        this.tokens = of(TOKENS, 3, "[texts, tokens, " + config.contextInDim() + "]", config.contextInDim());
        this.vectors = of(VECTOR, 2, "[texts, " + config.vecInDim() + "]", config.vecInDim());
        if (tokens.shape().dim(0) != vectors.shape().dim(0)) {
            throw new CheckpointException(stored.source() + ": '" + TOKENS + "' is of "
                    + tokens.shape().dim(0) + " texts, and '" + VECTOR + "' of "
                    + vectors.shape().dim(0) + "; expected as many");
        }
        for (int text = 0; text < count(); text++) {
            get(text);
        }
    }

    /**
     * Opens a file, and looks at all that is in it.
     *
     * @throws CheckpointException if a tensor is missing, of another shape than the model takes, or not finite
     */
    public static FluxPrompts open(Path file, FluxConfig config) {
        Checkpoint stored = Checkpoints.open(file);
        try {
            return new FluxPrompts(stored, config);
        } catch (RuntimeException e) {
            stored.close();
            throw e;
        }
    }

    /** How many there are, at least 1. */
    public int count() {
        return tokens.shape().size(0);
    }

    /**
     * One of them.
     *
     * @param text its place, from 0 on
     */
    public FluxPrompt get(int text) {
        return new FluxPrompt(
                stored.finiteFloats(TOKENS, tokens.slice(text)), stored.finiteFloats(VECTOR, vectors.slice(text)));
    }

    private Tensor of(String name, int rank, String expected, int width) {
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

    @Override
    public void close() {
        stored.close();
    }
}
