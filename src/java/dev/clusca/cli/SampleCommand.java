package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.ClusCa;
import dev.clusca.checkpoint.ClassNames;
import dev.clusca.checkpoint.DiffusersPipeline;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.DitWeights;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.model.dit.DitModel;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.pipeline.ImageFolder;
import dev.clusca.pipeline.LatentDecoder;
import dev.clusca.pipeline.Latents;
import dev.clusca.pipeline.Montage;
import dev.clusca.pipeline.Npz;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Png;
import dev.clusca.pipeline.Report;
import dev.clusca.pipeline.Samples;
import dev.clusca.pipeline.Sampling;
import dev.clusca.sampler.Sampler;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sample}: images of the classes asked for, under one policy. */
@Command(
        name = "sample",
        header = "Samples images from a diffusion transformer.",
        description = "",
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Policies, with their settings and defaults:",
            "  full                                                  compute every step",
            "  fora:interval=5                                       reuse the last full step's features",
            "  taylorseer:interval=5,order=2                         forecast them by a Taylor series",
            "  clusca:interval=5,order=2,clusters=16,gamma=0.005     and recompute one token a cluster",
            "  clusca:full=4/9/15/22,order=2                         full steps of your choice, besides the first",
            "",
            "Examples:",
            "  ./clusca sample --model models/shapes-dit --classes 0,1,2 --out shapes.png",
            "  ./clusca sample --model models/shapes-dit --policy clusca:interval=7 --cfg 3 --seed 7 \\",
            "      --classes 4 --out star.png --report star.json",
            "  ./clusca sample --model DiT-XL-2-256 --cfg 4 --classes \"golden retriever,otter\" --dtype bf16 \\",
            "      --out dogs.png",
            "  ./clusca sample --model DiT-XL-2-256 --cfg 1.5 --count 50000 --out samples --npz samples.npz"
        })
final class SampleCommand implements Callable<Integer> {
    /** The policy unless another is asked for. */
    static final String POLICY = "clusca:interval=5,order=2,clusters=16,gamma=0.005";

    /** How many times as wide as its latents a picture is, for every published model. */
    private static final int LATENT_SCALE = 8;

    private final Session session;

