package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.cache.CachePolicy;
import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.DiffusersPipeline;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.FluxTensors;
import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.model.flux.TinyFlux;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.pipeline.FluxPrompt;
import dev.clusca.pipeline.FluxSamples;
import dev.clusca.pipeline.FluxSampling;
import dev.clusca.pipeline.LatentDecoder;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.PngReader;
import dev.clusca.pipeline.PngTexts;
import dev.clusca.sampler.FlowMatching;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FluxCommandTest {
    @TempDir
    private Path folder;

    private final FluxConfig config = TinyFlux.config(3, true);

    @BeforeEach
    void write() {
        TinyFlux.write(new RandomFlux(config, 4), folder.resolve("flux.safetensors"));
        prompt(Shape.of(1, 5, 24), Shape.of(1, 20));
    }

    private void prompt(Shape tokens, Shape vector) {
        TinyFlux.writePrompt(tokens, vector, folder.resolve("prompt.safetensors"));
    }

    private static Tensor numbers(Shape shape, int place) {
        return Tensor.of(MemorySegment.ofArray(TinyFlux.numbers((int) shape.elements(), place)), DType.F32, shape);
    }

    private Outcome run(String... more) {
        List<String> all = new ArrayList<>(List.of("flux", "--backend", "cpu"));
        if (!List.of(more).contains("--model")) {
            all.addAll(List.of("--model", file("flux.safetensors")));
        }
        all.addAll(List.of(more));
        return Outcome.of(all.toArray(String[]::new));
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }

    /** What the command should have made, by the library. */
    private static FluxSamples image(FluxModel model, String policy, int steps, long seed, int rows, int columns) {
        return new FluxSampling(model)
                .flow(FlowMatching.shifted(steps, rows * columns))
                .policy(CachePolicy.parse(policy))
                .guidance(2)
                .seed(seed)
                .run(new FluxPrompt(TinyFlux.numbers(5 * 24, 1), TinyFlux.numbers(20, 2)), rows, columns);
    }

    @Test
    void makesLatentsAndAReport() throws IOException {
        String policy = "clusca:interval=3,order=1,clusters=4,first=3";
        Outcome run = run(
                "--prompt",
                file("prompt.safetensors"),
                "--size",
                "48x80",
                "--steps",
                "7",
                "--policy",
                policy,
                "--seed",
                "3",
                "--guidance",
                "2",
                "--latents",
                file("latents.safetensors"),
                "--report",
                file("report.json"));
        run.assertDone();
        assertThat(run.out()).contains("1 image in ", "cached step", "wrote " + file("latents.safetensors"));
        try (Checkpoint latents = Safetensors.open(folder.resolve("latents.safetensors"));
                Backend backend = Backends.require("cpu", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            assertThat(latents.shape("samples")).isEqualTo(Shape.of(1, 4, 6, 10));
            assertThat(latents.metadata())
                    .containsEntry("steps", "7")
                    .containsEntry("guidance", "2.0")
                    .containsEntry("seed", "3");
            FluxModel model = new FluxModel(new RandomFlux(config, 4), backend, arena, DType.F32);
            assertThat(latents.floats("samples"))
                    .isEqualTo(image(model, policy, 7, 3, 3, 5).latents())
                    .isNotEqualTo(image(model, policy, 7, 4, 3, 5).latents());
        }
        Map<?, ?> report = (Map<?, ?>) Json.parse(Files.readString(folder.resolve("report.json")), "the report");
        assertThat(report.get("report")).isEqualTo("flux");
        assertThat(report.get("latents")).isEqualTo(List.of(1L, 4L, 6L, 10L));
        assertThat((List<?>) report.get("step_times")).hasSize(7);
    }

    /** The tiny autoencoder of the golden values has latents of 4 channels, as this model. */
    @Test
    void makesAPictureWithAnAutoencoder() throws IOException {
        Path vae = Path.of(System.getProperty("clusca.golden"), "vae");
        run(
                        "--prompt",
                        file("prompt.safetensors"),
                        "--size",
                        "32x64",
                        "--steps",
                        "3",
                        "--policy",
                        "full",
                        "--seed",
                        "3",
                        "--guidance",
                        "2",
                        "--vae",
                        vae.toString(),
                        "--out",
                        file("image.png"))
                .assertDone();
        Picture made = PngReader.read(folder.resolve("image.png"));
        assertThat(made.height()).isEqualTo(32);
        assertThat(made.width()).isEqualTo(64);
        assertThat(PngTexts.of(folder.resolve("image.png")))
                .containsEntry("prompt", folder.getFileName() + "/prompt.safetensors")
                .containsEntry("vae", "golden/vae")
                .containsEntry("size", "32x64")
                .containsEntry("policy", "full")
                .containsEntry("steps", "3")
                .containsEntry("guidance", "2.0")
                .containsEntry("seed", "3");
        try (Backend backend = Backends.require("cpu", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared();
                VaeCheckpoint autoencoder = VaeCheckpoint.open(vae);
                LatentDecoder decoder =
                        new LatentDecoder(new VaeModel(autoencoder, backend, arena, DType.F32), 4, 4, 8)) {
            FluxModel model = new FluxModel(new RandomFlux(config, 4), backend, arena, DType.F32);
            assertThat(made)
                    .isEqualTo(decoder.decode(image(model, "full", 3, 3, 2, 4).latents(), 0))
                    .isNotEqualTo(
                            decoder.decode(image(model, "full", 3, 4, 2, 4).latents(), 0));
        }
    }

    /** Image i is what a run with i more as its seed makes; a folder that lacks some is completed, and one of another prompt refused. */
    @Test
    void makesManyImagesAndGoesOn() throws IOException {
        Path images = folder.resolve("images");
        assertThat(many("--count=3", "--seed=5", "--out=" + images).assertDone().out())
                .contains("3 images in " + images + ": 3 made");
        for (int i = 0; i < 3; i++) {
            many("--seed=" + (5 + i), "--out=" + file("single.png")).assertDone();
            assertThat(images.resolve("00000" + i + ".png")).hasSameBinaryContentAs(folder.resolve("single.png"));
        }
        byte[] first = Files.readAllBytes(images.resolve("000000.png"));
        Files.delete(images.resolve("000001.png"));
        assertThat(many("--count=4", "--seed=5", "--out=" + images).assertDone().out())
                .contains("4 images in " + images + ": 2 made")
                .contains("2 were there");
        assertThat(images.resolve("000000.png")).hasBinaryContent(first);
        assertThat(images.resolve("000003.png")).exists();

        many("--count=4", "--seed=6", "--out=" + images).assertFailed(1, "seed");
        TinyFlux.writePrompt(Shape.of(1, 6, 24), Shape.of(1, 20), folder.resolve("prompt.safetensors"));
        many("--count=4", "--seed=5", "--out=" + images).assertFailed(1, "prompt");
    }

    /** As a list of texts is encoded at once: image i is of text i modulo their number. */
    @Test
    void makesImagesOfSeveralTextsInTurn() throws IOException {
        Tensor tokens = numbers(Shape.of(3, 5, 24), 7);
        Tensor vectors = numbers(Shape.of(3, 20), 8);
        Path texts = folder.resolve("prompt.safetensors");
        Safetensors.write(texts, Map.of("prompt_embeds", tokens, "pooled_prompt_embeds", vectors), Map.of());
        Path images = folder.resolve("images");

        many("--count=4", "--seed=5", "--out=" + images).assertDone();

        for (int i = 0; i < 4; i++) {
            Safetensors.write(
                    texts,
                    Map.of(
                            "prompt_embeds", tokens.rows(i % 3, 1),
                            "pooled_prompt_embeds", vectors.slice(i % 3)),
                    Map.of());
            many("--seed=" + (5 + i), "--out=" + file("single.png")).assertDone();
            Path image = images.resolve("00000" + i + ".png");
            assertThat(PngReader.read(image)).isEqualTo(PngReader.read(folder.resolve("single.png")));
            assertThat(PngTexts.of(image))
                    .containsEntry("seed", Integer.toString(5 + i))
                    .containsEntry("text", Integer.toString(i % 3));
        }
        Safetensors.write(texts, Map.of("prompt_embeds", tokens, "pooled_prompt_embeds", vectors), Map.of());
        many("--out=" + file("single.png"))
                .assertUsage("prompt.safetensors holds 3 texts; make images of all of them in turn, with --count");
        Outcome.of(
                        "bench",
                        "flux",
                        "--model=" + file("flux.safetensors"),
                        "--prompt=" + texts,
                        "--size=64x64",
                        "--no-plot")
                .assertFailed(1, "prompt.safetensors holds 3 texts; expected a file of one");
    }

    /** While the second of three images is made, it is known how long all take. */
    @Test
    void tellsHowLongAllOfManyImagesTake() {
        Outcome shown = Outcome.onTerminal(arguments("--count=2", "--out=" + file("images")));

        assertThat(shown.code()).as(shown.err()).isZero();
        assertThat(shown.err()).contains("image 1 of 2: step 1 of 3", "image 2 of 2, about 0 s to go: step 1 of 3");
    }

    @Test
    void refusesWhatIsOfOneImageWithMany() {
        many("--count=0", "--out=" + file("x")).assertUsage("--count is 0; at least 1");
        run("--prompt", file("prompt.safetensors"), "--count=2", "--latents=" + file("x"))
                .assertUsage("name a folder for them with --out");
        many("--count=2", "--out=" + file("x"), "--latents=" + file("y")).assertUsage("leave them out with --count");
        assertThat(folder.resolve("x")).doesNotExist();
    }

    private Outcome many(String... more) {
        return Outcome.of(arguments(more));
    }

    /** Of small pictures. */
    private String[] arguments(String... more) {
        List<String> all = new ArrayList<>(List.of(
                "flux",
                "--backend=cpu",
                "--model=" + file("flux.safetensors"),
                "--prompt=" + file("prompt.safetensors"),
                "--vae=" + Path.of(System.getProperty("clusca.golden"), "vae"),
                "--size=32x64",
                "--steps=3",
                "--policy=full"));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void refusesWhatItCannotDo() {
        run().assertUsage(
                        "the image would be lost; name a file with --out, --latents or --report, or measure with --profile");
        run("--profile", "--quiet").assertUsage("or leave out --quiet, which hides what --profile measures");
        run("--latents", file("l")).assertUsage("which image? Name the file of the encoded text with --prompt");
        run("--latents", file("l"), "--prompt", file("none")).assertUsage("is not a file");
        run("--latents", file("l"), "--prompt", file("prompt.safetensors"), "--vae", file("vae"))
                .assertUsage("--vae makes a picture of the latents; name its file with --out");
        String vae = TinyPipeline.autoencoder(folder.resolve("vae"), TinyPipeline.VAE)
                .toString();
        run("--out", file("o"), "--prompt", file("prompt.safetensors"), "--vae", vae)
                .assertUsage("the autoencoder makes 4 x 4 pixels of a token, and FLUX's makes 16 x 16");
        run("--latents", file("l"), "--prompt", file("prompt.safetensors"), "--size", "40x64")
                .assertUsage("'40x64' is not height and width in pixels, multiples of 16, as 768x1360");
        for (String[] tooLarge : new String[][] {
            {"99984x99984", "an image of 39050001 tokens is too large"},
            {"16384x16384", "an image of 1048576 tokens is too large"}
        }) {
            run("--latents", file("l"), "--prompt", file("prompt.safetensors"), "--size", tooLarge[0])
                    .assertUsage(tooLarge[1]);
        }
        run("--latents", file("l"), "--report", file("l"), "--prompt", file("prompt.safetensors"))
                .assertUsage("is named twice");
        run("--latents", file("prompt.safetensors"), "--prompt", file("prompt.safetensors"))
                .assertUsage("prompt.safetensors is what --prompt reads; name another file with --latents");
        run("--latents", file("flux.safetensors"), "--prompt", file("prompt.safetensors"))
                .assertUsage("flux.safetensors is what --model reads; name another file with --latents");
        run("--latents", file("l"), "--prompt", file("prompt.safetensors"), "--guidance", "NaN")
                .assertUsage("--guidance is NaN; expected a finite number");
        run("--out", file("o.png"), "--prompt", file("prompt.safetensors"))
                .assertUsage("makes latents, which need an autoencoder");
        run("--latents", file("l"), "--prompt", file("prompt.safetensors"), "--steps", "0")
                .assertUsage("0 steps, expected 1 to 1000");
        run("--latents", file("l"), "--prompt", file("prompt.safetensors"), "--size", "32x32", "--steps", "4")
                .assertUsage("16 clusters are more than the 4 tokens");
        Outcome.of("flux", "--model", "random:flux-dev:1+1", "--latents", file("l"), "--size", "99984x99984")
                .assertUsage("an image of 6249 x 6249 tokens cannot be made");
        Outcome.of("flux", "--backend", "cpu", "--model", "random:flux-pro", "--report", file("r"))
                .assertUsage("there is no model 'random:flux-pro'; expected random:flux-dev, random:flux-schnell");
        Outcome.of("flux", "--model", "a\0b", "--prompt", file("prompt.safetensors"), "--report", file("r"))
                .assertUsage("Nul character not allowed");
        assertThat(folder.resolve("l")).doesNotExist();
    }

    @Test
    void writesOverNothingThatItReads() throws IOException {
        Path sharded = OneShard.write(folder.resolve("flux.safetensors"), folder.resolve("sharded"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), sharded);
        for (String name : List.of(OneShard.FILE, OneShard.INDEX)) {
            byte[] before = Files.readAllBytes(sharded.resolve(name));

            run(
                            "--model",
                            sharded.toString(),
                            "--prompt",
                            file("prompt.safetensors"),
                            "--latents",
                            file("link/" + name))
                    .assertUsage(name + " is what --model reads; name another file with --latents");

            assertThat(sharded.resolve(name)).hasBinaryContent(before);
        }
        Path golden = Path.of(System.getProperty("clusca.golden"), "vae");
        Path vae = Files.createDirectory(folder.resolve("vae"));
        for (String name : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
            Files.copy(golden.resolve(name), vae.resolve(name));
        }
        run(
                        "--prompt",
                        file("prompt.safetensors"),
                        "--vae",
                        vae.toString(),
                        "--out",
                        file("x.png"),
                        "--report",
                        file("vae/config.json"))
                .assertUsage("config.json is what --vae reads; name another file with --report");
        assertThat(vae.resolve("config.json")).hasSameBinaryContentAs(golden.resolve("config.json"));
        assertThat(link).isSymbolicLink();
    }

    @Test
    void saysWhatIsWrongWithAPrompt() {
        prompt(Shape.of(2, 5, 24), Shape.of(20));
        run("--latents", file("l"), "--prompt", file("prompt.safetensors"))
                .assertFailed(1, "'prompt_embeds' is of 2 texts, and 'pooled_prompt_embeds' of 1; expected as many");
        prompt(Shape.of(5, 24), Shape.of(19));
        run("--latents", file("l"), "--prompt", file("prompt.safetensors"))
                .assertFailed(
                        1,
                        "'pooled_prompt_embeds' is [19]; expected [texts, 20], or of one text without the first extent");
        Tensor whole = Tensor.of(MemorySegment.ofArray(new int[20]), DType.I32, Shape.of(20));
        Safetensors.write(
                folder.resolve("prompt.safetensors"),
                Map.of("prompt_embeds", numbers(Shape.of(5, 24), 1), "pooled_prompt_embeds", whole),
                Map.of());
        run("--latents", file("l"), "--prompt", file("prompt.safetensors"))
                .assertFailed(1, "'pooled_prompt_embeds' is I32; expected floating-point numbers");
        Safetensors.write(
                folder.resolve("prompt.safetensors"), Map.of("prompt_embeds", numbers(Shape.of(5, 24), 1)), Map.of());
        run("--latents", file("l"), "--prompt", file("prompt.safetensors"))
                .assertFailed(1, "has no tensor 'pooled_prompt_embeds'");
    }

    @Test
    void inspectKnowsIt() {
        Outcome run = Outcome.of("inspect", file("flux.safetensors"));
        run.assertDone();
        assertThat(run.out())
                .contains("clusca can run it")
                .contains(
                        "FLUX, width 48, 2 double and 3 single blocks, distilled guidance as in FLUX.1-dev, official names");
    }

    @Test
    void aPipelineSaysWhichCommandItIsFor() throws IOException {
        Path pipeline =
                Files.createDirectories(folder.resolve("pipeline/transformer")).getParent();
        Files.copy(folder.resolve("flux.safetensors"), pipeline.resolve("transformer/model.safetensors"));
        Files.writeString(pipeline.resolve("model_index.json"), "{\"_class_name\": \"FluxPipeline\"}");
        assertThat(Outcome.of("inspect", pipeline.toString()).assertDone().out())
                .contains(pipeline + ": a FLUX pipeline of diffusers; 'clusca flux' makes images with it");
        Outcome.of("sample", "--model", pipeline.toString(), "--classes", "0", "--latents", file("l"))
                .assertFailed(1, "describes a 'FluxPipeline'; expected a 'DiTPipeline', or 'clusca flux' for this one");

        Path schedule = Files.createDirectories(pipeline.resolve("scheduler")).resolve("scheduler_config.json");
        Files.writeString(schedule, "{\"max_shift\": 1.16}");
        assertThat(Outcome.of("inspect", pipeline.toString()).assertDone().out())
                .contains(pipeline + ": cannot be sampled from: " + schedule)
                .contains("max_shift = '1.16', expected 1.15")
                .doesNotContain("'clusca flux' makes images");
    }

    @Test
    void anotherScheduleThanThePublishedOneIsRefused() throws IOException {
        Path schedule = folder.resolve("scheduler/scheduler_config.json");
        Files.createDirectories(schedule.getParent());
        Files.move(folder.resolve("flux.safetensors"), folder.resolve("model.safetensors"));
        String dev = "{\"max_shift\": 1.15, \"shift\": 3.0, \"use_dynamic_shifting\": true}";
        Files.writeString(schedule, dev.replace("1.15", "1.16"));
        run("--model", folder.toString(), "--prompt", file("prompt.safetensors"), "--latents", file("l"))
                .assertFailed(1, "max_shift = '1.16', expected 1.15");
        Files.writeString(schedule, dev);
        DiffusersPipeline.checkFluxSchedule(folder, config);
        FluxConfig even = TinyFlux.config(3, false);
        assertThatThrownBy(() -> DiffusersPipeline.checkFluxSchedule(folder, even))
                .hasMessageContaining("use_dynamic_shifting = 'true', expected false");
        Files.writeString(schedule, "{\"shift\": 1, \"use_dynamic_shifting\": false}");
        DiffusersPipeline.checkFluxSchedule(folder, even);
    }

    @Test
    void theProgressLineIsGoneBeforeResults() {
        StringWriter screen = new StringWriter();
        String line = "flux --backend cpu --policy full --size 32x32 --steps 3 --model " + file("flux.safetensors")
                + " --prompt " + file("prompt.safetensors") + " --save-latents " + file("l");
        Main.run(new Session(screen, screen, null, true, false, () -> false), line.split(" "));
        assertThat(screen.toString()).contains("full: step 3 of 3", " s left\u001b[?7h\r\u001b[K1 image in ");
    }

    /** It would change nothing, and stand in the report. */
    @Test
    void guidanceOfAModelThatTakesNoneIsRefused() throws IOException {
        TinyFlux.write(new RandomFlux(TinyFlux.config(3, false), 4), folder.resolve("flux.safetensors"));
        String[] image = {
            "--prompt=" + file("prompt.safetensors"), "--size=32x32", "--policy=full", "--report=" + file("r")
        };
        run(Stream.concat(Stream.of(image), Stream.of("--guidance=2")).toArray(String[]::new))
                .assertUsage("--guidance is 2.0, but " + file("flux.safetensors") + " takes no guidance");
        run(image).assertDone();
        assertThat(Files.readString(folder.resolve("r"))).contains("\"guidance\" : null", "\"steps\" : 4");
    }

    @Test
    void commandsForADitNameTheOneForFlux() {
        String sentence = file("flux.safetensors") + " holds FLUX, not a DiT; 'clusca flux' makes images with it";
        Outcome.of("sample", "--model", file("flux.safetensors"), "--classes", "0", "--latents", file("l"))
                .assertFailed(1, sentence);
        Outcome.of("bench", "models", "--model", file("flux.safetensors"), "--no-plot")
                .assertFailed(1, sentence);
        assertThat(folder.resolve("l")).doesNotExist();
    }

    /** FLUX.1-Fill takes more channels than it puts out: it is FLUX, and cannot be sampled from. */
    @Test
    void saysWhatAModelWithAFurtherImageLacks() {
        FluxConfig fill = new FluxConfig(24, 16, 20, 24, 128, 4, 1, 1, 1, List.of(16, 56, 56), 10_000, true, true);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        RandomFlux random = new RandomFlux(fill, 4);
        FluxTensors.of(fill).keySet().forEach(name -> tensors.put(name, random.tensor(name)));
        Safetensors.write(folder.resolve("flux.safetensors"), tensors, Map.of());
        run("--latents", file("l"), "--prompt", file("prompt.safetensors"))
                .assertUsage("this FLUX takes 24 channels of an image token and puts out 16");
        assertThat(Outcome.of("inspect", file("flux.safetensors")).assertDone().out())
                .contains("it is FLUX, width 128", "clusca cannot run it: this FLUX takes 24 channels");
    }

    /** Relatives of FLUX have some of its names. */
    @Test
    void inspectTellsRelativesApart() {
        Tensor some = numbers(Shape.of(4, 4), 1);
        Safetensors.write(
                folder.resolve("other.safetensors"),
                Map.of(
                        "time_text_embed.timestep_embedder.linear_1.weight", some,
                        "single_transformer_blocks.0.proj_out.weight", some),
                Map.of());
        assertThat(Outcome.of("inspect", file("other.safetensors")).assertDone().out())
                .doesNotContain("FLUX");
    }

    /** Loading FLUX takes minutes. */
    @Test
    void stopsWhileItLoads() {
        int[] asked = new int[1];
        Outcome.cancelled(
                        null,
                        () -> ++asked[0] > 3,
                        "flux",
                        "--backend",
                        "cpu",
                        "--model",
                        file("flux.safetensors"),
                        "--prompt",
                        file("prompt.safetensors"),
                        "--latents",
                        file("latents.safetensors"))
                .assertFailed(130, "interrupted; nothing was written");
        assertThat(asked[0]).isEqualTo(4);
    }

    @Test
    void latentsStayWhenNobodyWaitsForThePicture() {
        Path latents = folder.resolve("latents.safetensors");
        Outcome.cancelled(
                        null,
                        () -> Files.exists(latents),
                        "flux",
                        "--backend=cpu",
                        "--model=" + file("flux.safetensors"),
                        "--prompt=" + file("prompt.safetensors"),
                        "--size=64x64",
                        "--steps=2",
                        "--policy=full",
                        "--vae=" + Path.of(System.getProperty("clusca.golden"), "vae"),
                        "--latents=" + latents,
                        "--out=" + file("x.png"))
                .assertFailed(
                        130,
                        "interrupted; the latents are in " + latents + ", of which 'clusca decode' makes pictures");
        assertThat(latents).isNotEmptyFile();
        assertThat(folder.resolve("x.png")).doesNotExist();
    }

    /** Measures, and needs no file for it. */
    @Test
    void tellsWhereTheTimeWent() {
        Outcome run = run(
                "--prompt",
                file("prompt.safetensors"),
                "--size",
                "48x80",
                "--steps",
                "7",
                "--policy",
                "clusca:interval=3,order=1,clusters=4,first=3",
                "--profile");
        run.assertDone();
        assertThat(run.out()).containsPattern("full step: [0-9.]+ ms in operations(?s:.*)cached step: [0-9.]+ ms");
        assertThat(run.out())
                .contains("\nattention ", "\ngemmRefresh 4 x 192 x 48 ")
                .doesNotContain("wrote ");
    }
}
