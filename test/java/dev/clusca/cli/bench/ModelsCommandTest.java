package dev.clusca.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.clusca.cli.Outcome;
import dev.clusca.cli.TinyDit;
import dev.clusca.cli.TinyPipeline;
import dev.clusca.measure.Measured;
import dev.clusca.measure.ModelResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench models} of models that run in moments. */
class ModelsCommandTest {
    @TempDir
    static Path home;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeModel() {
        TinyDit.pixels(home.resolve("models/shapes-dit"));
    }

    @Test
    void printsATableAndWritesTheResultAndThePlot() throws IOException {
        Path json = folder.resolve("models.json");
        Path plot = folder.resolve("models.png");
        Outcome bench = models("--steps=4", "--intervals=3", "--batch=1,2", "--json=" + json, "--plot=" + plot)
                .assertDone();

        assertThat(bench.out())
                .startsWith("models/shapes-dit in f32 on reference: 4 DDIM steps, guidance 3, seed 7\n")
                .contains(
                        "1 image at once (2 rows)",
                        "2 images at once (4 rows)",
                        "ms/cached step",
                        "PSNR dB (min)",
                        "\nfora ",
                        "\ntaylorseer ",
                        "\nclusca ")
                .endsWith("wrote " + json + "\nwrote " + plot + "\n");
        ModelResult result = (ModelResult) Measured.read(json);
        assertThat(result.settings().model()).isEqualTo("models/shapes-dit");
        assertThat(result.batches()).extracting(ModelResult.Batch::images).containsExactly(1, 2);
        assertThat(result.batches())
                .allSatisfy(batch -> assertThat(batch.runs())
                        .extracting(ModelResult.Run::method, ModelResult.Run::interval, ModelResult.Run::cachedSteps)
                        .containsExactly(
                                tuple("fora", OptionalInt.of(3), 2),
                                tuple("taylorseer", OptionalInt.of(3), 2),
                                tuple("clusca", OptionalInt.of(3), 2)));
        assertThat(result.batches().getFirst().runs())
                .allSatisfy(run -> assertThat(run.quality()).isNotNull());
        assertThat(ImageIO.read(plot.toFile()).getWidth()).isEqualTo(2092);
        assertThat(folder.toFile().list()).hasSize(2);
    }

    @Test
    void measuresChosenPolicies() throws IOException {
        Path json = folder.resolve("models.json");
        Path plot = folder.resolve("models.png");
        Outcome bench = Outcome.at(
                        home,
                        "bench",
                        "models",
                        "--backend=reference",
                        "--steps=4",
                        "--batch=1",
                        "--policy=clusca:full=3,clusters=4",
                        "--policy=clusca:interval=3,clusters=4",
                        "--json=" + json,
                        "--plot=" + plot)
                .assertDone();

        assertThat(bench.out())
                .contains(
                        "\npolicy  no.  ",
                        "\n1 is clusca:full=3,order=2,clusters=4,gamma=0.005,first=2,iterations=100,stop=image\n"
                                + "2 is clusca:interval=3,order=2,clusters=4,gamma=0.005,first=2,iterations=100,stop=image\n");
        assertThat(((ModelResult) Measured.read(json)).batches().getFirst().runs())
                .extracting(ModelResult.Run::method, ModelResult.Run::interval, ModelResult.Run::cachedSteps)
                .containsExactly(tuple("clusca", OptionalInt.empty(), 1), tuple("clusca", OptionalInt.empty(), 2));
        assertThat(plot).isNotEmptyFile();
    }

