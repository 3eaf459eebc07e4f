package dev.clusca.model.dit;

import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.random.Normals;
import dev.clusca.random.Purpose;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes small DiT checkpoints with random weights, official names, so that a test needs no file of the repository. */
public final class TinyDit {
    private final Arena arena = Arena.ofAuto();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private int count;

    private TinyDit() {}

    /** A folder with {@code config.json} and {@code model.safetensors}: 8 x 8 RGB pixels, patch 2 (16 tokens), width 24, 3 layers of 2 heads, 5 classes. */
    public static Path write(Path folder) throws IOException {
        return write(folder, 8, 2, 3, 24, 3, 2, 5);
    }

    /** The same, trained without class dropout: its label table has no row for the null class. */
    public static Path writeWithoutNullClass(Path folder) throws IOException {
        return write(folder, 8, 2, 3, 24, 3, 2, 5, false);
    }

    /** The same with other sizes. */
    public static Path write(
            Path folder, int input, int patch, int channels, int width, int depth, int heads, int classes)
            throws IOException {
        return write(folder, input, patch, channels, width, depth, heads, classes, true);
    }

    private static Path write(
            Path folder,
            int input,
            int patch,
            int channels,
            int width,
            int depth,
            int heads,
            int classes,
            boolean nullClass)
            throws IOException {
        Files.createDirectories(folder);
        Map<String, Object> constructor = new LinkedHashMap<>();
        constructor.put("input_size", input);
        constructor.put("patch_size", patch);
        constructor.put("in_channels", channels);
        constructor.put("hidden_size", width);
        constructor.put("depth", depth);
        constructor.put("num_heads", heads);
        constructor.put("mlp_ratio", 4.0);
        constructor.put("class_dropout_prob", nullClass ? 0.1 : 0.0);
        constructor.put("num_classes", classes);
        constructor.put("learn_sigma", true);
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("model", "DiT");
        config.put("constructor", constructor);
        config.put("pixel_space", channels == 3);
        Files.writeString(folder.resolve("config.json"), Json.pretty(config));

        TinyDit t = new TinyDit();
        t.linear("x_embedder.proj", width, channels, patch, patch);
        t.linear("t_embedder.mlp.0", width, 256);
        t.linear("t_embedder.mlp.2", width, width);
        t.random("y_embedder.embedding_table.weight", 0.5, classes + (nullClass ? 1 : 0), width);
        for (int layer = 0; layer < depth; layer++) {
            String at = "blocks." + layer + ".";
            t.linear(at + "attn.qkv", 3L * width, width);
            t.linear(at + "attn.proj", width, width);
            t.linear(at + "mlp.fc1", 4L * width, width);
            t.linear(at + "mlp.fc2", width, 4L * width);
            t.linear(at + "adaLN_modulation.1", 6L * width, width);
        }
        t.linear("final_layer.linear", 2L * patch * patch * channels, width);
        t.linear("final_layer.adaLN_modulation.1", 2L * width, width);
        long side = input / patch;
        t.random("pos_embed", 0.5, 1, side * side, width);
        Safetensors.write(folder.resolve("model.safetensors"), t.tensors, Map.of());
        return folder;
    }

    private void linear(String name, long... shape) {
        long inputs = Shape.of(shape).inner().elements();
        random(name + ".weight", 1 / Math.sqrt(inputs), shape);
        random(name + ".bias", 0.1, shape[0]);
    }

    private void random(String name, double scale, long... dims) {
        Shape shape = Shape.of(dims);
        float[] values = new float[Math.toIntExact(shape.elements())];
        Normals.fill(values, 42, count++, 0, Purpose.INITIAL_NOISE);
        for (int i = 0; i < values.length; i++) {
            values[i] *= (float) scale;
        }
        MemorySegment memory = arena.allocate(values.length * 4L, 64);
        MemorySegment.copy(MemorySegment.ofArray(values), 0, memory, 0, memory.byteSize());
        tensors.put(name, Tensor.of(memory, DType.F32, shape));
    }
}
