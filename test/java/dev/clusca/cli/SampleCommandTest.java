package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.cache.CachePolicy;
import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.Shape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleCommandTest {
    @TempDir
    static Path models;

    private static Path model;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeModel() {
        model = TinyDit.pixels(models.resolve("tiny"));
    }

    @Test
    void writesThePictureTheSamplesAndTheReport() throws IOException {
        Path png = folder.resolve("x.png");
        Path latents = folder.resolve("x.safetensors");
        Path report = folder.resolve("x.json");

        Outcome sample = sample("--out", png.toString(), "--latents", latents.toString(), "--report", report.toString())
                .assertDone();

        assertThat(sample.out()).contains("3 images in", "on           ", "full step", "cached step", "wrote " + png);
        BufferedImage picture = ImageIO.read(png.toFile());
        assertThat(List.of(picture.getWidth(), picture.getHeight())).containsExactly(36, 36);
        try (Checkpoint samples = Safetensors.open(latents)) {
            assertThat(samples.shape("samples")).isEqualTo(Shape.of(3, 3, 16, 16));
            assertThat(samples.metadata()).containsEntry("seed", "7").containsEntry("classes", "[0, 3, 1]");
            int red = Math.round((Math.clamp(samples.floats("samples")[0], -1f, 1f) + 1) * 127.5f);
            assertThat(picture.getRGB(0, 0) >> 16 & 0xff).isEqualTo(red);
        }
        Map<?, ?> json = (Map<?, ?>) Json.read(report);
        assertThat(json.get("schema")).isEqualTo(1L);
        assertThat(json.get("classes")).isEqualTo(List.of(0L, 3L, 1L));
        assertThat(json.get("steps")).isEqualTo(5L);
        assertThat(json.get("dtype")).isEqualTo("f32");
        assertThat((String) json.get("policy")).startsWith("clusca:interval=3,order=1,clusters=4");
        assertThat((double) json.get("ms_full_step")).isPositive();
        assertThat((double) json.get("ms_cached_step")).isPositive();
        assertThat(kinds(json)).containsExactly("full", "full", "cached", "cached", "full");
        assertFolderHoldsOnly("x.png", "x.safetensors", "x.json");
    }

    @Test
    void jsonPrintsTheReportAndNothingElse() {
        Outcome sample = sample("--out", file("x.png"), "--json").assertDone();

        Map<?, ?> json = (Map<?, ?>) Json.parse(sample.out(), "report");
        assertThat(json.get("report")).isEqualTo("sample");
        assertThat((List<?>) json.get("step_times")).hasSize(5);
    }

    @Test
    void whatIsNotAskedForIsAsTheHelpSays() {
        Outcome sample = Outcome.of(
                        "sample", "--model", model.toString(), "--classes", "0", "--latents", file("x"), "--json")
                .assertDone();

        Map<?, ?> json = (Map<?, ?>) Json.parse(sample.out(), "report");
        assertThat(json.get("sampler")).isEqualTo("ddim:eta=0.0,clip=false,respacing=ddim50");
        assertThat(json.get("steps")).isEqualTo(50L);
        assertThat(((Number) json.get("cfg")).doubleValue()).isEqualTo(3);
        assertThat(json.get("seed")).isEqualTo(0L);
        assertThat(json.get("dtype")).isEqualTo("f32");
        assertThat(json.get("policy"))
                .isEqualTo(CachePolicy.parse("clusca:interval=5,order=2,clusters=16,gamma=0.005")
                        .spec());
    }

    @Test
    void classesMayBeRanges() {
        Outcome sample = Outcome.of(
                        "sample",
                        "--model",
                        model.toString(),
                        "--classes",
                        "2-3,0",
                        "--steps=3",
                        "--latents",
                        file("x"),
                        "--json")
                .assertDone();
        assertThat(((Map<?, ?>) Json.parse(sample.out(), "report")).get("classes"))
                .isEqualTo(List.of(2L, 3L, 0L));
    }

    @Test
    void quietPrintsNothing() {
        assertThat(sample("--out", file("x.png"), "--quiet").assertDone().out()).isEmpty();
    }

    /** A report without cached steps has null, not a number, for their time. */
    @Test
    void withoutACacheThereIsNoCachedStep() {
        Outcome sample =
                sample("--out", file("x.png"), "--json", "--policy", "full").assertDone();

        Map<?, ?> json = (Map<?, ?>) Json.parse(sample.out(), "report");
        assertThat(json.containsKey("ms_cached_step")).isTrue();
        assertThat(json.get("ms_cached_step")).isNull();
    }

    @Test
    void theSameSeedGivesTheSameFileWhateverTheBatch() throws IOException {
        sample("--out", file("a.png")).assertDone();
        sample("--out", file("b.png"), "--batch", "1").assertDone();
        sample("--out", file("c.png"), "--seed", "8").assertDone();

        assertThat(folder.resolve("b.png")).hasSameBinaryContentAs(folder.resolve("a.png"));
        assertThat(Files.mismatch(folder.resolve("a.png"), folder.resolve("c.png")))
                .isNotEqualTo(-1);
    }

    @Test
    void showsProgressOnATerminalOnly() {
        List<String> args = arguments("--out", file("x.png"));

        Outcome terminal = Outcome.onTerminal(args.toArray(String[]::new));

        assertThat(terminal.code()).isZero();
        assertThat(terminal.err()).contains("clusca: step 5 of 5").endsWith("\r\u001b[K");
        StringWriter screen = new StringWriter();
        Main.run(new Session(screen, screen, null, true, false, () -> false), args.toArray(String[]::new));
        assertThat(screen.toString()).contains(" s left\u001b[?7h\r\u001b[K3 images in ");
        args.add("--quiet");
        assertThat(Outcome.onTerminal(args.toArray(String[]::new)).err()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "--classes     | 0,4                | there is no class 4; this model has the classes 0 to 3",
                "--classes     | -1                 | there is no class -1",
                "--classes     | 0,,1               | is not a list of class numbers",
                "--classes     | 99999999999        | is not a list of class numbers",
                "--classes     | 3-1                | '3-1' is not a range of classes, from a smaller number to a larger one",
                "--classes     | 0-999999999        | is not a range of classes",
                "--steps       | 0                  | 0 steps, expected 1 to 1000",
                "--steps       | 1001               | 1001 steps, expected 1 to 1000",
                "--steps       | five               | 'five' is not a whole number",
                "--sampler     | euler              | there is no sampler 'euler'",
                "--policy      | clusca:clusters=1000 | 1000 clusters are more than the 16 tokens",
                "--policy      | clusca:gamma=2     | gamma is a ratio from 0 to 1, got 2.0",
                "--policy      | clusca:cluster=4   | 'cluster=4' is not a setting",
                "--policy      | teacache           | there is no policy named 'teacache'",
                "--cfg         | NaN                | guidance scale must be a finite number",
                "--batch       | 0                  | at least 1 image",
                "--threads     | -2                 | threads is 1 to 1024",
                "--dtype       | f16                | 'f16' is not one of f32, bf16",
                "--seed        | 0x7                | '0x7' is not a whole number"
            })
    void refusesWrongArguments(String option, String value, String sentence) {
        sample("--out", file("x.png"), option, value).assertUsage(sentence);

        assertFolderHoldsOnly();
    }

    @Test
    void refusesToThrowTheImagesAway() {
        sample().assertUsage("name a file with --out, --npz, --latents or --report, or measure with --profile");
        sample("--profile", "--quiet").assertUsage("or leave out --quiet, which hides what --profile measures");
        sample("--vae", file("vae"), "--latents", file("x"))
                .assertUsage("--vae makes pictures of the latents; name their file with --out or --npz");
        sample("--out", "").assertUsage("the name of a file is empty");
        sample("--out", file("x"), "--latents", file("../" + folder.getFileName() + "/x"))
                .assertUsage("is named twice; give --out and --latents a file each");
        sample("--out", file("x.JPG")).assertUsage("clusca writes PNG; name a file that ends in .png");
        assertFolderHoldsOnly();
    }

    /** As flux does: the times are what was asked for. */
    @Test
    void aReportIsUseEnough() {
        sample("--report", file("r.json")).assertDone();
        assertFolderHoldsOnly("r.json");
    }

    /** Measures, and needs no file for it. */
    @Test
    void tellsWhereTheTimeWent() {
        assertThat(sample("--profile").assertDone().out())
                .containsPattern("full step: [0-9.]+ ms in operations(?s:.*)cached step: [0-9.]+ ms")
                .contains("\nprefixPass ")
                .doesNotContain("wrote ");
        assertThat(sample("--profile", "--quiet", "--json").assertDone().out()).contains("prefixPass");
        assertFolderHoldsOnly();
        sample("--profile", "--quiet", "--report", file("x.json")).assertDone();
        assertThat(folder.resolve("x.json")).content().contains("prefixPass");
    }

    /** Weights are hard to come by. */
    @Test
    void writesOverNothingThatItReads() throws IOException {
        Path weights = model.resolve("model.safetensors");
        byte[] before = Files.readAllBytes(weights);

        sample("--latents", weights.toString())
                .assertUsage("model.safetensors is what --model reads; name another file with --latents");
        sample("--model", weights.toString(), "--latents", weights.toString())
                .assertUsage("model.safetensors is what --model reads; name another file with --latents");
        sample("--vae", file("vae"), "--out", file("vae")).assertUsage("vae is what --vae reads");
        sample("--latents", model.resolve("config.json").toString())
                .assertUsage("config.json is what --model reads; name another file with --latents");
        Path models = Files.createSymbolicLink(folder.resolve("models"), model.getParent());
        sample(
                        "--latents",
                        models.resolve(model.getFileName())
                                .resolve("model.safetensors")
                                .toString())
                .assertUsage("model.safetensors is what --model reads; name another file with --latents");
        Path link = Files.createSymbolicLink(folder.resolve("x.safetensors"), weights);
        sample("--latents", link.toString())
                .assertUsage("model.safetensors is what --model reads; name another file with --latents");

        assertThat(Files.readAllBytes(weights)).isEqualTo(before);
        Files.delete(models);
        Files.delete(link);
        assertFolderHoldsOnly();
    }

    @Test
    void writesOverNoShard() throws IOException {
        Path sharded = OneShard.write(model.resolve("model.safetensors"), folder.resolve("sharded"));
        Files.copy(model.resolve("config.json"), sharded.resolve("config.json"));

        for (String name : List.of(OneShard.FILE, OneShard.INDEX, "config.json")) {
            sample(
                            "--model",
                            sharded.toString(),
                            "--latents",
                            sharded.resolve(name).toString())
                    .assertUsage(name + " is what --model reads; name another file with --latents");
        }

        sample("--model", sharded.toString(), "--latents", file("x.safetensors"))
                .assertDone();
        assertFolderHoldsOnly("sharded", "x.safetensors");
    }

    @Test
    void aModelOfLatentsMakesNoPicture() {
        Path latent = TinyDit.latents(models.resolve("latent"));

        sample("--model", latent.toString(), "--out", file("x.png"))
                .assertUsage("makes latents, which need an autoencoder");
        assertFolderHoldsOnly();
        sample("--model", latent.toString(), "--latents", file("x.safetensors")).assertDone();
        assertFolderHoldsOnly("x.safetensors");
    }

    @Test
    void saysWhatIsWrongWithAModel() throws IOException {
        sample("--model", file("none"), "--out", file("x.png")).assertFailed(1, file("none"));
        Path broken = TinyDit.broken(models.resolve("broken"));
        Outcome nan = sample("--model", broken.toString(), "--out", file("x.png"));
        assertThat(nan.code()).isEqualTo(1);
        assertThat(nan.err()).containsIgnoringCase("nan").doesNotContain("\tat ");

        assertFolderHoldsOnly();
    }

    @Test
    void refusesABackendThatIsNotThere() {
        sample("--backend", "tpu", "--out", file("x.png")).assertFailed(1, "there is no backend named 'tpu'");
    }

    /** The model does not exist either: that the file comes first shows that nothing is computed before. */
    @ParameterizedTest
    @CsvSource({"--out", "--latents", "--report"})
    void saysBeforehandThatAFileCannotBeWritten(String option) {
        sample("--out", file("x.png"), "--model", file("none"), option, file("none/x"))
                .assertFailed(1, "cannot write");
        sample("--out", file("x.png"), "--model", file("none"), option, folder.toString())
                .assertFailed(1, "it is a folder");

        assertFolderHoldsOnly();
    }

    @Test
    void anInterruptionInMidRunLeavesNothing() {
        AtomicInteger asked = new AtomicInteger();
        Outcome outcome = Outcome.cancelled(
                null,
                () -> asked.incrementAndGet() > 3,
                arguments("--out", file("x.png"), "--report", file("x.json")).toArray(String[]::new));

        outcome.assertFailed(130, "interrupted; nothing was written");
        assertThat(asked).hasValueGreaterThan(3);
        assertFolderHoldsOnly();
    }

    @Test
    void saysThatMemoryRanOut() {
        Outcome.cancelled(
                        null,
                        () -> {
                            throw new OutOfMemoryError("Java heap space");
                        },
                        arguments("--out", file("x.png")).toArray(String[]::new))
                .assertFailed(1, "clusca sample: out of Java heap memory (Java heap space); compute fewer");
        assertFolderHoldsOnly();
    }

    private Outcome sample(String... more) {
        return Outcome.of(arguments(more).toArray(String[]::new));
    }

    /** The arguments of a short run; options given again replace those before. */
    private List<String> arguments(String... more) {
        Map<String, String> options = new LinkedHashMap<>(Map.of(
                "--model", model.toString(),
                "--backend", "reference",
                "--classes", "0,3,1",
                "--seed", "7",
                "--steps", "5",
                "--policy", "clusca:interval=3,order=1,clusters=4,gamma=0.1"));
        List<String> flags = new ArrayList<>();
        for (int i = 0; i < more.length; i++) {
            if (i + 1 < more.length && !more[i + 1].startsWith("--")) {
                options.put(more[i], more[++i]);
            } else {
                flags.add(more[i]);
            }
        }
        List<String> args = new ArrayList<>(List.of("sample"));
        options.forEach((option, value) -> args.add(option + "=" + value));
        args.addAll(flags);
        return args;
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }

    private static List<String> kinds(Map<?, ?> report) {
        List<String> kinds = new ArrayList<>();
        for (Object step : (List<?>) report.get("step_times")) {
            kinds.add((String) ((Map<?, ?>) step).get("kind"));
        }
        return kinds;
    }

    private void assertFolderHoldsOnly(String... names) {
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(f -> f.getFileName().toString())).containsExactlyInAnyOrder(names);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
