package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Safetensors;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The PSNRs that {@code golden/README.md} quotes for the published code's final samples. */
class QualityGoldenTest {
    @ParameterizedTest
    @CsvSource({"taylorseer, 21.3, 34.1", "clusca, 21.0, 33.2"})
    void reproducesTheQuotedPsnr(String policy, double circle, double heart) {
        Path file = Path.of(System.getProperty("clusca.golden"), "shapes-dit.safetensors");
        try (Checkpoint golden = Safetensors.open(file)) {
            float[] cached = golden.floats(policy + ".final");
            float[] full = golden.floats("full.final");

            assertThat(psnr(cached, full, 0)).isCloseTo(circle, within(0.05));
            assertThat(psnr(cached, full, 1)).isCloseTo(heart, within(0.05));
        }
    }

    private static double psnr(float[] a, float[] b, int image) {
        int offset = image * 3 * 64 * 64;
        return Quality.psnr(Picture.ofModelOutput(a, offset, 64, 64), Picture.ofModelOutput(b, offset, 64, 64));
    }
}
