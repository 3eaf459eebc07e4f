package dev.clusca.cli.bench;

import dev.clusca.backend.Backend;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.cli.Drawing;
import dev.clusca.measure.Comparing;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.pipeline.LatentDecoder;
import dev.clusca.pipeline.Samples;
import dev.clusca.tensor.DType;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * How the pictures of a model are compared, and the decoder that makes them where it works on latents.
 *
 * @param decoder null if none is needed, or there is none
 */
record Decoding(Comparing<Samples> comparing, @Nullable LatentDecoder decoder) implements AutoCloseable {
    /**
     * The way for a model: without a decoder, with the autoencoder given, or not at all, for a reason that goes into the result.
     *
     * @param vae null if there is none
     */
    static Decoding of(DitConfig config, @Nullable VaeCheckpoint vae, Backend backend, Arena arena, DType dtype) {
        if (config.pixelSpace()) {
            return new Decoding(Comparing.by(new Drawing(null)::all), null);
        }
        if (vae == null) {
            return new Decoding(withoutAutoencoder(), null);
        }
        try {
            LatentDecoder decoder = new LatentDecoder(new VaeModel(vae, backend, arena, dtype), config);
            return new Decoding(Comparing.by(new Drawing(decoder)::all), decoder);
        } catch (OperationMissingException e) {
            return new Decoding(withoutDecoder(backend), null);
        }
    }

    /** No comparing, where latents have no autoencoder. */
    static <S> Comparing<S> withoutAutoencoder() {
        return Comparing.none("the model makes latents, and no autoencoder makes pictures of them");
    }

    /** No comparing, where the backend lacks the operations of one. */
    static <S> Comparing<S> withoutDecoder(Backend backend) {
        return Comparing.none("the " + backend.name() + " backend cannot make pictures of latents");
    }

    @Override
    public void close() {
        if (decoder != null) {
            decoder.close();
        }
    }
}
