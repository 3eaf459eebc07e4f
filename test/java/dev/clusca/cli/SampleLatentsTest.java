package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Backends;
import dev.clusca.backend.WorkArena;
import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.checkpoint.VaeConfig;
import dev.clusca.model.vae.VaeDecoder;
import dev.clusca.model.vae.VaeModel;
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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code sample} of a model of latents with its autoencoder. */
class SampleLatentsTest {
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
    void decodesTheLatentsThatItSaves() throws IOException {
        Path png = folder.resolve("x.png");
        Path latents = folder.resolve("x.safetensors");
        Path npz = folder.resolve("x.npz");
        sample("--classes=2", "--out=" + png, "--save-latents=" + latents, "--npz=" + npz, "--image-size=32")
                .assertDone();

        Picture picture = PngReader.read(png);
        assertThat(picture).isEqualTo(decoded(latents));
        try (ZipFile zip = new ZipFile(npz.toFile())) {
            byte[] array = zip.getInputStream(zip.getEntry("arr_0.npy")).readAllBytes();
            assertThat(Arrays.copyOfRange(array, array.length - picture.rgb().length, array.length))
                    .isEqualTo(picture.rgb());
        }
    }

    /** The decoder itself, on latents that this test scales and shifts. */
    private static Picture decoded(Path latents) {
        try (Backend backend = Backends.open("reference");
                WorkArena work = new WorkArena(backend);
                Checkpoint saved = Safetensors.open(latents)) {
            float[] values = saved.floats("samples");
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (values[i] / TinyPipeline.VAE.scalingFactor() + TinyPipeline.VAE.shiftFactor());
            }
            VaeModel model = VaeModel.load(pipeline, backend, work.arena(), DType.F32);
            VaeDecoder decoder = new VaeDecoder(model, 16, 16, work.arena());
            Tensor in = backend.allocate(work.arena(), DType.F32, Shape.of(1, 4, 16, 16));
            backend.write(in, MemorySegment.ofArray(values));
            Tensor out =
                    backend.allocate(work.arena(), DType.F32, Shape.of(1, 3, TinyPipeline.SIDE, TinyPipeline.SIDE));
            decoder.decode(in, out);
            float[] pixels = new float[(int) out.shape().elements()];
            backend.read(out, MemorySegment.ofArray(pixels));
            return Picture.ofModelOutput(pixels, 0, TinyPipeline.SIDE, TinyPipeline.SIDE);
        }
    }

    @Test
    void findsClassesByTheNamesInTheCheckpoint() {
        sample("--classes=otter,Ring,1", "--out=" + file("names.png")).assertDone();
        sample("--classes=3,0,1", "--out=" + file("numbers.png")).assertDone();
        assertThat(folder.resolve("names.png")).hasSameBinaryContentAs(folder.resolve("numbers.png"));

        sample("--classes=retriever", "--out=" + file("x.png"))
                .assertUsage("there is no class 'retriever'; did you mean one of: golden retriever");
        sample("--classes=zebra", "--out=" + file("x.png"))
                .assertUsage("there is no class 'zebra'; the first are circle, ring");
        sample("--model=" + pipeline.resolve("transformer"), "--classes=otter", "--latents=" + file("x"))
                .assertUsage("does not name its classes");
    }

    @Test
    void refusesAnotherSizeOrAutoencoder() {
        sample("--classes=0", "--out=" + file("x.png"), "--image-size=256")
                .assertUsage("--image-size is 256, but " + pipeline + " makes pictures of 32 x 32 pixels");
        sample("--model=" + pipeline.resolve("transformer"), "--classes=0", "--out=" + file("x.png"))
                .assertUsage("makes latents, which need an autoencoder to become pictures; name its folder with --vae");
        Path other = TinyPipeline.autoencoder(
                models.resolve("other"), new VaeConfig(8, 3, List.of(4, 8), 1, 2, 0.5, 0, true, true));
        sample("--vae=" + other, "--classes=0", "--out=" + file("x.png"))
                .assertUsage("decodes latents of 8 channels, and the model makes latents of 4; take");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void namesAnAutoencoderThatLiesElsewhere() throws IOException {
        sample("--classes=0", "--out=" + file("a.png")).assertDone();
        sample(
                        "--model=" + pipeline.resolve("transformer"),
                        "--vae=" + pipeline.resolve("vae"),
                        "--classes=0",
                        "--out=" + file("b.png"))
                .assertDone();
        assertThat(PngReader.read(folder.resolve("b.png"))).isEqualTo(PngReader.read(folder.resolve("a.png")));
    }

    @Test
    void writesOverNoFileOfThePipeline() throws IOException {
        Map<String, String> readers = Map.of(
                "model_index.json", "--model",
                "scheduler/scheduler_config.json", "--model",
                "transformer/config.json", "--model",
                "transformer/model.safetensors", "--model",
                "vae/config.json", "--vae",
                "vae/diffusion_pytorch_model.safetensors", "--vae");
        for (Map.Entry<String, String> reader : readers.entrySet()) {
            Path file = pipeline.resolve(reader.getKey());
            byte[] before = Files.readAllBytes(file);

            sample("--classes=0", "--out=" + file("x.png"), "--latents=" + file)
                    .assertUsage(file + " is what " + reader.getValue() + " reads; name another file with --latents");

            assertThat(file).hasBinaryContent(before);
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void refusesAnotherNoiseScheduleAndAnotherPipeline() {
        Path changed = TinyPipeline.write(models.resolve("changed"));
        TinyPipeline.json(changed.resolve("scheduler/scheduler_config.json"), Map.of("beta_schedule", "scaled_linear"));
        sample("--model=" + changed, "--classes=0", "--out=" + file("x.png"))
                .assertFailed(1, "beta_schedule = 'scaled_linear', expected linear");
        TinyPipeline.json(changed.resolve("model_index.json"), Map.of("_class_name", "StableDiffusionPipeline"));
        sample("--model=" + changed, "--classes=0", "--out=" + file("x.png"))
                .assertFailed(1, "describes a 'StableDiffusionPipeline'");
    }

    @Test
    void aFolderFillsUpWhateverTheBatchAndTheNumberOfRuns() throws IOException {
        bulk("whole", 5, "--batch=5", "--npz=" + file("whole.npz")).assertDone();
        assertThat(bulk("parts", 2, "--batch=1").assertDone().out()).contains("2 made in", "0 were there");
        Files.delete(folder.resolve("parts/000000.png"));
        assertThat(bulk("parts", 5, "--batch=2", "--npz=" + file("parts.npz"))
                        .assertDone()
                        .out())
                .contains("5 images in", "4 made in", "1 were there");

        List<byte[]> different = new ArrayList<>();
        for (int image = 0; image < 5; image++) {
            String name = String.format("%06d.png", image);
            assertThat(folder.resolve("parts").resolve(name))
                    .hasSameBinaryContentAs(folder.resolve("whole").resolve(name));
            byte[] bytes = Files.readAllBytes(folder.resolve("whole").resolve(name));
            assertThat(different).noneMatch(other -> Arrays.equals(other, bytes));
            different.add(bytes);
        }
        assertThat(folder.resolve("parts.npz")).hasSameBinaryContentAs(folder.resolve("whole.npz"));
        // Image 1 is of class 1, in its own place.
        sample("--classes=0,1", "--seed=7", "--out=" + file("grid.png")).assertDone();
        Picture grid = PngReader.read(folder.resolve("grid.png"));
        Picture second = PngReader.read(folder.resolve("whole/000001.png"));
        assertThat(grid.value(grid.width() - 1, 3, 1)).isEqualTo(second.value(TinyPipeline.SIDE - 1, 3, 1));
        // Each tells how it was made, and no path.
        Map<String, String> told = PngTexts.of(folder.resolve("grid.png"));
        assertThat(told)
                .containsKeys("Software", "sampler", "steps", "cfg", "dtype")
                .containsEntry("classes", "[0, 1]")
                .containsEntry("seed", "7");
        assertThat(told.get("model")).isEqualTo(MadeBy.end(pipeline));
        assertThat(PngTexts.of(folder.resolve("whole/000001.png")))
                .containsEntry("image", "1")
                .containsEntry("classes", "[1]")
                .containsEntry("seed", "7");
    }

    @Test
    void refusesToMixSettings() throws IOException {
        bulk("images", 1).assertDone();
        bulk("images", 2, "--seed=8", "--cfg=2")
                .assertFailed(1, "were made with other settings: cfg was 3.0 and is 2.0 now; seed was 7 and is 8 now");
        assertThat(folder.resolve("images/000001.png")).doesNotExist();
        Files.writeString(Files.createDirectory(folder.resolve("mine")).resolve("letter.txt"), "dear");
        bulk("mine", 1).assertFailed(1, "holds files, but no samples.json");
        assertThat(folder.resolve("mine")).isDirectoryContaining("glob:**letter.txt");
    }

    /** The weights cannot be loaded: that the folder comes first shows that nobody waits for them. */
    @Test
    void saysWhatIsWrongWithTheFolderBeforeTheWeightsAreLoaded() throws IOException {
        Path broken = TinyDit.broken(models.resolve("broken"));
        Files.writeString(folder.resolve("file"), "dear");
        bulk("images", 1).assertDone();

        bulk("file", 1, "--model=" + broken).assertFailed(1, "file is a file; name a folder for the images");
        bulk("images", 1, "--model=" + broken).assertFailed(1, "were made with other settings");
        bulk("new", 1, "--model=" + broken, "--classes=0,9").assertUsage("there is no class 9");
        assertThat(folder.resolve("new")).doesNotExist();

        assertThat(bulk("new", 1, "--model=" + broken).err()).contains("NaN");
        bulk("new", 1).assertDone();
    }

    /** Of the same architecture and the same sizes: what differs is in the files. */
    @Test
    void refusesToMixModels() throws IOException {
        bulk("images", 1).assertDone();
        Path other = TinyPipeline.write(models.resolve("same"));
        bulk("images", 2, "--model=" + other).assertDone();
        TinyPipeline.autoencoder(
                other.resolve("vae"), new VaeConfig(4, 3, List.of(4, 8), 1, 2, 0.25, 0.125, true, true));
        bulk("images", 3, "--model=" + other).assertFailed(1, "were made with other settings: vae was ");
        TinyPipeline.write(other);
        changeOneWeight(other.resolve("vae/diffusion_pytorch_model.safetensors"));
        bulk("images", 3, "--model=" + other).assertFailed(1, "were made with other settings: vae_weights was ");
        TinyPipeline.write(other);
        changeOneWeight(other.resolve("transformer/model.safetensors"));
        bulk("images", 3, "--model=" + other).assertFailed(1, "were made with other settings: weights was ");
        assertThat(folder.resolve("images/000002.png")).doesNotExist();
    }

    /** The file's last value, which stays a finite number. */
    private static void changeOneWeight(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 2] = (byte) ~bytes[bytes.length - 2];
        Files.write(file, bytes);
    }

    @Test
    void theSameSettingsInOtherWordsGoOn() {
        bulk("some", 1, "--classes=otter,0").assertDone();
        bulk("some", 2, "--classes=3,circle", "--sampler=ddim:eta=0").assertDone();
        bulk("all", 1).assertDone();
        bulk("all", 2, "--classes=0,1,2,3").assertDone();
        bulk("all", 2, "--classes=0,1").assertFailed(1, "classes was all and is [0, 1] now");
    }

    @Test
    void theArrayMayLieInAFolderThatIsNotThereYet() {
        bulk("new", 2, "--npz=" + file("new/all.npz")).assertDone();
        assertThat(folder.resolve("new/all.npz")).isNotEmptyFile();
        bulk("other", 2, "--npz=" + file("none/all.npz")).assertFailed(1, "none does not exist; create it first");
        assertThat(folder.resolve("other")).doesNotExist();
    }

    /** The run asks before each of 3 steps, then before each picture. */
    @Test
    void stopsBetweenThePicturesOfABatchAndKeepsThem() throws IOException {
        stopped(4, "--count=3", "--batch=3", "--out=" + file("images")).assertFailed(130, "interrupted; 1 of 3 images");
        assertThat(PngReader.read(folder.resolve("images/000000.png")).width()).isEqualTo(TinyPipeline.SIDE);
        assertThat(folder.resolve("images/000001.png")).doesNotExist();
        stopped(4, "--classes=0,1", "--out=" + file("x.png")).assertFailed(130, "interrupted; nothing was written");
        assertThat(folder.resolve("x.png")).doesNotExist();
    }

    /** Asked as above: all steps are done, and one picture. */
    @Test
    void latentsStayWhenNobodyWaitsForThePictures() {
        Path latents = folder.resolve("x.safetensors");
        stopped(
                        4,
                        "--classes=0,1",
                        "--latents=" + latents,
                        "--out=" + file("x.png"),
                        "--npz=" + file("x.npz"),
                        "--report=" + file("x.json"))
                .assertFailed(
                        130,
                        "interrupted; the latents are in " + latents + ", of which 'clusca decode' makes pictures");

        assertThat(folder.toFile().list()).containsExactly("x.safetensors");
        sample("--classes=0,1", "--latents=" + file("whole.safetensors")).assertDone();
        assertThat(latents).hasSameBinaryContentAs(folder.resolve("whole.safetensors"));
    }

    /** The array asks for the first picture, then twice for each: the last time it is being written. */
    @Test
    void stopsWhileItWritesTheArrayAndLeavesNone() {
        bulk("images", 2).assertDone();
        stopped(4, "--seed=7", "--count=2", "--out=" + file("images"), "--npz=" + file("x.npz"))
                .assertFailed(130, "interrupted; 2 of 2 images");
        assertThat(folder.toFile().list()).containsExactly("images");
    }

    @Test
    void removesWhatADeadRunLeftOfTheArray() throws IOException {
        Path npz = folder.resolve("x.npz");
        List<Path> written = new ArrayList<>();
        AtomicFile.write(npz, channel -> {
            try (Stream<Path> files = Files.list(folder)) {
                files.forEach(written::add);
            }
        });
        Path left = Files.createFile(written.getFirst());
        Path stranger = Files.createFile(folder.resolve(".clusca-1.part"));

        bulk("images", 1, "--npz=" + npz).assertDone();

        assertThat(left).doesNotExist();
        assertThat(stranger).exists();
        assertThat(npz).isNotEmptyFile();
    }

    @Test
    void refusesWhatHasNoMeaningForManyImages() {
        sample("--count=2").assertUsage("name a file with --out, --npz, --latents or --report");
        sample("--count=2", "--npz=" + file("x.npz")).assertUsage("name a folder for them with --out");
        sample("--count=0", "--out=" + file("x")).assertUsage("--count is 0; at least 1");
        sample("--count=2", "--out=" + file("x"), "--report=" + file("y")).assertUsage("leave them out with --count");
        sample("--count=2", "--out=" + file("x"), "--policy=clusca:clusters=4,stop=batch")
                .assertUsage("with --count take stop=image");
        sample("--out=" + file("x.png")).assertUsage("which images?");
        assertThat(folder).isEmptyDirectory();
    }

    private Outcome bulk(String name, int count, String... more) {
        List<String> arguments =
                new ArrayList<>(List.of("--count=" + count, "--out=" + folder.resolve(name), "--seed=7"));
        arguments.addAll(List.of(more));
        return sample(arguments.toArray(String[]::new));
    }

    private Outcome sample(String... more) {
        return Outcome.of(arguments(more));
    }

    /** A run that is told to stop once it has asked so many times. */
    private Outcome stopped(int after, String... more) {
        AtomicInteger asked = new AtomicInteger();
        return Outcome.cancelled(null, () -> asked.incrementAndGet() > after, arguments(more));
    }

    private static String[] arguments(String... more) {
        List<String> arguments = new ArrayList<>(List.of("sample", "--backend=reference", "--steps=3"));
        List<String> given = List.of(more);
        if (given.stream().noneMatch(argument -> argument.startsWith("--policy="))) {
            arguments.add("--policy=full");
        }
        if (given.stream().noneMatch(argument -> argument.startsWith("--model="))) {
            arguments.add("--model=" + pipeline);
        }
        // An option given again replaces the one before.
        for (int i = 0; i < given.size(); i++) {
            String option = given.get(i).replaceAll("=.*", "=");
            int at = i;
            if (given.subList(at + 1, given.size()).stream().noneMatch(later -> later.startsWith(option))) {
                arguments.add(given.get(i));
            }
        }
        return arguments.toArray(String[]::new);
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }
}