    @Spec
    private CommandSpec spec;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private OutputOptions output;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "PATH",
            description =
                    "A folder with config.json and safetensors weights, or the weights file, official or diffusers' names; a diffusers pipeline's folder, whose autoencoder makes pictures of latents; or random:dit-xl/2, a published size with random weights, to measure it. Required.")
    private String model;

    @Option(
            names = "--policy",
            paramLabel = "SPEC",
            defaultValue = POLICY,
            converter = Usage.Policy.class,
            description = "The cache policy, see below. Default: ${DEFAULT-VALUE}.")
    private CachePolicy policy;

    @Option(
            names = "--sampler",
            paramLabel = "NAME",
            defaultValue = "ddim",
            description = "The sampler: ddim, ddim:eta=0.5,clip=true or ddpm. Default: ${DEFAULT-VALUE}.")
    private String sampler;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "50",
            description = "Sampling steps. Default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(
            names = "--cfg",
            paramLabel = "SCALE",
            defaultValue = "3",
            description = "Classifier-free guidance scale; 1 is none. Default: ${DEFAULT-VALUE}.")
    private float guidance;

    @Option(
            names = "--vae",
            paramLabel = "PATH",
            description =
                    "The autoencoder of a model of latents: a folder with config.json and safetensors weights, diffusers' names. Default: vae/ in the model's folder.")
    private @Nullable Path vae;

    @Option(
            names = "--image-size",
            paramLabel = "N",
            description = "Refuse a model whose pictures are not N pixels high and wide, as 256 or 512.")
    private @Nullable Integer imageSize;

    @Option(
            names = "--classes",
            paramLabel = "LIST",
            converter = ClassChoice.Converter.class,
            description =
                    "One image of each of these classes, as in 0,1,2 or 0-9, or names where the checkpoint has them. Required, but with --count: then the images go through these classes in turn, or through all.")
    private @Nullable ClassChoice classes;

    @Mixin
    private CountOption many;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Seed of every random number. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "32",
            description =
                    "The most images computed at once; changes no image, unless the policy says stop=batch. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Write the images to this PNG, several as a grid; with --count, the folder for single ones.")
    private @Nullable Path out;

    @Option(
            names = {"--latents", "--save-latents"},
            paramLabel = "FILE",
            description =
                    "Write the samples as they are to this safetensors file: F32 'samples' [images, channels, h, w].")
    private @Nullable Path latents;

    @Option(
            names = "--npz",
            paramLabel = "FILE",
            description =
                    "Write the images as the evaluation suite of guided diffusion (ADM) reads them: arr_0, uint8 [N, H, W, 3].")
    private @Nullable Path npz;

    @Mixin
    private RunOptions run;

    SampleCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Sampler chosen = Usage.of(spec, () -> Sampler.parse(sampler, steps));
        ModelArgument argument = new ModelArgument(model);
        OutputFiles files = checkArguments(argument);
        Optional<DiffusersPipeline> pipeline = Usage.of(spec, argument::pipeline);
        try (DitWeights checkpoint = Usage.of(spec, argument::weights);
                VaeCheckpoint autoencoder = makesPictures()
                        ? Usage.of(spec, () -> ModelArgument.autoencoder(vae, pipeline, checkpoint.config()))
                        : null;
                Backend backend = device.open();
                Arena arena = Arena.ofShared()) {
            files.reads("--model", checkpoint.files());
            pipeline.ifPresent(folder -> files.reads("--model", folder.files()));
            if (autoencoder != null) {
                files.reads("--vae", autoencoder.files());
            }
            checkOutputs(checkpoint.config(), autoencoder);
            int[] numbers = numbers(checkpoint.config(), pipeline);
            Usage.check(spec, () -> Sampling.check(checkpoint.config(), chosen, policy, guidance, batch, numbers));
            // Whatever is wrong with the folder is known before the weights are loaded, which may take minutes.
            Integer count = many.number();
            try (ImageFolder images = count == null || out == null
                    ? null
                    : ImageFolder.open(out, settingsOf(checkpoint, autoencoder, chosen, numbers))) {
                RunOutput telling = new RunOutput(session, output, run, backend, device.dtype());
                Sampling sampling = new Sampling(new DitModel(checkpoint, telling.backend(), arena, device.dtype()))
                        .sampler(chosen)
                        .policy(policy)
                        .guidance(guidance)
                        .seed(seed)
                        .batch(batch)
                        .cancelled(session.cancelled());
                try (LatentDecoder decoder = autoencoder == null
                        ? null
                        : new LatentDecoder(
                                new VaeModel(autoencoder, backend, arena, device.dtype()), checkpoint.config())) {
                    Drawing drawing = new Drawing(decoder, session::checkCancelled);
                    if (images != null && count != null) {
                        Bulk.Maker maker = (first, number, progress) -> drawing.each(
                                sampling.firstImage(first).listener(progress).run(inTurn(numbers, first, number)));
                        IntFunction<Map<String, String>> texts =
                                image -> MadeBy.with(settings(inTurn(numbers, image, 1)), "image", image);
                        new Bulk(session, output, maker, texts, count, batch).run(images, npz);
                    } else {
                        makeOnce(sampling, numbers, drawing, telling, files);
                    }
                }
            }
            return 0;
        }
    }

    /** The classes of images from {@code first} on: image i is of class i modulo their number. */
    private static int[] inTurn(int[] classes, int first, int number) {
        return IntStream.range(first, first + number)
                .map(image -> classes[image % classes.length])
                .toArray();
    }

    private void makeOnce(Sampling sampling, int[] numbers, Drawing drawing, RunOutput telling, OutputFiles files)
            throws IOException {
        Samples samples;
        try (ProgressLine progress = new ProgressLine(session, output.quiet(), policy.name())) {
            samples = sampling.listener(progress).run(numbers);
        }
        writeLatents(samples);
        writePictures(samples, drawing);
        telling.tell(Report.of(samples, sampling, model), samples.count(), policy, samples.metrics(), files);
    }

    private OutputFiles checkArguments(ModelArgument argument) throws IOException {
        if (!makesPictures() && latents == null && run.report() == null && !run.showsProfile(output)) {
            throw Usage.refuse(
                    spec,
                    "the images would be lost; name a file with --out, --npz, --latents or --report, or "
                            + run.otherUse());
        }
        if (vae != null && !makesPictures()) {
            throw Usage.refuse(spec, "--vae makes pictures of the latents; name their file with --out or --npz");
        }
        if (many.number() == null && classes == null) {
            throw Usage.refuse(spec, "which images? Name their classes with --classes, or their number with --count");
        }
        many.check(out, latents, run, output);
        if (many.number() != null
                && policy instanceof ClusCa clusca
                && clusca.kMeans().together()) {
            throw Usage.refuse(
                    spec,
                    "under stop=batch an image depends on those that are computed with it, and a run that goes on would make others; with --count take stop=image");
        }
        OutputFiles files = OutputFiles.of(spec)
                .reads("--model", Usage.of(spec, argument::path))
                .reads("--vae", vae);
        if (many.number() != null && out != null) {
            return files.makesFolder("--out", out).writes("--npz", npz);
        }
        return files.writesPicture("--out", out)
                .writes("--latents", latents)
                .writes("--npz", npz)
                .writes("--report", run.report());
    }

    private boolean makesPictures() {
        return out != null || npz != null;
    }

    /** The class of each image. */
    private int[] numbers(DitConfig config, Optional<DiffusersPipeline> pipeline) {
        List<String> labels = pipeline.map(DiffusersPipeline::labels)
                .filter(names -> !names.isEmpty())
                .orElse(config.classNames());
        if (classes != null) {
            ClassChoice given = classes;
            return Usage.of(spec, () -> given.resolve(new ClassNames(labels)));
        }
        return allOf(config);
    }

    private static int[] allOf(DitConfig config) {
        return IntStream.range(0, config.numClasses()).toArray();
    }

    /** Everything that a picture depends on beside its number, for those who make some today and some tomorrow. */
    private Map<String, Object> settingsOf(
            DitWeights checkpoint, @Nullable VaeCheckpoint autoencoder, Sampler chosen, int[] numbers) {
        Map<String, Object> settings = Bulk.settings(
                checkpoint.config(),
                checkpoint instanceof DitCheckpoint file ? Fingerprint.of(file.source()) : model,
                autoencoder);
        settings.put("policy", policy.spec());
        settings.put("sampler", chosen.spec());
        settings.put("steps", steps);
        settings.put("cfg", guidance);
        settings.put("seed", seed);
        settings.put("dtype", device.dtype().label());
        settings.put("classes", Arrays.equals(numbers, allOf(checkpoint.config())) ? "all" : Arrays.toString(numbers));
        return settings;
    }

    private void checkOutputs(DitConfig config, @Nullable VaeCheckpoint autoencoder) {
        if (makesPictures() && !config.pixelSpace() && autoencoder == null) {
            throw Usage.refuse(
                    spec,
                    model
                            + " makes latents, which need an autoencoder to become pictures; name its folder with --vae, or leave out --out and --npz and name a file with --latents");
        }
        int scale = autoencoder != null ? autoencoder.config().scale() : config.pixelSpace() ? 1 : LATENT_SCALE;
        int side = config.inputSize() * scale;
        if (imageSize != null && imageSize != side) {
            throw Usage.refuse(
                    spec,
                    "--image-size is " + imageSize + ", but " + model + " makes pictures of " + side + " x " + side
                            + " pixels; a model makes one size, take the one for " + imageSize);
        }
    }

    private void writePictures(Samples samples, Drawing drawing) throws IOException {
        if (!makesPictures()) {
            return;
        }
        List<Picture> pictures;
        try {
            pictures = drawing.all(samples);
        } catch (CancellationException e) {
            throw WorkKept.latents(latents, e);
        }
        if (out != null) {
            Png.write(Montage.grid(pictures), settings(samples.classes()), out);
        }
        if (npz != null) {
            Npz.write(npz, pictures.size(), pictures::get);
        }
    }

    private void writeLatents(Samples samples) {
        if (latents != null) {
            Latents.write(latents, samples.values(), samples.shape(), settings(samples.classes()));
        }
    }

    /** What was asked for, as the files with the results say it. */
    private Map<String, String> settings(int[] ofClasses) {
        Map<String, String> told = MadeBy.clusca(
                model,
                "classes",
                Arrays.toString(ofClasses),
                "policy",
                policy.spec(),
                "sampler",
                Sampler.parse(sampler, steps).spec(),
                "steps",
                steps,
                "cfg",
                guidance,
                "seed",
                seed,
                "dtype",
                device.dtype().label());
        if (vae != null) {
            told = MadeBy.with(told, "vae", MadeBy.end(vae));
        }
        // Then, and only then, an image depends on those that are computed with it.
        return policy instanceof ClusCa clusca && clusca.kMeans().together() ? MadeBy.with(told, "batch", batch) : told;
    }
}