    @Test
    void comparesWhatAnAutoencoderMakesOfLatents() throws IOException {
        Path pipeline = TinyPipeline.write(folder.resolve("pipeline"));
        Path json = folder.resolve("x.json");

        Outcome decoded = models("--model=" + pipeline, "--steps=3", "--json=" + json, "--no-plot", "--markdown")
                .assertDone();
        assertThat(decoded.out()).contains("| PSNR dB (min) | SSIM |\n", "| clusca | 3 | ");
        assertThat(((ModelResult) Measured.read(json)).noQuality()).isNull();

        Outcome latents = models("--model=" + pipeline.resolve("transformer"), "--steps=3", "--no-plot")
                .assertDone();
        assertThat(latents.out())
                .contains("There is no PSNR and SSIM: the model makes latents, and no autoencoder makes pictures")
                .doesNotContain("PSNR dB");
        Outcome named = models(
                        "--model=" + pipeline.resolve("transformer"),
                        "--vae=" + pipeline.resolve("vae"),
                        "--steps=3",
                        "--no-plot",
                        "--policies=fora")
                .assertDone();
        assertThat(named.out()).contains("PSNR dB").doesNotContain("clusca ");
    }

    @Test
    void quietPrintsNothing() {
        assertThat(models("--steps=3", "--no-plot", "-q").assertDone().out()).isEmpty();
    }

    @Test
    void tellsAPersonWhatRunsAndHowLongItTakes() {
        Outcome shown = Outcome.onTerminal(
                "bench",
                "models",
                "--backend=reference",
                "--model=" + home.resolve("models/shapes-dit"),
                "--policies=fora",
                "--intervals=3",
                "--batch=2",
                "--steps=4",
                "--no-plot");

        assertThat(shown.code()).isZero();
        assertThat(shown.err())
                .contains(
                        "1 of 4; warming up fora 3, batch 2: step 1 of 3",
                        "1 of 4; full, batch 2: step 1 of 4",
                        "2 of 4, about 0 s to go; fora 3, batch 2: step 4 of 4",
                        "3 of 4, about 0 s to go; full, batch 2: step 4 of 4");
    }

