package dev.clusca.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of one model.
 *
 * @param weights a safetensors file, or the index of one that was cut into shards
 * @param config its {@code config.json}, or null if there is none
 */
record ModelFiles(Path weights, @Nullable Path config) {
    private static final String WEIGHTS = ".safetensors";
    private static final List<String> USUAL = List.of(
            "model" + WEIGHTS,
            "diffusion_pytorch_model" + WEIGHTS,
            "model" + ShardedSafetensors.INDEX,
            "diffusion_pytorch_model" + ShardedSafetensors.INDEX);

    /**
     * @param path a folder, or a weights file
     * @param part the model's folder in that of a diffusers pipeline
     */
    static ModelFiles find(Path path, String part) {
        if (Files.isDirectory(path)) {
            Path inner = path.resolve(part).normalize();
            return !inner.equals(path.normalize())
                            && Files.isDirectory(inner)
                            && !Files.exists(path.resolve("config.json"))
                    ? inFolder(inner)
                    : inFolder(path);
        }
        if (!Files.exists(path)) {
            throw new CheckpointException(path + " does not exist; name a model's folder or its .safetensors file");
        }
        return new ModelFiles(
                path, configIn(Objects.requireNonNull(path.toAbsolutePath().getParent(), "a file lies in a folder")));
    }

    /**
     * All of them.
     *
     * @param opened the weights, which know of what files they are made
     */
    List<Path> all(Checkpoint opened) {
        return Stream.concat(opened.files().stream(), Stream.ofNullable(config)).toList();
    }

    private static ModelFiles inFolder(Path folder) {
        for (String name : USUAL) {
            if (Files.exists(folder.resolve(name))) {
                return new ModelFiles(folder.resolve(name), configIn(folder));
            }
        }
        List<Path> all;
        try (Stream<Path> files = Files.list(folder)) {
            all = files.sorted().toList();
        } catch (IOException e) {
            throw new CheckpointException("the folder " + folder + " cannot be read: " + FileFailure.reason(e), e);
        }
        // Shards have an index, which stands for all of them.
        List<Path> indices = ending(all, ShardedSafetensors.INDEX);
        List<Path> candidates = indices.isEmpty() ? ending(all, WEIGHTS) : indices;
        if (candidates.size() != 1) {
            throw new CheckpointException("the folder " + folder + " holds "
                    + (candidates.isEmpty()
                            ? "no .safetensors file"
                            : "several weights files (" + names(candidates) + ")")
                    + pickles(all) + "; expected " + String.join(" or ", USUAL) + ", or name the file itself");
        }
        return new ModelFiles(candidates.getFirst(), configIn(folder));
    }

    private static String pickles(List<Path> all) {
        List<Path> found = Stream.of(".bin", ".pt", ".pth", ".ckpt")
                .flatMap(end -> ending(all, end).stream())
                .toList();
        return found.isEmpty()
                ? ""
                : ", but PyTorch's pickles (" + names(found)
                        + "), which can run any code when they are loaded and which clusca does not read; fetch the model's safetensors or convert them";
    }

    private static List<Path> ending(List<Path> files, String end) {
        return files.stream().filter(f -> f.toString().endsWith(end)).toList();
    }

    private static String names(List<Path> files) {
        return files.stream().map(f -> String.valueOf(f.getFileName())).collect(Collectors.joining(", "));
    }

    private static @Nullable Path configIn(Path folder) {
        Path config = folder.resolve("config.json");
        return Files.exists(config) ? config : null;
    }
}
