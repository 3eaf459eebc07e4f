package dev.clusca.cli.bench;

import dev.clusca.backend.Backend;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.ClusCa;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.FluxWeights;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.cli.DeviceOptions;
import dev.clusca.cli.FluxArgument;
import dev.clusca.cli.FluxCommand;
import dev.clusca.cli.InterruptibleFlux;
import dev.clusca.cli.OutputFiles;
import dev.clusca.cli.PixelSize;
import dev.clusca.cli.Session;
import dev.clusca.cli.Usage;
import dev.clusca.measure.Comparing;
import dev.clusca.measure.FluxRuns;
import dev.clusca.measure.ModelBenchmark;
import dev.clusca.measure.ModelGrid;
import dev.clusca.measure.ModelSettings;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.pipeline.FluxPrompt;
import dev.clusca.pipeline.FluxSamples;
import dev.clusca.pipeline.LatentDecoder;
import dev.clusca.sampler.FlowMatching;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench flux}: what {@code bench models} is for a DiT, of an image of FLUX. */
@Command(
        name = "flux",
        header = "Measures what cache policies save of FLUX, and what they cost in quality.",
        description = {
            "",
            "Makes the same image without a cache and under every policy at every interval, as 'bench models' does with a "
                    + "DiT: ms per full and cached step, the speed-up in time beside that in FLOPs, and where there is an "
                    + "autoencoder PSNR and SSIM against full computation. What was measured in whole rounds is told and written also where it is interrupted.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Policies have the published settings of FLUX: order=1, first=3, iterations=10. In --policy they have",
            "to be given.",
            "",
            "Examples:",
            "  ./clusca bench flux --model FLUX.1-dev --prompt otter.safetensors --dtype bf16 --intervals 5",
            "  ./clusca bench flux --model random:flux-dev:1+2 --size 256x256 --steps 12 --dtype bf16"
        })
final class FluxBenchCommand implements Callable<Integer> {
    private static final List<Integer> INTERVALS = List.of(3, 5, 7);

    private final Session session;

    @Spec
    private CommandSpec spec;

    @Mixin
    private DeviceOptions device;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "PATH",
            description = "The model, as 'clusca flux' takes it: a file, a folder, random:flux-dev, or a slice of one, "
                    + "random:flux-dev:2+4. Required.")
    private String model;

    @Option(
            names = "--prompt",
            paramLabel = "FILE",
            description =
                    "The encoded text, as 'clusca flux' takes it, but one alone. Without one, 512 tokens of normal "
                            + "numbers stand in for a text; the picture is of nothing.")
    private @Nullable Path prompt;

    @Option(
            names = "--vae",
            paramLabel = "PATH",
            description =
                    "The autoencoder, to compare pictures. Default: vae/ in the model's folder; without one there is no PSNR and SSIM.")
    private @Nullable Path vae;

    @Mixin
    private PolicyOptions policies;

    @Option(
            names = "--size",
            paramLabel = "HxW",
            defaultValue = "1024x1024",
            converter = PixelSize.Converter.class,
            description = "Height and width in pixels, multiples of 16. Default: ${DEFAULT-VALUE}.")
    private PixelSize size;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Sampling steps. Default: 50, or 4 for a model that takes no guidance.")
    private @Nullable Integer steps;

    @Option(
            names = "--guidance",
            paramLabel = "SCALE",
            description = "The guidance that a distilled model takes as an input. Default: 3.5.")
    private @Nullable Float guidance;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Seed of every random number. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "2",
            description = "How often each run is made, all of them in turns. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Mixin
    private ModelOutput output = new ModelOutput("bench-flux.png");

    FluxBenchCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        ModelGrid grid = Usage.of(
                spec, () -> policies.grid((ClusCa) CachePolicy.parse(FluxCommand.POLICY), INTERVALS, List.of(1)));
        FluxArgument argument = new FluxArgument(model);
        OutputFiles files = output.check()
                .reads("--model", Usage.of(spec, argument::path))
                .reads("--prompt", prompt)
                .reads("--vae", vae);
        try (FluxWeights weights = Usage.of(spec, argument::weights);
                VaeCheckpoint autoencoder = Usage.of(spec, () -> argument.autoencoder(vae, weights.config()))) {
            files.reads("--model", weights.files());
            if (autoencoder != null) {
                files.reads("--vae", autoencoder.files());
            }
            FluxConfig config = weights.config();
            argument.checkSchedule(config);
            ModelSettings settings = Usage.of(spec, () -> settings(config));
            Usage.check(spec, () -> FluxRuns.check(config, size.rows(), size.columns(), settings, grid));
            FluxPrompt text = argument.prompt(prompt, config, seed);
            try (Backend backend = device.open();
                    Arena arena = Arena.ofShared()) {
                Comparing<FluxSamples> comparing = comparing(autoencoder, backend, arena);
                FluxModel loaded =
                        new FluxModel(new InterruptibleFlux(weights, session), backend, arena, device.dtype());
                FluxRuns runs = new FluxRuns(
                        loaded, text, size.rows(), size.columns(), settings, comparing, session.cancelled());
                output.measure(session, new ModelBenchmark(runs, grid));
            }
            return 0;
        }
    }

    private ModelSettings settings(FluxConfig config) {
        if (!config.guidanceEmbed() && guidance != null) {
            throw new IllegalArgumentException("--guidance is " + guidance + ", but " + model
                    + " takes no guidance, as FLUX.1-schnell; leave it out");
        }
        Float scale = !config.guidanceEmbed() ? null : guidance != null ? guidance : Float.valueOf(3.5f);
        if (scale != null && !Float.isFinite(scale)) {
            throw new IllegalArgumentException("--guidance is " + scale + "; expected a finite number");
        }
        int number = steps != null ? steps : FlowMatching.publishedSteps(config);
        return ModelSettings.ofFlux(model, size.height(), size.width(), number, scale, seed, rounds);
    }

    private Comparing<FluxSamples> comparing(@Nullable VaeCheckpoint autoencoder, Backend backend, Arena arena) {
        if (autoencoder == null) {
            return Comparing.none("the model makes latents, and no autoencoder makes pictures of them");
        }
        try {
            VaeModel decoding = new VaeModel(autoencoder, backend, arena, device.dtype());
            LatentDecoder.probe(decoding);
            return Comparing.by(samples -> List.of(samples.picture(decoding)));
        } catch (OperationMissingException e) {
            return Comparing.none("the " + backend.name() + " backend cannot make pictures of latents");
        }
    }
}
