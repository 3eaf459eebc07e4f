package dev.clusca.checkpoint;

import dev.clusca.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a DiT's weights come from: {@link DitCheckpoint}, or {@link RandomDit} for measurements. */
public interface DitWeights extends AutoCloseable {
    DitConfig config();

    /** The files that they are read from; none for weights that are made. */
    default List<Path> files() {
        return List.of();
    }

    /**
     * A tensor in host memory, F32 or BF16; it may be valid until these weights are closed only.
     *
     * @param name one of {@link DitTensors#of}
     * @throws IllegalArgumentException if a DiT of this configuration has no such tensor
     */
    Tensor tensor(String name);

    /** The position embedding {@code [1, N, C]}, or null if it is to be computed. */
    @Nullable
    Tensor positions();

    @Override
    void close();
}
