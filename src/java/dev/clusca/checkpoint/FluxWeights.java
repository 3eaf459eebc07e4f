package dev.clusca.checkpoint;

import dev.clusca.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;

/** Where FLUX's weights come from: {@link FluxCheckpoint}, or {@link RandomFlux} for measurements. */
public interface FluxWeights extends AutoCloseable {
    FluxConfig config();

    /** The files that they are read from; none for weights that are made. */
    default List<Path> files() {
        return List.of();
    }

    /**
     * A tensor in host memory, F32 or BF16; it may be valid until these weights are closed only.
     *
     * @param name one of {@link FluxTensors#of}
     * @throws IllegalArgumentException if a FLUX of this configuration has no such tensor
     */
    Tensor tensor(String name);

    @Override
    void close();
}
