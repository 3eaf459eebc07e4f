package dev.clusca.cli;

import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.pipeline.ImageFolder;
import dev.clusca.pipeline.Npz;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Png;
import dev.clusca.pipeline.PngReader;
import dev.clusca.pipeline.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.CancellationException;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Many single images in a folder. Each depends on its number and the settings alone, so a run may stop at any time and another goes on, with other batches too.
 *
 * @param texts what a picture's file says of how it was made, by its number
 * @param count number of images
 * @param batch the most images at once
 */
record Bulk(
        Session session,
        OutputOptions output,
        Maker maker,
        IntFunction<Map<String, String>> texts,
        int count,
        int batch) {
    /** Of the settings that lie beside the images. */
    private static final int SCHEMA = 2;

    /** Who makes the images. */
    @FunctionalInterface
    interface Maker {
        /**
         * Makes {@code number} images from the {@code first} on.
         *
         * @return the picture of each, counted from the first, which may be drawn only when it is asked for
         */
        IntFunction<Picture> make(int first, int number, Progress progress);
    }

    /**
     * The settings that lie beside the images, as far as they are those of the model; what else a picture depends on, whoever makes it adds.
     *
     * @param config the model's
     * @param weights what tells its weights from others
     * @param autoencoder that makes pictures; null if the model makes them itself
     */
    static Map<String, Object> settings(Object config, String weights, @Nullable VaeCheckpoint autoencoder) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("schema", SCHEMA);
        settings.put("model", config.toString());
        settings.put("weights", weights);
        if (autoencoder != null) {
            settings.put("vae", autoencoder.config().toString());
            settings.put("vae_weights", Fingerprint.of(autoencoder.source()));
        }
        return settings;
    }

    /** Makes what is missing in the folder, then the array of all if one is asked for. */
    void run(ImageFolder images, @Nullable Path npz) throws IOException {
        long began = System.nanoTime();
        if (npz != null) {
            AtomicFile.checkWritable(npz);
            AtomicFile.removeRemains(npz);
        }
        List<Integer> missing = images.missing(count);
        int made = 0;
        try {
            while (made < missing.size()) {
                double seconds = (System.nanoTime() - began) * 1e-9;
                OptionalDouble left = made == 0
                        ? OptionalDouble.empty()
                        : OptionalDouble.of(seconds / made * (missing.size() - made));
                String label = "image " + (made + 1) + " of " + missing.size() + ProgressLine.toGo(left);
                made += make(images, missing.get(made), consecutive(missing, made), label);
            }
            if (npz != null) {
                Npz.write(npz, count, image -> {
                    session.checkCancelled();
                    return PngReader.read(images.file(image));
                });
            }
        } catch (CancellationException e) {
            int there = count - images.missing(count).size();
            throw new WorkKept(
                    "interrupted; " + there + " of " + count + " images are in " + images.path()
                            + ", and the same command goes on",
                    e);
        }
        if (output.text()) {
            session.printf(
                    "%d images in %s: %d made in %.2f s, %d were there%n",
                    count, images.path(), made, (System.nanoTime() - began) * 1e-9, count - made);
            if (npz != null) {
                session.printf("  wrote %s%n", npz);
            }
        }
    }

    /** How many numbers, a batch at most, follow one another from there on. */
    private int consecutive(List<Integer> missing, int from) {
        int length = 1;
        while (length < batch
                && from + length < missing.size()
                && missing.get(from + length) == missing.get(from) + length) {
            length++;
        }
        return length;
    }

    private int make(ImageFolder images, int first, int number, String label) throws IOException {
        try (ProgressLine progress = new ProgressLine(session, output.quiet(), label)) {
            IntFunction<Picture> pictures = maker.make(first, number, progress);
            for (int i = 0; i < number; i++) {
                Png.write(pictures.apply(i), texts.apply(first + i), images.file(first + i));
            }
        }
        return number;
    }
}
