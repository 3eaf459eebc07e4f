package dev.clusca.cli;

import dev.clusca.checkpoint.DiffusersPipeline;
import dev.clusca.checkpoint.FluxCheckpoint;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.FluxWeights;
import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.checkpoint.VaeConfig;
import dev.clusca.pipeline.FluxPrompt;
import dev.clusca.pipeline.LatentDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The FLUX that a command was asked for: a checkpoint, or {@code random:} and a published model, of which a slice of a few blocks can be asked for, to measure it without having it.
 *
 * @param text as it was typed
 */
public record FluxArgument(String text) {
    private static final Pattern RANDOM =
            Pattern.compile("random:(flux-dev|flux-schnell)(?::(\\d{1,4})\\+(\\d{1,4}))?");

    /** Whether the weights are random. */
    public boolean isRandom() {
        return text.startsWith(ModelArgument.RANDOM);
    }

    /**
     * Opens the weights.
     *
     * @throws IllegalArgumentException if the text is no path and no published model
     * @throws dev.clusca.checkpoint.CheckpointException if there is no such model, or it cannot be used
     */
    public FluxWeights weights() {
        return isRandom() ? new RandomFlux(published(), 1) : FluxCheckpoint.open(Path.of(text));
    }

    /**
     * Looks whether the model's schedule, where its folder holds one, is the published one.
     *
     * @throws dev.clusca.checkpoint.CheckpointException if it is not
     */
    public void checkSchedule(FluxConfig config) {
        if (!isRandom()) {
            DiffusersPipeline.checkFluxSchedule(Path.of(text), config);
        }
    }

    /** The file or folder, or null for random weights. Errors as {@link #weights}. */
    public @Nullable Path path() {
        return isRandom() ? null : Path.of(text);
    }

    /**
     * The only text.
     *
     * @param file where it is, or null for normal numbers in its place
     * @throws dev.clusca.checkpoint.CheckpointException if it cannot be read, or the model takes another
     */
    public FluxPrompt prompt(@Nullable Path file, FluxConfig config, long seed) {
        return file == null ? random(config, seed) : FluxPrompt.read(file, config);
    }

    /** All texts. Arguments and errors as {@link #prompt}. */
    List<FluxPrompt> prompts(@Nullable Path file, FluxConfig config, long seed) {
        return file == null ? List.of(random(config, seed)) : FluxPrompt.readAll(file, config);
    }

    private static FluxPrompt random(FluxConfig config, long seed) {
        return FluxPrompt.random(config, FluxConfig.TEXT_TOKENS, seed);
    }

    /**
     * Opens the autoencoder that makes pictures of the model's latents.
     *
     * @param given the one asked for, or null for the one in the model's folder
     * @return null if there is none
     * @throws IllegalArgumentException if it does not fit the model; it is closed again
     * @throws dev.clusca.checkpoint.CheckpointException if it cannot be used
     */
    public @Nullable VaeCheckpoint autoencoder(@Nullable Path given, FluxConfig config) {
        Path path = given != null ? given : ownAutoencoder();
        return path == null
                ? null
                : Autoencoder.open(path, vae -> {
                    LatentDecoder.checkFits(vae, config.latentChannels());
                    checkScale(vae);
                });
    }

    private @Nullable Path ownAutoencoder() {
        return Optional.ofNullable(path())
                .map(folder -> folder.resolve("vae"))
                .filter(Files::isDirectory)
                .orElse(null);
    }

    private static void checkScale(VaeConfig vae) {
        int pixels = FluxConfig.TOKEN_SIDE * vae.scale();
        if (pixels != FluxConfig.TOKEN_PIXELS) {
            throw new IllegalArgumentException("the autoencoder makes " + pixels + " x " + pixels
                    + " pixels of a token, and FLUX's makes " + FluxConfig.TOKEN_PIXELS + " x "
                    + FluxConfig.TOKEN_PIXELS + "; take the autoencoder that the model was trained with");
        }
    }

    /**
     * The configuration of a published model or a slice of one, if this is the name of one.
     *
     * @throws IllegalArgumentException for a slice that cannot be
     */
    Optional<FluxConfig> named() {
        return RANDOM.matcher(text).matches() ? Optional.of(published()) : Optional.empty();
    }

    private FluxConfig published() {
        Matcher parts = RANDOM.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    "there is no model '" + text
                            + "'; expected random:flux-dev, random:flux-schnell, or a slice of one by its numbers of double and single blocks, as random:flux-dev:2+4");
        }
        FluxConfig whole = FluxConfig.published(parts.group(1)).orElseThrow();
        return parts.group(2) == null
                ? whole
                : whole.withBlocks(Integer.parseInt(parts.group(2)), Integer.parseInt(parts.group(3)));
    }
}
