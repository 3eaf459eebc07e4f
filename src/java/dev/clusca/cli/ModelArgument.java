package dev.clusca.cli;

import dev.clusca.checkpoint.DiffusersPipeline;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.DitWeights;
import dev.clusca.checkpoint.RandomDit;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.pipeline.LatentDecoder;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The model that a command was asked for: a checkpoint, a diffusers pipeline's folder, or {@code random:} and a published size, to measure it without having it.
 *
 * @param text as it was typed
 */
public record ModelArgument(String text) {
    /** Before the name of a published size. */
    static final String RANDOM = "random:";

    /** The pictures of a published size have so many pixels in height and width. */
    private static final int IMAGE_SIZE = 256;

    /**
     * Opens the weights.
     *
     * @throws IllegalArgumentException if the text is no path and no published size
     * @throws dev.clusca.checkpoint.CheckpointException if there is no such model, or it cannot be used
     */
    public DitWeights weights() {
        if (text.startsWith(RANDOM + "flux")) {
            throw new IllegalArgumentException("'" + text + "' is FLUX, not a DiT; 'clusca flux' makes images with it");
        }
        return isRandom()
                ? new RandomDit(DitConfig.of(text.substring(RANDOM.length()), IMAGE_SIZE), 1)
                : DitCheckpoint.open(Path.of(text));
    }

    /** The pipeline that the model is part of, if the text names one. Errors as {@link #weights}. */
    public Optional<DiffusersPipeline> pipeline() {
        return isRandom() ? Optional.empty() : DiffusersPipeline.in(Path.of(text));
    }

    /**
     * Opens the autoencoder that makes pictures of a model's latents.
     *
     * @param given the one asked for, or null for the pipeline's
     * @return null if there is none, or the model makes pixels and none was asked for
     * @throws IllegalArgumentException if it does not fit the model; it is closed again
     * @throws dev.clusca.checkpoint.CheckpointException if it cannot be used
     */
    public static @Nullable VaeCheckpoint autoencoder(
            @Nullable Path given, Optional<DiffusersPipeline> pipeline, DitConfig config) {
        if (given == null && config.pixelSpace()) {
            return null;
        }
        Path path = given != null
                ? given
                : pipeline.flatMap(DiffusersPipeline::autoencoder).orElse(null);
        if (path == null) {
            return null;
        }
        return Autoencoder.open(path, vae -> LatentDecoder.checkFits(vae, config));
    }

    /** The file or folder, or null for random weights. Errors as {@link #weights}. */
    @Nullable
    Path path() {
        return isRandom() ? null : Path.of(text);
    }

    private boolean isRandom() {
        return text.startsWith(RANDOM);
    }
}
