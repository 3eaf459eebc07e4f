package dev.clusca.pipeline;

import dev.clusca.checkpoint.DitConfig;
import dev.clusca.tensor.Shape;

/** The images, or latents, that a run made, with what it took. */
public final class Samples {
    private final DitConfig config;
    private final float[] values;
    private final int[] classes;
    private final RunMetrics metrics;

    Samples(DitConfig config, float[] values, int[] classes, RunMetrics metrics) {
        this.config = config;
        this.values = values;
        this.classes = classes;
        this.metrics = metrics;
    }

    /** Number of images. */
    public int count() {
        return classes.length;
    }

    /** {@code [images, channels, h, w]}. */
    public Shape shape() {
        return Shape.of(count(), config.inChannels(), config.inputSize(), config.inputSize());
    }

    /** A copy of the samples, row-major in {@link #shape}; pixels lie around -1 to 1 and are not clamped. */
    public float[] values() {
        return values.clone();
    }

    /** The classes asked for. */
    public int[] classes() {
        return classes.clone();
    }

    /** What the run took. */
    public RunMetrics metrics() {
        return metrics;
    }

    /**
     * One image of a model that works on pixels.
     *
     * @throws IllegalArgumentException if there is no such image
     * @throws IllegalStateException if the model works on latents, which need a decoder to become a picture
     */
    public Picture picture(int image) {
        if (image < 0 || image >= count()) {
            throw new IllegalArgumentException(
                    "there is no image " + image + "; this run made the images 0 to " + (count() - 1));
        }
        if (!config.pixelSpace()) {
            throw new IllegalStateException("this model makes latents of " + config.inChannels()
                    + " channels, not pixels; save them, and decode them with its autoencoder");
        }
        int side = config.inputSize();
        return Picture.ofModelOutput(values, image * config.inChannels() * side * side, side, side);
    }
}
