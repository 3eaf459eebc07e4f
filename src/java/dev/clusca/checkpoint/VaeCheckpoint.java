package dev.clusca.checkpoint;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * An autoencoder's configuration and the tensors of its decoder under diffusers' names. Opening checks that each tensor is there, has the shape that the configuration
 * asks for, and holds finite numbers. The encoder, which clusca does not run, may be there or not.
 */
public final class VaeCheckpoint implements VaeWeights {
    /** The names of the attention's layers before diffusers 0.13, which many published files still have. */
    private static final Map<String, String> EARLIER =
            Map.of("to_q.", "query.", "to_k.", "key.", "to_v.", "value.", "to_out.0.", "proj_attn.");

    private final Checkpoint weights;
    private final List<Path> files;
    private final VaeConfig config;
    private final Map<String, Shape> shapes;
    private final boolean earlierNames;

    private VaeCheckpoint(Checkpoint weights, List<Path> files, VaeConfig config) {
        this.weights = weights;
        this.files = files;
        this.config = config;
        this.shapes = VaeTensors.of(config);
        this.earlierNames = weights.names().contains("decoder.mid_block.attentions.0.query.weight");
    }

    /**
     * Opens an autoencoder from a folder with {@code config.json} and weights (a pipeline's folder too: its {@code vae} is taken), or from a weights file with
     * {@code config.json} beside it.
     *
     * @throws CheckpointException if something is missing or wrong; what is wrong with the tensors is listed all at once
     */
    public static VaeCheckpoint open(Path path) {
        ModelFiles files = ModelFiles.find(path, "vae");
        if (files.config() == null) {
            throw new CheckpointException("there is no config.json beside " + files.weights()
                    + "; put the autoencoder's there, it comes with the weights");
        }
        VaeConfig config = VaeConfig.fromJson(files.config());
        Checkpoint weights = Checkpoints.open(files.weights());
        try {
            VaeCheckpoint vae = new VaeCheckpoint(weights, files.all(weights), config);
            vae.check();
            return vae;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private void check() {
        TensorAudit audit = new TensorAudit(weights, true);
        shapes.forEach((name, shape) -> audit.tensor(stored(name), shape));
        audit.report(
                weights.source() + " is not the autoencoder that its configuration describes (names as in diffusers)",
                name -> name.startsWith("encoder.") || name.startsWith("quant_conv."));
    }

    @Override
    public VaeConfig config() {
        return config;
    }

    /** The weights file. */
    public String source() {
        return weights.source();
    }

    /** The files that the autoencoder is read from: weights, an index of shards, {@code config.json}. */
    public List<Path> files() {
        return files;
    }

    @Override
    public Tensor tensor(String name) {
        if (!shapes.containsKey(name)) {
            throw new IllegalArgumentException(
                    "the decoder of this autoencoder has no tensor " + CheckpointException.quote(name));
        }
        return weights.tensor(stored(name));
    }

    private String stored(String name) {
        if (earlierNames && name.contains(".attentions.")) {
            for (Map.Entry<String, String> part : EARLIER.entrySet()) {
                if (name.contains("." + part.getKey())) {
                    return name.replace(part.getKey(), part.getValue());
                }
            }
        }
        return name;
    }

    /** Unmaps the file. Closing again does nothing. */
    @Override
    public void close() {
        weights.close();
    }
}
