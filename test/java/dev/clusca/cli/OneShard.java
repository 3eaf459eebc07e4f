package dev.clusca.cli;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Weights as large models are published: shards, here one, and their index. */
final class OneShard {
    static final String FILE = "model-00001-of-00001.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private OneShard() {}

    /** Copies a weights file into a new folder. */
    static Path write(Path weights, Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.copy(weights, folder.resolve(FILE));
        Map<String, Object> map = new TreeMap<>();
        try (Checkpoint whole = Safetensors.open(weights)) {
            whole.names().forEach(name -> map.put(name, FILE));
        }
        Files.writeString(folder.resolve(INDEX), Json.pretty(Map.of("weight_map", map)));
        return folder;
    }
}
