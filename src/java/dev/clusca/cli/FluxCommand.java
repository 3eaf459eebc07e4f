package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.cache.CachePolicy;
import dev.clusca.checkpoint.FluxCheckpoint;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.FluxWeights;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.pipeline.FluxPrompt;
import dev.clusca.pipeline.FluxSamples;
import dev.clusca.pipeline.FluxSampling;
import dev.clusca.pipeline.ImageFolder;
import dev.clusca.pipeline.LatentDecoder;
import dev.clusca.pipeline.Latents;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Png;
import dev.clusca.pipeline.Report;
import dev.clusca.sampler.FlowMatching;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code flux}: images of FLUX, from a text that was encoded elsewhere. */
@Command(
        name = "flux",
        header = "Makes an image with FLUX from an encoded text.",
        description = {
            "",
            "The text encoders are not part of clusca: a safetensors file brings what they made of the text, 'prompt_embeds' (T5, "
                    + "[texts, tokens, width]) and 'pooled_prompt_embeds' (CLIP, [texts, width]), the names of "
                    + "diffusers' FluxPipeline.encode_prompt.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Policies are written as 'clusca sample --help' says; published for FLUX are order=1, first=3",
            "and iterations=10, which have to be given, as in taylorseer:interval=5,order=1,first=3.",
            "",
            "Examples:",
            "  ./clusca flux --model FLUX.1-dev --prompt otter.safetensors --dtype bf16 --out otter.png",
            "  ./clusca flux --model flux1-schnell.safetensors --prompt otter.safetensors --policy full \\",
            "      --latents otter-latents.safetensors",
            "  ./clusca flux --model FLUX.1-dev --prompt otter.safetensors --dtype bf16 --count 8 --out otters",
            "  ./clusca flux --model random:flux-dev:2+4 --size 512x512 --steps 6 --dtype bf16 --profile"
        })
public final class FluxCommand implements Callable<Integer> {
    /** The published policy. */
    public static final String POLICY = "clusca:interval=5,order=1,clusters=16,gamma=0.005,first=3,iterations=10";

    private final Session session;

    @Spec
    private CommandSpec spec;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private OutputOptions output;

    @Mixin
    private FluxOptions flux;

