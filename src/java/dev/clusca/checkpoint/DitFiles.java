package dev.clusca.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of a model.
 *
 * @param config its {@code config.json}, or null if there is none
 */
record DitFiles(Path weights, @Nullable Path config) {
    private static final List<String> USUAL = List.of("model.safetensors", "diffusion_pytorch_model.safetensors");

    static DitFiles find(Path path) {
        if (Files.isDirectory(path)) {
            Path transformer = path.resolve("transformer");
            return Files.isDirectory(transformer) && !Files.exists(path.resolve("config.json"))
                    ? inFolder(transformer)
                    : inFolder(path);
        }
        if (!Files.exists(path)) {
            throw new CheckpointException(path + " does not exist; name a model's folder or its .safetensors file");
        }
        return new DitFiles(path, configIn(path.toAbsolutePath().getParent()));
    }

    private static DitFiles inFolder(Path folder) {
        for (String name : USUAL) {
            if (Files.exists(folder.resolve(name))) {
                return new DitFiles(folder.resolve(name), configIn(folder));
            }
        }
        List<Path> candidates;
        try (Stream<Path> files = Files.list(folder)) {
            candidates = files.filter(f -> f.toString().endsWith(".safetensors"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new CheckpointException("the folder " + folder + " cannot be read: " + e, e);
        }
        if (candidates.size() != 1) {
            String found = candidates.stream()
                    .map(f -> String.valueOf(f.getFileName()))
                    .collect(Collectors.joining(", "));
            throw new CheckpointException("the folder " + folder + " holds "
                    + (found.isEmpty() ? "no .safetensors file" : "several weights files (" + found + ")")
                    + "; expected " + String.join(" or ", USUAL) + ", or name the file itself");
        }
        return new DitFiles(candidates.getFirst(), configIn(folder));
    }

    private static @Nullable Path configIn(Path folder) {
        Path config = folder.resolve("config.json");
        return Files.exists(config) ? config : null;
    }
}
