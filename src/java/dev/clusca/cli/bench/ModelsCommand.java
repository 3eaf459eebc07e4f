package dev.clusca.cli.bench;

import dev.clusca.backend.Backend;
import dev.clusca.cache.CachePolicy;
import dev.clusca.checkpoint.DiffusersPipeline;
import dev.clusca.checkpoint.DitWeights;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.cli.DeviceOptions;
import dev.clusca.cli.ModelArgument;
import dev.clusca.cli.OutputFiles;
import dev.clusca.cli.ProgressLine;
import dev.clusca.cli.Session;
import dev.clusca.cli.Usage;
import dev.clusca.measure.ModelBenchmark;
import dev.clusca.measure.ModelGrid;
import dev.clusca.measure.ModelResult;
import dev.clusca.measure.ModelSettings;
import dev.clusca.measure.ModelTable;
import dev.clusca.measure.plot.SpeedQualityChart;
import dev.clusca.model.dit.DitModel;
import dev.clusca.pipeline.Progress;
import dev.clusca.pipeline.Samples;
import dev.clusca.sampler.Sampler;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Stream;
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
                    + "round takes two minutes on two cores, and the longer the more images --batch has in all.",
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
    private static final String PLOT = "bench-models.png";

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

    @Option(
            names = "--policies",
            paramLabel = "LIST",
            split = ",",
            defaultValue = "fora,taylorseer,clusca",
            description = "Which policies. Default: ${DEFAULT-VALUE}.")
    private List<String> policies;

    @Option(
            names = "--intervals",
            paramLabel = "LIST",
            defaultValue = "3-9",
            converter = NumberList.Converter.class,
            description = "Steps from one full step to the next, as in 3,5,7 or 3-9. Default: ${DEFAULT-VALUE}.")
    private NumberList intervals;

    @Option(
            names = "--policy",
            paramLabel = "SPEC",
            converter = Usage.Policy.class,
            description =
                    "A policy as sample takes it, as clusca:full=4/9/14/20/30/40,order=1, in place of the grid that "
                            + "--policies and --intervals make; give it as often as there are policies.")
    private List<CachePolicy> chosen = List.of();

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

    @Option(
            names = "--order",
            paramLabel = "N",
            defaultValue = "2",
            description = "Order of the series of TaylorSeer and ClusCa. Default: ${DEFAULT-VALUE}.")
    private int order;

    @Option(
            names = "--clusters",
            paramLabel = "N",
            defaultValue = "16",
            description = "Clusters of ClusCa. Default: ${DEFAULT-VALUE}.")
    private int clusters;

    @Option(
            names = "--gamma",
            paramLabel = "RATIO",
            defaultValue = "0.005",
            description = "Propagation ratio of ClusCa. Default: ${DEFAULT-VALUE}.")
    private float gamma;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Write the result to this JSON file, which 'bench plot' draws again.")
    private @Nullable Path json;

    @Option(names = "--plot", paramLabel = "FILE", description = "Write the plot to this PNG. Default: " + PLOT + ".")
    private @Nullable Path plot;

    @Option(names = "--no-plot", description = "Write no plot.")
    private boolean noPlot;

    @Option(names = "--markdown", description = "Print the table as Markdown.")
    private boolean markdown;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print nothing but errors.")
    private boolean quiet;

    ModelsCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Usage.check(spec, () -> Sampler.parse("ddim", steps));
        ModelGrid grid = Usage.of(spec, this::grid);
        ModelSettings settings =
                Usage.of(spec, () -> new ModelSettings(model == null ? MODEL : model, steps, guidance, seed, rounds));
        if (noPlot && plot != null) {
            throw Usage.refuse(spec, "--no-plot writes no plot and --plot writes one; leave one of them out");
        }
        Path drawn = noPlot ? null : plot == null ? Path.of(PLOT) : plot;
        OutputFiles files = Outputs.check(spec, json, drawn);
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
            Usage.check(spec, () -> ModelBenchmark.check(checkpoint.config(), grid, settings));
            DitModel loaded = new DitModel(checkpoint, backend, arena, device.dtype());
            ModelBenchmark benchmark = Usage.of(
                    spec, () -> new ModelBenchmark(loaded, grid, settings, decoding.comparing(), session.cancelled()));
            ModelResult result = benchmark.run(this::watched);
            report(result, drawn);
            return 0;
        }
    }

    private ModelGrid grid() {
        if (chosen.isEmpty()) {
            return ModelGrid.of(
                    policies.stream()
                            .map(name -> name.strip().toLowerCase(Locale.ROOT))
                            .toList(),
                    intervals.numbers(),
                    batches.numbers(),
                    order,
                    clusters,
                    gamma);
        }
        List<String> ofGrid = Stream.of("--policies", "--intervals", "--order", "--clusters", "--gamma")
                .filter(spec.commandLine().getParseResult()::hasMatchedOption)
                .toList();
        if (!ofGrid.isEmpty()) {
            throw Usage.refuse(
                    spec,
                    String.join(", ", ofGrid) + (ofGrid.size() == 1 ? " belongs" : " belong")
                            + " to the grid, which --policy takes the place of; write it into each --policy, as in --policy clusca:interval=5,order=1");
        }
        return ModelGrid.chosen(chosen, batches.numbers());
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

    /** Shows a run's steps, and how long all that is to come takes. */
    private Samples watched(ModelBenchmark.Begun begun, Function<Progress, Samples> run) {
        String label = String.format(
                Locale.ROOT,
                "%d of %d%s; %s%s, batch %d",
                begun.number(),
                begun.of(),
                ProgressLine.toGo(begun.secondsLeft()),
                begun.warmUp() ? "warming up " : "",
                begun.interval().isPresent()
                        ? begun.method() + " " + begun.interval().getAsInt()
                        : begun.method(),
                begun.images());
        try (ProgressLine progress = new ProgressLine(session, quiet, label)) {
            return run.apply(progress);
        }
    }

    private void report(ModelResult result, @Nullable Path drawn) throws IOException {
        // The table first: whatever goes wrong with a file now, minutes of measurement are not lost.
        if (!quiet) {
            ModelTable table = new ModelTable(result);
            session.print(markdown ? table.markdown() : table.text());
        }
        if (json != null) {
            result.write(json);
            wrote(json);
        }
        if (drawn != null) {
            SpeedQualityChart.of(result).write(drawn);
            wrote(drawn);
        }
    }

    private void wrote(Path file) {
        if (!quiet) {
            session.printf("wrote %s%n", file);
        }
    }
}
