package dev.clusca.cli;

import dev.clusca.checkpoint.DiffusersPipeline;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.DitWeights;
import dev.clusca.checkpoint.RandomDit;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The model that a command was asked for: a checkpoint, a diffusers pipeline's folder, or {@code random:} and a published size, to measure it without having it.
 *
 * @param text as it was typed
 */
public record ModelArgument(String text) {
    /** Before the name of a published size. */
    private static final String RANDOM = "random:";

    /** The pictures of a published size have so many pixels in height and width. */
    private static final int IMAGE_SIZE = 256;

    /**
     * Opens the weights.
     *
     * @throws IllegalArgumentException if the text is no path and no published size
     * @throws dev.clusca.checkpoint.CheckpointException if there is no such model, or it cannot be used
     */
    public DitWeights weights() {
        return isRandom()
                ? new RandomDit(DitConfig.of(text.substring(RANDOM.length()), IMAGE_SIZE), 1)
                : DitCheckpoint.open(Path.of(text));
    }

    /** The pipeline that the model is part of, if the text names one. Errors as {@link #weights}. */
    public Optional<DiffusersPipeline> pipeline() {
        return isRandom() ? Optional.empty() : DiffusersPipeline.in(Path.of(text));
    }

    private boolean isRandom() {
        return text.startsWith(RANDOM);
    }
}
