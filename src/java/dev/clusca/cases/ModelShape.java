package dev.clusca.cases;

import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToIntFunction;

/**
 * The extents of a diffusion transformer that decide how its operations' tensors look.
 *
 * @param name what to call it
 * @param grid patches across and down; an image has {@code grid * grid} tokens
 * @param patch height and width of a patch
 * @param channels of what the model denoises
 * @param outputs channels that it puts out
 * @param width C of a token
 * @param heads attention heads
 * @param hidden width of an MLP's hidden layer
 */
public record ModelShape(
        String name, int grid, int patch, int channels, int outputs, int width, int heads, int hidden) {
    /** What every model has where a specification does not say. */
    private static final Map<String, Integer> DEFAULTS = defaults();

    private static final int LARGEST = 1 << 16;

    public ModelShape {
        extent("grid", grid);
        extent("patch", patch);
        extent("channels", channels);
        extent("outputs", outputs);
        extent("width", width);
        extent("heads", heads);
        extent("hidden", hidden);
        if (width % heads != 0) {
            throw new IllegalArgumentException("width " + width + " is not a multiple of heads, " + heads);
        }
    }

    /**
     * The shape that a text names: a published size at 256 pixels, as {@code dit-xl/2}, or at another, as {@code dit-xl/2@512}; a model's folder; or extents, as
     * {@code grid=16,width=1152,heads=16}, where what is left out is DiT-XL/2's (hidden: four times the width).
     *
     * @throws IllegalArgumentException if it is none of them
     */
    public static ModelShape parse(String text) {
        if (text.contains("=")) {
            return ofExtents(text);
        }
        Path path = Path.of(text);
        if (Files.isDirectory(path)) {
            try (DitCheckpoint checkpoint = DitCheckpoint.open(path)) {
                return of(path.toAbsolutePath().normalize().getFileName().toString(), checkpoint.config());
            }
        }
        int at = text.indexOf('@');
        try {
            int pixels = at < 0 ? 256 : Integer.parseInt(text.substring(at + 1));
            return of(text.toLowerCase(Locale.ROOT), DitConfig.of(at < 0 ? text : text.substring(0, at), pixels));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "'" + text + "' has no number of pixels after its @; expected as in dit-xl/2@512", e);
        }
    }

    /** That of a model. */
    public static ModelShape of(String name, DitConfig config) {
        return new ModelShape(
                name,
                config.inputSize() / config.patchSize(),
                config.patchSize(),
                config.inChannels(),
                config.outChannels(),
                config.hiddenSize(),
                config.numHeads(),
                config.mlpWidth());
    }

    private static ModelShape ofExtents(String text) {
        Map<String, Integer> extents = new LinkedHashMap<>(DEFAULTS);
        for (String part : text.split(",", -1)) {
            String[] pair = part.split("=", -1);
            if (pair.length != 2 || !DEFAULTS.containsKey(pair[0].strip())) {
                throw new IllegalArgumentException("'" + part
                        + "' is no extent of a model; expected NAME=NUMBER, separated by commas, with the names "
                        + String.join(", ", DEFAULTS.keySet()));
            }
            try {
                extents.put(pair[0].strip(), Integer.parseInt(pair[1].strip()));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("'" + part + "' has no number after the =", e);
            }
        }
        ToIntFunction<String> extent = name -> Objects.requireNonNull(extents.get(name), name);
        int width = extent.applyAsInt("width");
        int hidden = extent.applyAsInt("hidden");
        return new ModelShape(
                text,
                extent.applyAsInt("grid"),
                extent.applyAsInt("patch"),
                extent.applyAsInt("channels"),
                extent.applyAsInt("outputs"),
                width,
                extent.applyAsInt("heads"),
                hidden == 0 ? 4 * width : hidden);
    }

    private static Map<String, Integer> defaults() {
        Map<String, Integer> extents = new LinkedHashMap<>();
        extents.put("grid", 16);
        extents.put("patch", 2);
        extents.put("channels", 4);
        extents.put("outputs", 8);
        extents.put("width", 1152);
        extents.put("heads", 16);
        extents.put("hidden", 0);
        return extents;
    }

    /** Tokens N of an image. */
    public int tokens() {
        return grid * grid;
    }

    private static void extent(String name, int value) {
        if (value < 1 || value > LARGEST) {
            throw new IllegalArgumentException(name + " is " + value + ", expected 1 to " + LARGEST);
        }
    }
}
