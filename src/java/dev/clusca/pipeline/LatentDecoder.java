package dev.clusca.pipeline;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.WorkArena;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.VaeConfig;
import dev.clusca.model.vae.VaeDecoder;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Makes pictures of the latents that a model samples: scales and shifts them as the autoencoder wants them, and decodes, one image at a time, so that a picture depends on its latents alone. */
public final class LatentDecoder implements AutoCloseable {
    private final Backend backend;
    private final WorkArena work;
    private final VaeDecoder decoder;
    private final Tensor latents;
    private final Tensor picture;
    private final double scaling;
    private final double shift;
    private final int perImage;

    /**
     * @param vae the autoencoder that the model was trained with
     * @param config of the model
     * @throws IllegalArgumentException if the autoencoder has latents of other channels than the model
     * @throws dev.clusca.backend.OperationMissingException if the backend cannot decode
     */
    public LatentDecoder(VaeModel vae, DitConfig config) {
        this(checked(vae, config), config.inChannels(), config.inputSize(), config.inputSize());
    }

    /**
     * @param vae the autoencoder that the model was trained with
     * @param channels of the latents
     * @param height of the latents
     * @param width of the latents
     * @throws IllegalArgumentException if the autoencoder has latents of other channels
     * @throws dev.clusca.backend.OperationMissingException if the backend cannot decode
     */
    public LatentDecoder(VaeModel vae, int channels, int height, int width) {
        checkFits(vae.config(), channels);
        backend = vae.backend();
        scaling = vae.config().scalingFactor();
        shift = vae.config().shiftFactor();
        perImage = channels * height * width;
        work = new WorkArena(backend);
        boolean opened = false;
        try {
            probe(vae);
            decoder = new VaeDecoder(vae, height, width, work.arena());
            latents = backend.allocate(work.arena(), DType.F32, Shape.of(1, channels, height, width));
            picture = backend.allocate(
                    work.arena(), DType.F32, Shape.of(1, 3, decoder.pictureHeight(), decoder.pictureWidth()));
            opened = true;
        } finally {
            if (!opened) {
                work.close();
            }
        }
    }

    /**
     * Decodes one pixel: a backend that lacks an operation says so now, not when everything was sampled.
     *
     * @throws dev.clusca.backend.OperationMissingException if it does
     */
    public static void probe(VaeModel vae) {
        try (WorkArena small = new WorkArena(vae.backend())) {
            VaeDecoder decoder = new VaeDecoder(vae, 1, 1, small.arena());
            Tensor in = vae.backend()
                    .allocate(small.arena(), DType.F32, Shape.of(1, vae.config().latentChannels(), 1, 1));
            vae.backend().write(in, MemorySegment.ofArray(new float[vae.config().latentChannels()]));
            decoder.decode(
                    in,
                    vae.backend()
                            .allocate(
                                    small.arena(),
                                    DType.F32,
                                    Shape.of(1, 3, decoder.pictureHeight(), decoder.pictureWidth())));
        }
    }

    /**
     * Checks that an autoencoder decodes what a model samples.
     *
     * @throws IllegalArgumentException if it does not
     */
    public static void checkFits(VaeConfig vae, DitConfig config) {
        if (config.pixelSpace()) {
            throw new IllegalArgumentException("this model makes pixels, which need no autoencoder");
        }
        checkFits(vae, config.inChannels());
    }

    /**
     * Checks that an autoencoder decodes latents of so many channels.
     *
     * @throws IllegalArgumentException if it does not
     */
    public static void checkFits(VaeConfig vae, int channels) {
        if (vae.latentChannels() != channels) {
            throw new IllegalArgumentException("the autoencoder decodes latents of " + vae.latentChannels()
                    + " channels, and the model makes latents of " + channels
                    + "; take the autoencoder that the model was trained with");
        }
    }

    private static VaeModel checked(VaeModel vae, DitConfig config) {
        checkFits(vae.config(), config);
        return vae;
    }

    /**
     * The picture of one image; waits.
     *
     * @param samples the latents, as {@link Samples#values()} gives them
     * @param image which of them
     * @throws BackendException if the autoencoder overflows
     */
    public Picture decode(float[] samples, int image) {
        float[] scaled = new float[perImage];
        for (int i = 0; i < perImage; i++) {
            scaled[i] = (float) (samples[image * perImage + i] / scaling + shift);
        }
        backend.write(latents, MemorySegment.ofArray(scaled));
        decoder.decode(latents, picture);
        float[] values = new float[Math.toIntExact(picture.shape().elements())];
        backend.read(picture, MemorySegment.ofArray(values));
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new BackendException(
                        "image " + image + " came out of the autoencoder with the value " + value
                                + ": the latents are too large for it or its weights are not finite; try f32, or less guidance");
            }
        }
        return Picture.ofModelOutput(values, 0, decoder.pictureWidth(), decoder.pictureHeight());
    }

    /** Waits for the backend and frees what decoding holds. */
    @Override
    public void close() {
        work.close();
    }
}
