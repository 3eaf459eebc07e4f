package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A DiT's configuration and its tensors under their official names, whatever the file calls them. Opening checks that each tensor is there and has the shape that the
 * configuration asks for, and that nothing else is there; that a tensor holds finite numbers is checked when it is looked at.
 */
public final class DitCheckpoint implements DitWeights {
    private final Checkpoint weights;
    private final List<Path> files;
    private final DitConfig config;
    private final DitNaming naming;
    private final Map<String, Shape> shapes;
    private final StoredTensors tensors;

    private DitCheckpoint(Checkpoint weights, List<Path> files, DitConfig config, DitNaming naming) {
        this.weights = weights;
        this.files = files;
        this.config = config;
        this.naming = naming;
        this.shapes = DitTensors.of(config);
        this.tensors = new StoredTensors(weights, this::storedNames, this::checkValues);
    }

    /**
     * Opens a model from a folder with {@code config.json} and weights (a diffusers pipeline's folder too: its {@code transformer} is taken), or from a weights file with
     * {@code config.json} beside it or with the constructor's arguments in its metadata. A published size under official names needs neither.
     *
     * @throws CheckpointException if something is missing or wrong; what is wrong with the tensors is listed all at once. NaN and infinity, if they are all that is wrong, are found
     *     when a tensor is looked at, or by {@link #checkValues}: until then no tensor is read
     */
    public static DitCheckpoint open(Path path) {
        ModelFiles files = ModelFiles.find(path, "transformer");
        return open(files, files.config() == null ? null : DitConfig.fromJson(files.config()));
    }

    /** Opens a weights file, or the one in a folder, under a configuration given by the caller. Errors as {@link #open(Path)}. */
    public static DitCheckpoint openAs(Path path, DitConfig config) {
        return open(ModelFiles.find(path, "transformer"), config);
    }

    private static DitCheckpoint open(ModelFiles files, @Nullable DitConfig given) {
        Checkpoint weights = Checkpoints.open(files.weights());
        try {
            if (FluxNaming.detect(weights)
                    .filter(flux -> FluxShapes.isFlux(weights, flux))
                    .isPresent()) {
                throw new CheckpointException(
                        weights.source()
                                + " holds FLUX, not a DiT; 'clusca flux' makes images with it, as FluxModel does in the library");
            }
            DitNaming naming = DitNaming.detect(weights);
            DitConfig config = given != null ? given : fromFile(weights, naming);
            DitCheck.structure(weights, config, naming);
            return new DitCheckpoint(weights, files.all(weights), config, naming);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static DitConfig fromFile(Checkpoint weights, DitNaming naming) {
        if (weights.metadata().containsKey("hidden_size")) {
            return DitConfig.fromMetadata(weights.metadata(), weights.source());
        }
        DitShapes shapes = DitShapes.of(weights, naming);
        return Optional.ofNullable(shapes)
                .flatMap(DitShapes::config)
                .orElseThrow(() -> new CheckpointException("there is no configuration for " + weights.source()
                        + ": neither config.json beside it nor the constructor's arguments in its metadata, nor is it a published size under official names with its"
                        + " positions, whose shapes would tell; put config.json beside it"));
    }

    @Override
    public DitConfig config() {
        return config;
    }

    /** The files that the model is read from: weights, an index of shards, {@code config.json}. */
    @Override
    public List<Path> files() {
        return files;
    }

    /** How the file names its tensors. */
    public DitNaming naming() {
        return naming;
    }

    /** The weights file. */
    public String source() {
        return weights.source();
    }

    /**
     * A tensor in host memory, F32 or BF16 as stored; F16 and F64 are converted to F32. Without conversion it is a view of the file, at any byte address; it lives until
     * this checkpoint is closed.
     *
     * @param name one of {@link DitTensors#of}
     * @throws IllegalArgumentException if a DiT of this configuration has no such tensor
     * @throws CheckpointException if it holds NaN or infinity; all tensors that do are named
     */
    @Override
    public Tensor tensor(String name) {
        Shape shape = shapes.get(name);
        if (shape == null) {
            throw new IllegalArgumentException(
                    "a DiT of depth " + config.depth() + " has no tensor " + CheckpointException.quote(name));
        }
        return tensors.tensor(naming.source(name, config.depth()).parts());
    }

    private List<String> storedNames() {
        return shapes.keySet().stream()
                .flatMap(name -> naming.source(name, config.depth()).parts().stream())
                .toList();
    }

    /** The position embedding {@code [1, N, C]}, as {@link #tensor}; null if the file leaves it to be computed. */
    @Override
    public @Nullable Tensor positions() {
        String name = naming.positions();
        return weights.names().contains(name) ? tensors.tensor(List.of(name)) : null;
    }

    /**
     * Reads all tensors and looks for NaN and infinity.
     *
     * @throws CheckpointException if a tensor holds any; all of them are named
     */
    public void checkValues() {
        DitCheck.values(weights, config, naming);
    }

    /** Unmaps the file. Closing again does nothing. */
    @Override
    public void close() {
        weights.close();
    }
}
