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
import dev.clusca.cli.FluxOptions;
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
import java.io.IOException;
import java.lang.foreign.Arena;
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

    @Mixin
    private FluxOptions flux;

    @Mixin
    private PolicyOptions policies;

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
        FluxArgument argument = flux.argument();
        OutputFiles files = flux.reads(output.check());
        PixelSize size = flux.size();
        try (FluxWeights weights = Usage.of(spec, argument::weights);
                VaeCheckpoint autoencoder = Usage.of(spec, () -> argument.autoencoder(flux.vae(), weights.config()))) {
            files.reads("--model", weights.files());
            if (autoencoder != null) {
                files.reads("--vae", autoencoder.files());
            }
            FluxConfig config = weights.config();
            argument.checkSchedule(config);
            ModelSettings settings = Usage.of(spec, () -> settings(config));
            Usage.check(spec, () -> FluxRuns.check(config, size.rows(), size.columns(), settings, grid));
            FluxPrompt text = argument.prompt(flux.prompt(), config, seed);
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
        float guidance = flux.guidance(config);
        return ModelSettings.ofFlux(
                flux.model(),
                flux.size().height(),
                flux.size().width(),
                flux.steps(config),
                config.guidanceEmbed() ? guidance : null,
                seed,
                rounds);
    }

    private Comparing<FluxSamples> comparing(@Nullable VaeCheckpoint autoencoder, Backend backend, Arena arena) {
        if (autoencoder == null) {
            return Decoding.withoutAutoencoder();
        }
        try {
            VaeModel decoding = new VaeModel(autoencoder, backend, arena, device.dtype());
            LatentDecoder.probe(decoding);
            return Comparing.by(samples -> List.of(samples.picture(decoding)));
        } catch (OperationMissingException e) {
            return Decoding.withoutDecoder(backend);
        }
    }
}
