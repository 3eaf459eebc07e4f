package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.pipeline.Latents;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.PngReader;
import dev.clusca.pipeline.PngTexts;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code decode} of what {@code sample} saved. */
class DecodeCommandTest {
    @TempDir
    static Path models;

    private static Path pipeline;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeModel() {
        pipeline = TinyPipeline.write(models.resolve("pipeline"));
    }

    @Test
    void makesThePicturesThatSampleWouldHaveMade() throws IOException {
        Path latents = folder.resolve("x.safetensors");
        Outcome.of(
                        "sample",
                        "--backend=reference",
                        "--steps=2",
                        "--model=" + pipeline,
                        "--classes=2,0,1",
                        "--latents=" + latents,
                        "--out=" + folder.resolve("grid.png"),
                        "--npz=" + folder.resolve("all.npz"))
                .assertDone();

        Outcome decoded = decode(
                        latents,
                        "--vae=" + pipeline,
                        "--out=" + folder.resolve("again.png"),
                        "--npz=" + folder.resolve("again.npz"))
                .assertDone();

        assertThat(decoded.out())
                .startsWith("3 pictures of 32 x 32 pixels\n")
                .contains("  wrote " + folder.resolve("again.png") + "\n", "  wrote " + folder.resolve("again.npz"));
        assertThat(PngReader.read(folder.resolve("again.png"))).isEqualTo(PngReader.read(folder.resolve("grid.png")));
        Map<String, String> told = new TreeMap<>(PngTexts.of(folder.resolve("grid.png")));
        told.put("vae", MadeBy.end(pipeline));
        told.put("vae dtype", "f32");
        assertThat(PngTexts.of(folder.resolve("again.png"))).isEqualTo(told);
        assertThat(folder.resolve("again.npz")).hasSameBinaryContentAs(folder.resolve("all.npz"));
        Outcome json = decode(latents, "--vae=" + pipeline.resolve("vae"), "--npz=" + folder.resolve("j"), "--json")
                .assertDone();
        Map<?, ?> report = (Map<?, ?>) Json.parse(json.out(), "the report");
        assertThat(report.get("report")).isEqualTo("decode");
        assertThat(report.get("pictures")).isEqualTo(3L);
        assertThat(report.get("height")).isEqualTo(32L);
    }

    /** FLUX's latents are as high and wide as its image asks for. */
    @Test
    void latentsNeedNotBeSquare() throws IOException {
        decode(file(Shape.of(1, 4, 3, 5), 0.5f), "--vae=" + pipeline, "--out=" + folder.resolve("x.png"), "-q")
                .assertDone();
        Picture picture = PngReader.read(folder.resolve("x.png"));
        assertThat(picture.height()).isEqualTo(6);
        assertThat(picture.width()).isEqualTo(10);
    }

    @Test
    void refusesWhatItCannotDecode() throws IOException {
        String out = "--out=" + folder.resolve("x.png");
        String vae = "--vae=" + pipeline;
        Path good = file(Shape.of(1, 4, 2, 2), 0.5f);
        decode(good, vae).assertUsage("the pictures would be lost; name a file with --out or --npz");
        decode(good, out).assertUsage("--vae");
        decode(good, vae, "--out=" + good).assertUsage("is what FILE reads; name another file with --out");
        decode(good, vae, "--npz=" + pipeline.resolve("vae/config.json")).assertUsage("is what --vae reads");
        decode(folder.resolve("none"), vae, out).assertFailed(1, "none");
        decode(pipeline.resolve("vae/diffusion_pytorch_model.safetensors"), vae, out)
                .assertFailed(1, "has no tensor 'samples', so it holds no latents");
        decode(file(Shape.of(4, 2, 2), 0.5f), vae, out).assertFailed(1, "expected [images, channels, h, w]");
        decode(file(Shape.of(1, 4, 2, 2), Float.NaN), vae, out).assertFailed(1, "'samples' holds NaN");
        decode(file(Shape.of(1, 16, 2, 2), 0.5f), vae, out)
                .assertUsage("the autoencoder decodes latents of 4 channels, and the model makes latents of 16");
        Tensor whole = Tensor.of(MemorySegment.ofArray(new int[16]), DType.I32, Shape.of(1, 4, 2, 2));
        Path ints = folder.resolve("ints.safetensors");
        Safetensors.write(ints, Map.of("samples", whole), Map.of());
        decode(ints, vae, out).assertFailed(1, "'samples' is I32; expected floating-point numbers");
        assertThat(folder.resolve("x.png")).doesNotExist();
    }

    @Test
    void anInterruptionLeavesNothing() throws IOException {
        AtomicInteger asked = new AtomicInteger();
        Outcome.cancelled(
                        null,
                        () -> asked.incrementAndGet() > 1,
                        "decode",
                        "--backend=reference",
                        file(Shape.of(3, 4, 2, 2), 0.5f).toString(),
                        "--vae=" + pipeline,
                        "--out=" + folder.resolve("x.png"))
                .assertFailed(130, "interrupted; nothing was written");
        assertThat(folder.resolve("x.png")).doesNotExist();
    }

    private Path file(Shape shape, float value) throws IOException {
        float[] values = new float[(int) shape.elements()];
        values[values.length - 1] = value;
        Path file = Files.createTempFile(folder, "latents", ".safetensors");
        Safetensors.write(
                file, Map.of("samples", Tensor.of(MemorySegment.ofArray(values), DType.F32, shape)), Map.of());
        return file;
    }

    private static Outcome decode(Path latents, String... more) {
        List<String> all = new ArrayList<>(List.of("decode", "--backend=reference", latents.toString()));
        all.addAll(List.of(more));
        return Outcome.of(all.toArray(String[]::new));
    }

    /** Who else wrote the latents may have left anything in their file. */
    @Test
    void textsOfOthersStayOut() throws IOException {
        Path latents = folder.resolve("other.safetensors");
        Latents.write(latents, new float[4 * 4 * 4], Shape.of(1, 4, 4, 4), Map.of("home", "/home/somebody"));
        decode(latents, "--vae=" + pipeline, "--out=" + folder.resolve("x.png")).assertDone();
        assertThat(PngTexts.of(folder.resolve("x.png")))
                .isEqualTo(Map.of("vae", MadeBy.end(pipeline), "vae dtype", "f32"));
    }
}