    @Test
    void refusesWrongArguments() {
        models("--intervals=1").assertUsage("an interval is at least 2, got 1");
        models("--intervals=3-").assertUsage("'3-' is not a list of whole numbers, as in 3,5,7 or 3-9");
        models("--intervals=9-3").assertUsage("from a smaller to a larger one");
        models("--intervals=3-99999").assertUsage("at most 1000");
        models("--intervals=3,3").assertUsage("interval is named twice");
        models("--batch=0").assertUsage("a batch has at least 1 image, got 0");
        models("--batch=-1").assertUsage("is not a list of whole numbers");
        models("--policies=fora,tailor")
                .assertUsage("there is no policy 'tailor' to measure; there are fora, taylorseer, clusca");
        models("--policies=").assertUsage("there is no policy ''");
        models("--rounds=0").assertUsage("at least 1 round, got 0");
        models("--steps=0").assertUsage("expected 1 to 1000");
        models("--order=9").assertUsage("order must be 0 to");
        models("--gamma=2").assertUsage("gamma is a ratio from 0 to 1");
        models("--clusters=17").assertUsage("17 clusters are more than the 16 tokens");
        models("--cfg=NaN").assertUsage("guidance scale must be a finite number");
        models("--model=random:dit-q/2").assertUsage("there is no published DiT 'dit-q/2'");
        models("--policy=fora")
                .assertUsage("--intervals belongs to the grid, which --policy takes the place of; write it into each");
        for (String[] chosen : new String[][] {
            {"--policy=tailor", "there is no policy named 'tailor'"},
            {"--policy=full", "the policy 'full' is what the others are compared with"},
            {"--policy=fora:full=50", "step 50 is to be full, but the run has 50 steps"},
            {"--policy=clusca:clusters=17", "17 clusters are more than the 16 tokens"}
        }) {
            Outcome.at(home, "bench", "models", "--backend=reference", "--no-plot", chosen[0])
                    .assertUsage(chosen[1]);
        }
        models("--vae=" + home).assertFailed(1, home.toString());
        Path file = folder.resolve("x");
        models("--no-plot", "--plot=" + file).assertUsage("--no-plot writes no plot and --plot writes one");
        models("--plot=chart.svg").assertUsage("clusca writes PNG; name a file that ends in .png");
        models("--json=" + file, "--plot=" + file).assertUsage("is named twice; give --json and --plot a file each");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void writesOverNothingThatItReads() throws IOException {
        Path pipeline = TinyPipeline.write(folder.resolve("pipeline"));
        for (String name : List.of("model_index.json", "transformer/config.json", "vae/config.json")) {
            Path file = pipeline.resolve(name);
            byte[] before = Files.readAllBytes(file);

            models("--model=" + pipeline, "--json=" + file, "--no-plot")
                    .assertUsage(file + " is what --" + (name.startsWith("vae") ? "vae" : "model")
                            + " reads; name another file with --json");

            assertThat(file).hasBinaryContent(before);
        }
    }

    @Test
    void saysBeforehandThatItCannotWriteOrFindTheModel() throws IOException {
        models("--json=" + folder.resolve("none/x.json")).assertFailed(1, "does not exist; create it first");
        models("--plot=" + folder).assertFailed(1, "it is a folder; name a file");
        models("--model=" + folder.resolve("none"), "--no-plot").assertFailed(1, "none");
        Outcome.of("bench", "models", "--no-plot")
                .assertFailed(1, "name a model with --model, or start clusca with its launcher");
        assertThat(Files.list(folder)).isEmpty();
    }

    @Test
    void anInterruptionLeavesNothing() {
        AtomicInteger asked = new AtomicInteger();

        Outcome.cancelled(
                        home,
                        () -> asked.incrementAndGet() > 30,
                        "bench",
                        "models",
                        "--backend=reference",
                        "--steps=8",
                        "--json=" + folder.resolve("x.json"),
                        "--plot=" + folder.resolve("x.png"))
                .assertFailed(130, "interrupted; nothing was written");

        assertThat(folder).isEmptyDirectory();
    }

    /** Each run of 3 steps asks 3 times, a warm-up of one policy too: a round of full computation and FORA is 6. */
    @Test
    void anInterruptionKeepsWholeRounds() throws IOException {
        Path json = folder.resolve("x.json");
        String[] line = {
            "bench",
            "models",
            "--backend=reference",
            "--policies=fora",
            "--intervals=3",
            "--batch=1",
            "--steps=3",
            "--rounds=3",
            "--json=" + json,
            "--no-plot"
        };
        AtomicInteger asked = new AtomicInteger();

        Outcome stopped = Outcome.cancelled(home, () -> asked.incrementAndGet() > 3 + 2 * 6 + 1, line);

        assertThat(stopped.code()).isEqualTo(130);
        assertThat(stopped.err())
                .isEqualTo(
                        "clusca bench models: interrupted; the result holds what was whole by then: batch 1, 2 rounds\n");
        assertThat(stopped.out())
                .contains("\nfora ", "each step by the fastest of 2 rounds")
                .endsWith("wrote " + json + "\n");
        ModelResult result = (ModelResult) Measured.read(json);
        assertThat(result.settings().rounds()).isEqualTo(2);
        assertThat(result.batches().getFirst().full().msRuns()).hasSize(2);

        String[] quiet = {
            "bench",
            "models",
            "--backend=reference",
            "--policies=fora",
            "--intervals=3",
            "--batch=1",
            "--steps=3",
            "--rounds=3",
            "--no-plot",
            "-q"
        };
        asked.set(0);
        Outcome.cancelled(home, () -> asked.incrementAndGet() > 3 + 2 * 6 + 1, quiet)
                .assertFailed(130, "interrupted; nothing was written");
    }

    /** Runs with one interval and one image, unless told otherwise. */
    private Outcome models(String... more) {
        List<String> args = new ArrayList<>(List.of("bench", "models", "--backend=reference"));
        List<String> given = List.of(more);
        if (given.stream().noneMatch(arg -> arg.startsWith("--intervals"))) {
            args.add("--intervals=3");
        }
        if (given.stream().noneMatch(arg -> arg.startsWith("--batch"))) {
            args.add("--batch=1");
        }
        if (given.stream().noneMatch(arg -> arg.startsWith("--plot") || arg.equals("--no-plot"))) {
            args.add("--plot=" + folder.resolve("unasked.png"));
        }
        args.addAll(given);
        return Outcome.at(home, args.toArray(String[]::new));
    }
}
