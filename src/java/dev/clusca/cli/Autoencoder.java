package dev.clusca.cli;

import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.checkpoint.VaeConfig;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Opens the autoencoder that makes pictures of a model's latents. */
final class Autoencoder {
    private Autoencoder() {}

    /**
     * Opens one and looks whether it fits.
     *
     * @param fits throws if it does not; then it is closed again
     * @throws dev.clusca.checkpoint.CheckpointException if it cannot be used
     */
    static VaeCheckpoint open(Path path, Consumer<VaeConfig> fits) {
        VaeCheckpoint opened = VaeCheckpoint.open(path);
        try {
            fits.accept(opened.config());
            return opened;
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }
}