    @Option(
            names = "--policy",
            paramLabel = "SPEC",
            defaultValue = POLICY,
            converter = Usage.Policy.class,
            description = "The cache policy. Default: ${DEFAULT-VALUE}, as published.")
    private CachePolicy policy;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Seed of every random number; of --count's image i, from 0 on, it is i more. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--out",
            paramLabel = "PATH",
            description = "Write the image to this PNG; with --count, the images into this folder.")
    private @Nullable Path out;

    @Mixin
    private CountOption many;

    @Option(
            names = {"--latents", "--save-latents"},
            paramLabel = "FILE",
            description = "Write the latents to this safetensors file: F32 'samples' [1, channels, h, w].")
    private @Nullable Path latents;

    @Mixin
    private RunOptions run;

    FluxCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        FluxArgument argument = flux.argument();
        OutputFiles files = checkArguments(argument);
        int rows = flux.size().rows();
        int columns = flux.size().columns();
        try (FluxWeights weights = Usage.of(spec, argument::weights);
                VaeCheckpoint autoencoder = out == null ? null : autoencoder(argument, weights.config())) {
            files.reads("--model", weights.files());
            if (autoencoder != null) {
                files.reads("--vae", autoencoder.files());
            }
            FluxConfig config = weights.config();
            argument.checkSchedule(config);
            FlowMatching flow = Usage.of(spec, () -> checked(config));
            float guidance = Usage.of(spec, () -> flux.guidance(config));
            List<FluxPrompt> texts = argument.prompts(flux.prompt(), config, seed);
            Integer count = many.number();
            if (count == null && texts.size() > 1) {
                throw Usage.refuse(
                        spec,
                        flux.prompt() + " holds " + texts.size()
                                + " texts; make images of all of them in turn, with --count and a folder --out");
            }
            try (Backend backend = device.open();
                    Arena arena = Arena.ofShared();
                    ImageFolder images = count == null || out == null
                            ? null
                            : ImageFolder.open(out, settingsOf(weights, autoencoder, flow, guidance))) {
                VaeModel decoding = null;
                if (autoencoder != null) {
                    decoding = new VaeModel(autoencoder, backend, arena, device.dtype());
                    LatentDecoder.probe(decoding);
                }
                RunOutput telling = new RunOutput(session, output, run, backend, device.dtype());
                FluxSampling sampling = new FluxSampling(new FluxModel(
                                new InterruptibleFlux(weights, session), telling.backend(), arena, device.dtype()))
                        .flow(flow)
                        .policy(policy)
                        .guidance(guidance)
                        .seed(seed)
                        .cancelled(session.cancelled());
                if (images != null && count != null && decoding != null) {
                    VaeModel decoder = decoding;
                    Bulk.Maker maker = (first, _, progress) -> {
                        FluxPrompt text = texts.get(first % texts.size());
                        FluxSamples samples =
                                sampling.seed(seed + first).listener(progress).run(text, rows, columns);
                        return _ -> picture(samples, decoder);
                    };
                    IntFunction<Map<String, String>> told = image -> {
                        Map<String, String> settings = settings(config, flow.steps(), guidance, seed + image);
                        return texts.size() == 1 ? settings : MadeBy.with(settings, "text", image % texts.size());
                    };
                    new Bulk(session, output, maker, told, count, 1).run(images, null);
                    return 0;
                }
                FluxSamples samples;
                try (ProgressLine progress = new ProgressLine(session, output.quiet(), policy.name())) {
                    samples = sampling.listener(progress).run(texts.getFirst(), rows, columns);
                }
                write(samples, config, guidance, decoding);
                telling.tell(Report.of(samples, sampling, flux.model()), 1, policy, samples.metrics(), files);
            }
            return 0;
        }
    }

    /** Looks at what needs no model before one is loaded, which may take minutes. */
    private FlowMatching checked(FluxConfig config) {
        PixelSize size = flux.size();
        int steps = flux.steps(config);
        FluxSampling.check(config, steps, policy, size.rows(), size.columns());
        config.latentChannels();
        return FlowMatching.published(config, steps, size.rows() * size.columns());
    }

    private OutputFiles checkArguments(FluxArgument argument) throws IOException {
        if (out == null && latents == null && run.report() == null && !run.showsProfile(output)) {
            throw Usage.refuse(
                    spec,
                    "the image would be lost; name a file with --out, --latents or --report, or " + run.otherUse());
        }
        if (flux.vae() != null && out == null) {
            throw Usage.refuse(spec, "--vae makes a picture of the latents; name its file with --out");
        }
        if (flux.prompt() == null && !argument.isRandom()) {
            throw Usage.refuse(spec, "which image? Name the file of the encoded text with --prompt");
        }
        Path prompt = flux.prompt();
        if (prompt != null && !Files.isRegularFile(prompt)) {
            throw Usage.refuse(spec, "the encoded text " + prompt + " is not a file");
        }
        many.check(out, latents, run, output);
        OutputFiles files = flux.reads(OutputFiles.of(spec));
        if (many.number() != null && out != null) {
            return files.makesFolder("--out", out);
        }
        return files.writesPicture("--out", out).writes("--latents", latents).writes("--report", run.report());
    }

    private VaeCheckpoint autoencoder(FluxArgument argument, FluxConfig config) {
        VaeCheckpoint opened = Usage.of(spec, () -> argument.autoencoder(flux.vae(), config));
        if (opened == null) {
            throw Usage.refuse(
                    spec,
                    flux.model()
                            + " makes latents, which need an autoencoder to become a picture; name its folder with --vae, or leave out --out and name a file with --latents");
        }
        return opened;
    }

    private void write(FluxSamples samples, FluxConfig config, float guidance, @Nullable VaeModel decoding)
            throws IOException {
        Map<String, String> told = settings(config, samples.metrics().steps().size(), guidance, seed);
        if (latents != null) {
            Latents.write(latents, samples.latents(), samples.shape(), told);
        }
        if (out != null && decoding != null) {
            Picture picture;
            try {
                picture = picture(samples, decoding);
            } catch (CancellationException e) {
                throw WorkKept.latents(latents, e);
            }
            Png.write(picture, told, out);
        }
    }

    /** What was asked for, as the files with the results say it. */
    private Map<String, String> settings(FluxConfig config, int steps, float guidance, long ofSeed) {
        Path prompt = flux.prompt();
        Path decoding = flux.vae();
        Map<String, String> settings = MadeBy.clusca(
                flux.model(),
                "prompt",
                prompt == null ? "random" : MadeBy.end(prompt),
                "size",
                flux.size(),
                "policy",
                policy.spec(),
                "steps",
                steps,
                "guidance",
                config.guidanceEmbed() ? guidance : "none",
                "seed",
                ofSeed,
                "dtype",
                device.dtype().label());
        return decoding == null ? settings : MadeBy.with(settings, "vae", MadeBy.end(decoding));
    }

    private Picture picture(FluxSamples samples, VaeModel decoding) {
        session.checkCancelled();
        return samples.picture(decoding);
    }

    /** Everything that a picture of {@code --count} depends on beside its number. */
    private Map<String, Object> settingsOf(
            FluxWeights weights, @Nullable VaeCheckpoint autoencoder, FlowMatching flow, float guidance) {
        Map<String, Object> settings = Bulk.settings(
                weights.config(),
                weights instanceof FluxCheckpoint file ? Fingerprint.of(file.source()) : flux.model(),
                autoencoder);
        Path prompt = flux.prompt();
        settings.put("prompt", prompt == null ? "random" : Fingerprint.of(prompt.toString()));
        settings.put("size", flux.size().toString());
        settings.put("policy", policy.spec());
        settings.put("steps", flow.steps());
        settings.put("guidance", guidance);
        settings.put("seed", seed);
        settings.put("dtype", device.dtype().label());
        return settings;
    }
}
