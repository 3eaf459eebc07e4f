package dev.clusca.cli.bench;

import dev.clusca.backend.Backend;
import dev.clusca.cache.ClusCa;
import dev.clusca.checkpoint.DiffusersPipeline;
import dev.clusca.checkpoint.DitWeights;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.cli.DeviceOptions;
import dev.clusca.cli.ModelArgument;
import dev.clusca.cli.OutputFiles;
import dev.clusca.cli.Session;
import dev.clusca.cli.Usage;
import dev.clusca.measure.DitRuns;
import dev.clusca.measure.ModelBenchmark;
import dev.clusca.measure.ModelGrid;
import dev.clusca.measure.ModelSettings;
import dev.clusca.model.dit.DitModel;
import dev.clusca.sampler.Sampler;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench models}: every cache policy at many intervals and batches beside full computation, as a table and a plot. */
@Command(
        name = "models",
        header = "Measures what cache policies save, and what they cost in quality.",
        description = {
            "",
            "Samples the same images without a cache and under every policy at every interval, for each batch: ms per full and "
                    + "cached step, the speed-up in time beside that in FLOPs, PSNR and SSIM against full computation. All "
                    + "runs are made in --rounds, and of each step the fastest counts. Prints a table and writes a plot. A "
                    + "round takes two minutes on two cores, and the longer the more images --batch has in all. If it is interrupted, what was measured in whole "
                    + "rounds is told and written.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca bench models",
            "  ./clusca bench models --policy clusca:interval=5 --policy clusca:full=4/9/14/20/26/32/40/48",
            "  ./clusca bench models --batch 1,2,4,8,16,32 --json models.json --plot models.png",
            "  ./clusca bench models --model random:dit-s/2 --dtype bf16 --intervals 3,5 --batch 1 --steps 20"
        })
final class ModelsCommand implements Callable<Integer> {
    private static final String MODEL = "models/shapes-dit";
    private static final List<Integer> INTERVALS = List.of(3, 4, 5, 6, 7, 8, 9);

    private final Session session;

    @Spec
    private CommandSpec spec;

    @Mixin
    private DeviceOptions device;

    @Option(
            names = "--model",
            paramLabel = "PATH",
            description =
                    "A model's folder or weights file, a diffusers pipeline's folder, or random:dit-s/2, a published size with random weights, which has no pictures to compare. Default: the demo's, "
                            + MODEL + ".")
    private @Nullable String model;

    @Option(
            names = "--vae",
            paramLabel = "PATH",
            description =
                    "The autoencoder of a model of latents, to compare pictures. Default: vae/ in the model's folder; without one there is no PSNR and SSIM.")
    private @Nullable Path vae;

    @Mixin
    private PolicyOptions policies;

    @Option(
            names = "--batch",
            paramLabel = "LIST",
            defaultValue = "8",
            converter = NumberList.Converter.class,
            description = "Images at once, as in 1,2,4,8,16,32. Default: ${DEFAULT-VALUE}.")
    private NumberList batches;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "50",
            description = "DDIM steps. Default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(
            names = "--cfg",
            paramLabel = "SCALE",
            defaultValue = "3",
            description = "Classifier-free guidance scale; 1 is none. Default: ${DEFAULT-VALUE}.")
    private float guidance;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "7",
            description = "Seed of every random number. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "2",
            description = "How often each run is made, all of them in turns. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Mixin
    private ModelOutput output = new ModelOutput("bench-models.png");

    ModelsCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Usage.check(spec, () -> Sampler.parse("ddim", steps));
        ModelGrid grid =
                Usage.of(spec, () -> policies.grid(new ClusCa(5, 2, 16, 0.005f), INTERVALS, batches.numbers()));
        ModelSettings settings =
                Usage.of(spec, () -> ModelSettings.ofDit(model == null ? MODEL : model, steps, guidance, seed, rounds));
        OutputFiles files = output.check();
        ModelArgument argument = model == null ? demoModel() : new ModelArgument(model);
        Optional<DiffusersPipeline> pipeline = Usage.of(spec, argument::pipeline);
        try (DitWeights checkpoint = Usage.of(spec, argument::weights);
                VaeCheckpoint autoencoder =
                        Usage.of(spec, () -> ModelArgument.autoencoder(vae, pipeline, checkpoint.config()));
                Backend backend = device.open();
                Arena arena = Arena.ofShared();
                Decoding decoding = Decoding.of(checkpoint.config(), autoencoder, backend, arena, device.dtype())) {
            files.reads("--model", checkpoint.files());
            pipeline.ifPresent(folder -> files.reads("--model", folder.files()));
            if (autoencoder != null) {
                files.reads("--vae", autoencoder.files());
            }
            Usage.check(spec, () -> DitRuns.check(checkpoint.config(), settings, grid));
            DitModel loaded = new DitModel(checkpoint, backend, arena, device.dtype());
            DitRuns runs = new DitRuns(loaded, settings, decoding.comparing(), session.cancelled());
            output.measure(session, new ModelBenchmark(runs, grid));
            return 0;
        }
    }

    private ModelArgument demoModel() throws IOException {
        Path home = session.home();
        if (home == null) {
            throw new IOException(
                    "where clusca lies is not known, so " + MODEL
                            + " cannot be found; name a model with --model, or start clusca with its launcher, ./clusca bench models");
        }
        return new ModelArgument(home.resolve(MODEL).toString());
    }
}
