package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * FLUX's configuration and its tensors under their official names, whatever the file calls them. Opening checks that each tensor is there and has the shape that the configuration asks for, and
 * that nothing else is there; that a tensor holds finite numbers is checked when it is looked at.
 */
public final class FluxCheckpoint implements FluxWeights {
    private final Checkpoint weights;
    private final List<Path> files;
    private final FluxConfig config;
    private final FluxNaming naming;
    private final Map<String, Shape> shapes;
    private final StoredTensors tensors;

    private FluxCheckpoint(Checkpoint weights, List<Path> files, FluxConfig config, FluxNaming naming) {
        this.weights = weights;
        this.files = files;
        this.config = config;
        this.naming = naming;
        this.shapes = FluxTensors.of(config);
        this.tensors = new StoredTensors(weights, this::storedNames, this::checkValues);
    }

    /**
     * Opens a model from a folder with diffusers' {@code config.json} and weights (a pipeline's folder too: its {@code transformer} is taken), or from a weights file: under official names its shapes
     * tell the configuration, if a head has 128 channels as in the published models, or the constructor's arguments in its metadata do.
     *
     * @throws CheckpointException if something is missing or wrong; what is wrong with the tensors is listed all at once. NaN and infinity, if they are all that is wrong, are found
     *     when a tensor is looked at, or by {@link #checkValues}: until then no tensor is read
     */
    public static FluxCheckpoint open(Path path) {
        ModelFiles files = ModelFiles.find(path, "transformer");
        return open(files, files.config() == null ? null : FluxConfig.fromJson(files.config()));
    }

    /** Opens a weights file, or the one in a folder, under a configuration given by the caller. Errors as {@link #open(Path)}. */
    public static FluxCheckpoint openAs(Path path, FluxConfig config) {
        return open(ModelFiles.find(path, "transformer"), config);
    }

    /**
     * The configuration of the model at a path, if it is a FLUX: of a {@code config.json}, of a folder that has one, of a pipeline's, or else of weights. No tensor is read.
     *
     * @return empty if another model lies there
     * @throws CheckpointException if it is a FLUX, and something is missing or wrong; or if there is no checkpoint
     */
    public static Optional<FluxConfig> configAt(Path path) {
        if (path.toString().endsWith(".json") && !path.toString().endsWith(ShardedSafetensors.INDEX)) {
            return FluxConfigReader.isFlux(path) ? Optional.of(FluxConfig.fromJson(path)) : Optional.empty();
        }
        for (Path json : List.of(path.resolve("config.json"), path.resolve("transformer/config.json"))) {
            if (Files.exists(json)) {
                return configAt(json);
            }
        }
        ModelFiles files = ModelFiles.find(path, "transformer");
        try (Checkpoint weights = Checkpoints.open(files.weights())) {
            if (FluxNaming.detect(weights)
                    .filter(naming -> FluxShapes.isFlux(weights, naming))
                    .isEmpty()) {
                return Optional.empty();
            }
        }
        try (FluxCheckpoint opened = open(path)) {
            return Optional.of(opened.config);
        }
    }

    private static FluxCheckpoint open(ModelFiles files, @Nullable FluxConfig given) {
        Checkpoint weights = Checkpoints.open(files.weights());
        try {
            FluxNaming naming = FluxNaming.detect(weights)
                    .orElseThrow(
                            () -> new CheckpointException(
                                    weights.source()
                                            + " holds no FLUX: none of its tensors has an official name (as double_blocks.0.img_mod.lin.weight) or a name of diffusers (as single_transformer_blocks.0.proj_out.weight)"));
            FluxConfig config = given != null ? given : fromFile(weights, naming);
            FluxCheckpoint opened = new FluxCheckpoint(weights, files.all(weights), config, naming);
            TensorAudit.structure(opened::check);
            return opened;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static FluxConfig fromFile(Checkpoint weights, FluxNaming naming) {
        return weights.metadata().containsKey("hidden_size")
                ? FluxConfig.fromMetadata(weights.metadata(), weights.source())
                : FluxShapes.config(weights, naming);
    }

    @Override
    public FluxConfig config() {
        return config;
    }

    /** The files that the model is read from: weights, an index of shards, {@code config.json}. */
    @Override
    public List<Path> files() {
        return files;
    }

    /** How the file names its tensors. */
    public FluxNaming naming() {
        return naming;
    }

    /** The weights file. */
    public String source() {
        return weights.source();
    }

    /**
     * A tensor in host memory, F32 or BF16 as stored; F16 and F64 are converted to F32. Without conversion it may be a view of the file, at any byte address; it lives until this
     * checkpoint is closed.
     *
     * @param name one of {@link FluxTensors#of}
     * @throws IllegalArgumentException if a FLUX of this configuration has no such tensor
     * @throws CheckpointException if it holds NaN or infinity; all tensors that do are named
     */
    @Override
    public Tensor tensor(String name) {
        Shape shape = shapes.get(name);
        if (shape == null) {
            throw new IllegalArgumentException("this FLUX has no tensor " + CheckpointException.quote(name));
        }
        FluxNaming.Source source = naming.source(name);
        Tensor whole = tensors.tensor(source.parts());
        if (!source.halvesExchanged()) {
            return whole;
        }
        long half = shape.dim(0) / 2;
        return Elements.concatenate(List.of(whole.rows(half, half), whole.rows(0, half)), Arena.ofAuto());
    }

    private List<String> storedNames() {
        return shapes.keySet().stream()
                .flatMap(name -> naming.source(name).parts().stream())
                .toList();
    }

    /**
     * Reads all tensors and looks for NaN and infinity.
     *
     * @throws CheckpointException if a tensor holds any; all of them are named
     */
    public void checkValues() {
        check(true);
    }

    private void check(boolean values) {
        TensorAudit audit = new TensorAudit(weights, values);
        shapes.forEach((name, shape) -> {
            List<String> parts = naming.source(name).parts();
            for (String part : parts) {
                audit.tensor(part, partOf(shape, part, parts.size()));
            }
        });
        audit.report(
                weights.source() + " is not the FLUX that its configuration describes (names as in "
                        + (naming.style() == FluxNaming.Style.OFFICIAL ? "the official code" : "diffusers")
                        + (naming.prefix().isEmpty() ? "" : " behind " + CheckpointException.quote(naming.prefix()))
                        + ")",
                _ -> false);
    }

    /** The shape of one part of a tensor: queries, keys and values share it equally; in a single block what is left is the MLP's. */
    private Shape partOf(Shape whole, String part, int parts) {
        if (parts == 1) {
            return whole;
        }
        boolean mlp = part.contains("proj_mlp");
        return whole.withOuter(mlp ? config.mlpWidth() : config.hiddenSize());
    }

    /** Unmaps the file. Closing again does nothing. */
    @Override
    public void close() {
        weights.close();
    }
}
