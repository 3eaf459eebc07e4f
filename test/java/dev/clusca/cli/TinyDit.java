package dev.clusca.cli;

import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.DitTensors;
import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** Checkpoints of random DiTs that sample in moments: 16 tokens of width 16, 4 classes. */
public final class TinyDit {
    public static final int TOKENS = 16;
    public static final int CLASSES = 4;

    private TinyDit() {}

    /** A model on pixels (16 x 16 RGB). */
    public static Path pixels(Path folder) {
        return write(folder, 3, true, 16, 2, 0.05f);
    }

    /** A model on latents (16 x 16, 4 channels). */
    public static Path latents(Path folder) {
        return write(folder, 4, false, 16, 2, 0.05f);
    }

    /** A model on pixels of which one weight is not a number. */
    public static Path broken(Path folder) {
        return write(folder, 3, true, 16, 2, Float.NaN);
    }

    /** A model on pixels that takes a fraction of a second a step for 4 images in plain Java. */
    public static Path slow(Path folder) {
        return write(folder, 3, true, 128, 4, 0.05f);
    }

    private static Path write(Path folder, int channels, boolean pixelSpace, int hidden, int depth, float lastWeight) {
        Map<String, Object> constructor = new LinkedHashMap<>();
        constructor.put("input_size", 16);
        constructor.put("patch_size", 4);
        constructor.put("in_channels", channels);
        constructor.put("hidden_size", hidden);
        constructor.put("depth", depth);
        constructor.put("num_heads", 2);
        constructor.put("mlp_ratio", 2.0);
        constructor.put("class_dropout_prob", 0.1);
        constructor.put("num_classes", CLASSES);
        constructor.put("learn_sigma", true);
        Path config = folder.resolve("config.json");
        try {
            Files.createDirectories(folder);
            Files.writeString(config, Json.pretty(Map.of("constructor", constructor, "pixel_space", pixelSpace)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Random random = new Random(11);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        DitTensors.of(DitConfig.fromJson(config)).forEach((name, shape) -> {
            float[] values = new float[Math.toIntExact(shape.elements())];
            for (int i = 0; i < values.length; i++) {
                values[i] = 0.05f * (float) random.nextGaussian();
            }
            values[values.length - 1] = lastWeight;
            tensors.put(name, Tensor.of(MemorySegment.ofArray(values), DType.F32, shape));
        });
        Safetensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
        return folder;
    }
}
