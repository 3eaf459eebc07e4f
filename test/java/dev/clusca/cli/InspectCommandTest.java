package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectCommandTest {
    private static final Path GOLDEN = Path.of(System.getProperty("clusca.golden"));
    private static final Path DEMO = Path.of(System.getProperty("clusca.root"), "models/shapes-dit");

    @TempDir
    Path folder;

    @Test
    void listsTensorsAndSaysWhichModelItIs() {
        String text = Outcome.of("inspect", DEMO.toString()).assertDone().out();
        assertThat(text)
                .contains("blocks.7.mlp.fc1.weight", "BF16  [768, 192]", "parameters, ")
                .contains(
                        "it is a DiT of another size than the published ones, width 192, 8 layers, patch 4, 3 channels, 256 tokens, official names")
                .contains("clusca can run it");
    }

    @Test
    void knowsAnAutoencoder() {
        assertThat(Outcome.of(
                                "inspect",
                                GOLDEN.resolve("vae/diffusion_pytorch_model.safetensors")
                                        .toString())
                        .assertDone()
                        .out())
                .contains("it is the autoencoder of a latent diffusion model", "decoder alone", "clusca can run it");
    }

    @Test
    void showsEachPartOfAPipeline() {
        Path pipeline = TinyPipeline.write(folder.resolve("pipeline"));
        String text = Outcome.of("inspect", pipeline.toString()).assertDone().out();
        assertThat(text)
                .contains("transformer/model.safetensors", "vae/diffusion_pytorch_model.safetensors")
                .contains(pipeline + ": a DiT pipeline of diffusers; its 4 classes have names");
        Map<?, ?> json = (Map<?, ?>) Json.parse(
                Outcome.of("inspect", pipeline.toString(), "--json")
                        .assertDone()
                        .out(),
                "report");
        assertThat(json.get("schema")).isEqualTo(1L);
        assertThat((List<?>) json.get("models"))
                .hasSize(2)
                .allSatisfy(
                        model -> assertThat(((Map<?, ?>) model).get("usable")).isEqualTo(true));
    }

    @Test
    void saysWhyAModelCannotRun() throws IOException {
        Path file = folder.resolve("model.safetensors");
        Files.copy(DEMO.resolve("model.safetensors"), file);
        assertThat(Outcome.of("inspect", file.toString()).assertDone().out())
                .contains("clusca cannot run it: there is no configuration for " + file);
        Outcome.of("inspect", folder.resolve("none").toString()).assertFailed(1, "none does not exist");
        Files.delete(file);
        Outcome.of("inspect", folder.toString()).assertFailed(1, "holds no .safetensors file");
        Files.write(file, new byte[100]);
        Outcome.of("inspect", file.toString()).assertFailed(1, "is not a valid safetensors file");
    }
}
