package dev.clusca.checkpoint;

import java.nio.file.Path;

/** Opens checkpoints by what they are: one safetensors file, or the index of one that was cut into shards. */
public final class Checkpoints {
    private Checkpoints() {}

    /**
     * Maps a checkpoint's files and checks their headers; tensors are read when they are used.
     *
     * @param file a {@code .safetensors} file, or a {@code .safetensors.index.json}
     * @throws CheckpointException if a file cannot be read or is not valid
     */
    public static Checkpoint open(Path file) {
        return file.toString().endsWith(ShardedSafetensors.INDEX)
                ? ShardedSafetensors.open(file)
                : Safetensors.open(file);
    }
}
