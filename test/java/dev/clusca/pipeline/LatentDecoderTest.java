package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.Repository;
import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.Backends;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.tensor.DType;
import java.lang.foreign.Arena;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class LatentDecoderTest {
    private static final int IMAGE = 4 * 2 * 2;

    @Test
    void latentsThatOverflowTheAutoencoderAreNoInternalError() {
        try (Backend backend = Backends.open("cpu");
                Arena arena = Arena.ofShared();
                VaeCheckpoint vae = VaeCheckpoint.open(Repository.path("test", "golden", "vae"));
                LatentDecoder decoder = new LatentDecoder(new VaeModel(vae, backend, arena, DType.F32), 4, 2, 2)) {
            float[] latents = new float[2 * IMAGE];
            Arrays.fill(latents, IMAGE, 2 * IMAGE, Float.MAX_VALUE);

            assertThat(decoder.decode(latents, 0).width()).isEqualTo(16);
            assertThatThrownBy(() -> decoder.decode(latents, 1))
                    .isInstanceOf(BackendException.class)
                    .hasMessageMatching("image 1 came out of the autoencoder with the value (NaN|-?Infinity): .*");
            assertThat(decoder.decode(latents, 0).width()).as("afterwards").isEqualTo(16);
        }
    }
}
