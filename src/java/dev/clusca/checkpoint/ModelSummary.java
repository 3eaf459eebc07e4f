package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a weights file, or a model's folder, holds.
 *
 * @param source the weights file, or the index of its shards
 * @param kind which model it is, as a phrase
 * @param problem why clusca cannot run it, or empty if it can
 */
public record ModelSummary(String source, List<Entry> tensors, String kind, Optional<String> problem) {
    /**
     * One tensor.
     *
     * @param dtype as the format names it
     */
    public record Entry(String name, String dtype, Shape shape, long bytes) {}

    public ModelSummary {
        tensors = List.copyOf(tensors);
    }

    /**
     * Reads the headers of a checkpoint, and its numbers where it is a model that clusca knows.
     *
     * @param path a weights file, an index of shards, or a folder with one of them
     * @throws CheckpointException if there is no checkpoint, or it is not valid
     */
    public static ModelSummary of(Path path) {
        ModelFiles files = ModelFiles.find(path, ".");
        try (Checkpoint weights = Checkpoints.open(files.weights())) {
            List<Entry> tensors = weights.names().stream()
                    .map(name -> new Entry(name, weights.storedType(name), weights.shape(name), weights.bytes(name)))
                    .toList();
            if (weights.names().contains("decoder.conv_in.weight")) {
                boolean encodes = weights.names().stream().anyMatch(name -> name.startsWith("encoder."));
                return new ModelSummary(
                        weights.source(),
                        tensors,
                        "the autoencoder of a latent diffusion model (AutoencoderKL, diffusers' names), "
                                + (encodes ? "encoder and decoder" : "decoder alone"),
                        problem(() -> VaeCheckpoint.open(files.weights()).close()));
            }
            Optional<FluxNaming> flux = FluxNaming.detect(weights).filter(naming -> FluxShapes.isFlux(weights, naming));
            if (flux.isPresent()) {
                return new ModelSummary(weights.source(), tensors, flux(weights, flux.get()), problem(() -> {
                    try (FluxCheckpoint opened = FluxCheckpoint.open(files.weights())) {
                        checkSamples(opened.config());
                        opened.checkValues();
                    }
                }));
            }
            return new ModelSummary(weights.source(), tensors, dit(weights), problem(() -> {
                try (DitCheckpoint opened = DitCheckpoint.open(files.weights())) {
                    opened.checkValues();
                }
            }));
        }
    }

    private static Optional<String> problem(Runnable opening) {
        try {
            opening.run();
            return Optional.empty();
        } catch (CheckpointException e) {
            return Optional.of(e.getMessage());
        }
    }

    private static void checkSamples(FluxConfig config) {
        try {
            config.checkSamples();
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(String.valueOf(e.getMessage()), e);
        }
    }

    private static String flux(Checkpoint weights, FluxNaming naming) {
        String names = naming.style() == FluxNaming.Style.OFFICIAL ? "official names" : "diffusers' names";
        boolean guided = FluxShapes.has(weights, naming, "guidance_in.in_layer.weight");
        return "FLUX, width " + FluxShapes.width(weights, naming) + ", " + FluxShapes.doubleBlocks(weights, naming)
                + " double and " + FluxShapes.singleBlocks(weights, naming) + " single blocks, "
                + (guided ? "distilled guidance as in FLUX.1-dev" : "no guidance as in FLUX.1-schnell") + ", " + names;
    }

    private static String dit(Checkpoint weights) {
        DitNaming naming;
        try {
            naming = DitNaming.detect(weights);
        } catch (CheckpointException e) {
            return "no model that clusca knows";
        }
        String names = naming.style() == DitNaming.Style.OFFICIAL ? "official names" : "diffusers' names";
        DitShapes shapes = DitShapes.of(weights, naming);
        if (shapes == null) {
            return "a DiT with tensors missing, " + names;
        }
        return shapes.publishedName().orElse("a DiT of another size than the published ones") + ", width "
                + shapes.hiddenSize() + ", " + shapes.depth() + " layers, patch " + shapes.patchSize() + ", "
                + shapes.inChannels() + " channels"
                + (shapes.tokens() > 0 ? ", " + shapes.tokens() + " tokens" : "") + ", " + names;
    }

    /** Bytes of all tensors. */
    public long bytes() {
        return tensors.stream().mapToLong(Entry::bytes).sum();
    }

    /** Elements of all tensors. */
    public long parameters() {
        return tensors.stream().mapToLong(t -> t.shape().elements()).sum();
    }

    /** Whether a folder holds weights of its own. */
    public static boolean isIn(Path folder) {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try {
            ModelFiles.find(folder, ".");
            return true;
        } catch (CheckpointException e) {
            return false;
        }
    }
}
