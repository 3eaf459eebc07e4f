package dev.clusca.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.clusca.checkpoint.FluxTensors;
import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.cli.Outcome;
import dev.clusca.measure.Measured;
import dev.clusca.measure.ModelResult;
import dev.clusca.model.flux.TinyFlux;
import dev.clusca.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench flux} of a model that runs in moments. */
class FluxBenchCommandTest {
    @TempDir
    private Path folder;

    private Path flux;
    private Path prompt;

    @BeforeEach
    void write() {
        flux = folder.resolve("flux.safetensors");
        prompt = folder.resolve("prompt.safetensors");
        TinyFlux.write(new RandomFlux(TinyFlux.config(3, true), 4), flux);
        TinyFlux.writePrompt(Shape.of(1, 5, 24), Shape.of(1, 20), prompt);
    }

    @Test
    void measuresPublishedSettingsAndComparesPictures() throws IOException {
        Path json = folder.resolve("flux.json");
        Path plot = folder.resolve("flux.png");
        Outcome bench = flux(
                        "--prompt=" + prompt,
                        "--vae=" + Path.of(System.getProperty("clusca.golden"), "vae"),
                        "--size=32x64",
                        "--clusters=4",
                        "--json=" + json,
                        "--plot=" + plot)
                .assertDone();

        assertThat(bench.out())
                .startsWith(flux + " in f32 on reference: 32x64, 5 steps, guidance 3.5, seed 0\n")
                .contains("PSNR dB (min)", "\nfora ", "\ntaylorseer ", "\nclusca ")
                .endsWith("wrote " + json + "\nwrote " + plot + "\n");
        ModelResult result = (ModelResult) Measured.read(json);
        assertThat(result.settings().sampler()).isEqualTo("flow");
        assertThat(result.settings().size()).isEqualTo("32x64");
        assertThat(result.batches().getFirst().runs())
                .extracting(ModelResult.Run::policy, ModelResult.Run::fullSteps, ModelResult.Run::cachedSteps)
                .containsExactly(
                        tuple("fora:interval=4", 2, 3),
                        tuple("taylorseer:interval=4,order=1,first=3", 3, 2),
                        tuple(
                                "clusca:interval=4,order=1,clusters=4,gamma=0.005,first=3,iterations=10,stop=image",
                                3,
                                2));
        assertThat(result.batches().getFirst().runs())
                .allSatisfy(run -> assertThat(run.quality()).isNotNull());
        assertThat(plot).isNotEmptyFile();
        Outcome drawn = Outcome.of("bench", "plot", json.toString(), "--out=" + folder.resolve("again.png"))
                .assertDone();
        assertThat(folder.resolve("again.png")).hasSameBinaryContentAs(plot);
        assertThat(drawn.out()).contains("again.png");
    }

    @Test
    void goesWithoutTextAndAutoencoder() {
        Outcome bench = flux("--size=64x64", "--policy=taylorseer:interval=4,order=2", "--guidance=1", "--no-plot")
                .assertDone();

        assertThat(bench.out())
                .contains(
                        "guidance 1, seed 0",
                        "1 is taylorseer:interval=4,order=2,first=2\n",
                        "There is no PSNR and SSIM: the model makes latents, and no autoencoder makes pictures of them.");
    }

    @Test
    void refusesWhatItCannotMeasure() throws IOException {
        flux("--size=40x64", "--no-plot").assertUsage("'40x64' is not height and width in pixels");
        flux("--size=99984x99984", "--no-plot").assertUsage("an image of 39050001 tokens is too large");
        flux("--size=32x32", "--no-plot").assertUsage("16 clusters are more than the 4 tokens");
        flux("--steps=0", "--no-plot").assertUsage("0 steps, expected 1 to 1000");
        flux("--rounds=0", "--no-plot").assertUsage("at least 1 round, got 0");
        flux("--guidance=NaN", "--no-plot").assertUsage("--guidance is NaN; expected a finite number");
        flux("--policy=fora:full=9", "--no-plot").assertUsage("step 9 is to be full, but the run has 5 steps");
        flux("--policy=fora", "--order=1", "--no-plot").assertUsage("--order belongs to the grid");
        flux("--prompt=" + flux, "--no-plot").assertFailed(1, "has no tensor 'prompt_embeds'");
        flux("--json=" + flux, "--no-plot").assertUsage("flux.safetensors is what --model reads");
        flux("--prompt=" + prompt, "--json=" + prompt, "--no-plot")
                .assertUsage("prompt.safetensors is what --prompt reads");
        Outcome.of("bench", "flux", "--model=random:flux-pro", "--no-plot")
                .assertUsage("there is no model 'random:flux-pro'");
        Path schnell = folder.resolve("schnell.safetensors");
        TinyFlux.write(new RandomFlux(TinyFlux.config(3, false), 4), schnell);
        String[] unguided = line("--size=64x64", "--no-plot");
        unguided[3] = "--model=" + schnell;
        assertThat(Outcome.of(unguided).assertDone().out())
                .startsWith(schnell + " in f32")
                .contains("no guidance, seed 0");
        Outcome.of("bench", "flux", "--model=" + schnell, "--guidance=2", "--no-plot")
                .assertUsage("takes no guidance, as FLUX.1-schnell; leave it out");
        assertThat(Files.list(folder)).hasSize(3);
    }

    @Test
    void anInterruptionLeavesNothing() throws IOException {
        String[] line = line("--size=64x64", "--json=" + folder.resolve("x.json"), "--plot=" + folder.resolve("x.png"));
        int tensors = FluxTensors.of(TinyFlux.config(3, true)).size();
        // While it is loaded, and while it runs.
        for (int often : new int[] {5, tensors + 15}) {
            AtomicInteger asked = new AtomicInteger();

            Outcome.cancelled(folder, () -> asked.incrementAndGet() > often, line)
                    .assertFailed(130, "interrupted; nothing was written");

            assertThat(Files.list(folder)).hasSize(2);
        }
    }

    private Outcome flux(String... more) {
        return Outcome.of(line(more));
    }

    /** One interval, one round and 5 steps, unless told otherwise. */
    private String[] line(String... more) {
        List<String> line = new ArrayList<>(List.of("bench", "flux", "--backend=reference", "--model=" + flux));
        List<String> given = List.of(more);
        for (String usual : List.of("--intervals=4", "--rounds=1", "--steps=5")) {
            String name = usual.substring(0, usual.indexOf('=') + 1);
            boolean chosen = name.equals("--intervals=") && given.stream().anyMatch(arg -> arg.startsWith("--policy="));
            if (!chosen && given.stream().noneMatch(arg -> arg.startsWith(name))) {
                line.add(usual);
            }
        }
        line.addAll(given);
        return line.toArray(String[]::new);
    }
}
