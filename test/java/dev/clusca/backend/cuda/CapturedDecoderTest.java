package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.checkpoint.RandomVae;
import dev.clusca.checkpoint.VaeConfig;
import dev.clusca.model.vae.VaeDecoder;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A decoder with a wide head: its operations neither wait nor allocate once they ran, and a graph of them is the decoder. */
@Tag("emulated")
class CapturedDecoderTest {
    /** The middle block's one head is wider than the heads of a DiT. */
    private static final VaeConfig CONFIG = new VaeConfig(4, 3, List.of(8, 136), 1, 4, 0.5, 0, true, true);

    private static final int SIDE = 6;
    private static final double PICTURE_BOUND = 1e-4;

    @ParameterizedTest
    @CsvSource({"F32, false", "BF16, false", "F32, true"})
    void aGraphIsTheDecoder(DType dtype, boolean naive) {
        float[] expected;
        try (Backend reference = Backends.require("reference", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            Decoding decoding = new Decoding(reference, arena, DType.F32);
            decoding.decode();
            expected = decoding.picture();
        }
        try (CudaBackend backend = naive
                        ? CudaBackend.open(CudaDrivers.open(), 0, CudaVariant.NAIVE)
                        : CudaBackend.open(CudaDrivers.open(), 0);
                Arena arena = Arena.ofShared()) {
            Decoding decoding = new Decoding(backend, arena, dtype);
            decoding.decode();
            double bound = dtype == DType.F32 ? PICTURE_BOUND : 0.05;
            assertThat(distance(decoding.picture(), expected)).as("eager").isLessThan(bound);
            decoding.spoil();
            try (CudaGraph graph = backend.capture(decoding::decode)) {
                backend.launch(graph);
                assertThat(distance(decoding.picture(), expected))
                        .as("captured")
                        .isLessThan(bound);
            }
        }
    }

    private static final class Decoding {
        private final Backend backend;
        private final VaeDecoder decoder;
        private final Tensor latents;
        private final Tensor picture;

        Decoding(Backend backend, Arena arena, DType dtype) {
            this.backend = backend;
            VaeModel model = new VaeModel(new RandomVae(CONFIG, 5), backend, arena, dtype);
            decoder = new VaeDecoder(model, SIDE, SIDE, arena);
            latents = backend.allocate(arena, DType.F32, Shape.of(1, 4, SIDE, SIDE));
            float[] values = new float[4 * SIDE * SIDE];
            for (int i = 0; i < values.length; i++) {
                values[i] = i * 7919 % 1009 / 252.25f - 2;
            }
            backend.write(latents, MemorySegment.ofArray(values));
            picture =
                    backend.allocate(arena, DType.F32, Shape.of(1, 3, decoder.pictureHeight(), decoder.pictureWidth()));
        }

        void decode() {
            decoder.decode(latents, picture);
        }

        float[] picture() {
            float[] values = new float[(int) picture.shape().elements()];
            backend.read(picture, MemorySegment.ofArray(values));
            return values;
        }

        /** So that a graph that did nothing would show. */
        void spoil() {
            backend.write(
                    picture,
                    MemorySegment.ofArray(new float[(int) picture.shape().elements()]));
        }
    }

    /** Relative L2. */
    private static double distance(float[] found, float[] expected) {
        double error = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            error += Math.pow((double) found[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(error / norm);
    }
}
