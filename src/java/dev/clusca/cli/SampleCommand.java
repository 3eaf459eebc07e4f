package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.StepKind;
import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.DitWeights;
import dev.clusca.checkpoint.RandomDit;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.model.dit.DitModel;
import dev.clusca.pipeline.Montage;
import dev.clusca.pipeline.Png;
import dev.clusca.pipeline.Report;
import dev.clusca.pipeline.RunMetrics;
import dev.clusca.pipeline.Samples;
import dev.clusca.pipeline.Sampling;
import dev.clusca.pipeline.profile.Peaks;
import dev.clusca.pipeline.profile.Profile;
import dev.clusca.pipeline.profile.ProfileTable;
import dev.clusca.sampler.Sampler;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
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
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Policies, with their settings and defaults:",
            "  full                                                  compute every step",
            "  fora:interval=5                                       reuse the last full step's features",
            "  taylorseer:interval=5,order=2                         forecast them by a Taylor series",
            "  clusca:interval=5,order=2,clusters=16,gamma=0.005     and recompute one token a cluster",
            "",
            "Examples:",
            "  ./clusca sample --model models/shapes-dit --classes 0,1,2 --out shapes.png",
            "  ./clusca sample --model models/shapes-dit --policy clusca:interval=7 --cfg 3 --seed 7 \\",
            "      --classes 4 --out star.png --report star.json",
            "  ./clusca sample --model DiT-XL-2-256x256/transformer --cfg 4 --classes 207,360 --dtype bf16 \\",
            "      --latents dogs.safetensors"
        })
final class SampleCommand implements Callable<Integer> {
    /** Before the name of a published size. */
    private static final String RANDOM = "random:";

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
                    "A folder with config.json and safetensors weights, or the weights file, official or diffusers' names; or random:dit-xl/2, a published size with random weights, to measure it. Required.")
    private String model;

    @Option(
            names = "--policy",
            paramLabel = "SPEC",
            defaultValue = "clusca:interval=5,order=2,clusters=16,gamma=0.005",
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
            names = "--classes",
            required = true,
            paramLabel = "LIST",
            converter = ClassList.Converter.class,
            description = "One image of each of these classes, as in 0,1,2. Required.")
    private ClassList classes;

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
            description = "The most images computed at once; changes no image. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(names = "--out", paramLabel = "FILE", description = "Write the images to this PNG, several as a grid.")
    private @Nullable Path out;

    @Option(
            names = "--latents",
            paramLabel = "FILE",
            description =
                    "Write the samples as they are to this safetensors file: F32 'samples' [images, channels, h, w].")
    private @Nullable Path latents;

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "Write a report with every step's time to this JSON file.")
    private @Nullable Path report;

    @Option(
            names = "--profile",
            description =
                    "Print where the time of the last full and the last cached step went: time, bytes, FLOPs and percent of this machine's peaks by operation.")
    private boolean profiled;

    SampleCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Sampler chosen = Usage.of(spec, () -> Sampler.parse(sampler, steps));
        if (out == null && latents == null) {
            throw Usage.refuse(spec, "the images would be lost; name a file with --out or --latents");
        }
        Set<Path> files = new HashSet<>();
        for (Path file : new Path[] {out, latents, report}) {
            if (file != null && !files.add(file.toAbsolutePath().normalize())) {
                throw Usage.refuse(spec, file + " is named twice; give --out, --latents and --report a file each");
            }
            if (file != null) {
                AtomicFile.checkWritable(file);
            }
        }
        try (DitWeights checkpoint = weights();
                Backend backend = device.open();
                Arena arena = Arena.ofShared()) {
            checkOutputs(checkpoint.config());
            Profile profile = profiled ? new Profile(backend) : null;
            DitModel loaded =
                    new DitModel(checkpoint, profile == null ? backend : profile.backend(), arena, device.dtype());
            Sampling sampling = Usage.of(spec, () -> settings(loaded, chosen));
            try (ProgressLine progress = new ProgressLine(session, output.quiet(), policy.name())) {
                Samples samples = sampling.listener(progress).run(classes.toArray());
                write(backend, sampling, samples, profile == null ? List.of() : tables(profile, samples, backend));
            }
            return 0;
        }
    }

    private DitWeights weights() {
        return model.startsWith(RANDOM)
                ? new RandomDit(Usage.of(spec, () -> DitConfig.of(model.substring(RANDOM.length()), 256)), 1)
                : DitCheckpoint.open(Path.of(model));
    }

    private Sampling settings(DitModel loaded, Sampler chosen) {
        Sampling sampling = new Sampling(loaded)
                .sampler(chosen)
                .policy(policy)
                .guidance(guidance)
                .seed(seed)
                .batch(batch)
                .cancelled(session.cancelled());
        sampling.checkClasses(classes.toArray());
        return sampling;
    }

    private void checkOutputs(DitConfig config) {
        if (out != null && !config.pixelSpace()) {
            throw Usage.refuse(
                    spec,
                    model + " makes latents, which need an autoencoder to become pictures, and clusca has none yet;"
                            + " leave out --out and name a file with --latents");
        }
    }

    /** The last step of each kind: the ladders are at their full height then. */
    private List<ProfileTable> tables(Profile profile, Samples samples, Backend backend) {
        List<RunMetrics.StepTime> times = samples.metrics().steps();
        Peaks peaks = Peaks.measure(backend, device.dtype());
        List<ProfileTable> tables = new ArrayList<>();
        for (StepKind kind : StepKind.values()) {
            IntStream.range(0, times.size())
                    .filter(i -> times.get(i).kind() == kind)
                    .max()
                    .ifPresent(step -> tables.add(new ProfileTable(
                            kind == StepKind.FULL ? "full step" : "cached step", profile.step(step), peaks)));
        }
        return tables;
    }

    private void write(Backend backend, Sampling sampling, Samples samples, List<ProfileTable> profiles)
            throws IOException {
        if (out != null) {
            Png.write(
                    Montage.grid(IntStream.range(0, samples.count())
                            .mapToObj(samples::picture)
                            .toList()),
                    out);
        }
        if (latents != null) {
            Safetensors.write(
                    latents,
                    Map.of("samples", Tensor.of(MemorySegment.ofArray(samples.values()), DType.F32, samples.shape())),
                    Map.of(
                            "classes", classes.classes().toString(),
                            "policy", policy.spec(),
                            "sampler", sampler,
                            "steps", Integer.toString(steps),
                            "cfg", Float.toString(guidance),
                            "seed", Long.toString(seed)));
        }
        Report made = Report.of(samples, sampling, model);
        if (!profiles.isEmpty()) {
            made = made.with(profiles);
        }
        if (report != null) {
            made.write(report);
        }
        if (output.json()) {
            session.print(made.json());
        }
        if (output.text()) {
            print(backend, samples);
            profiles.forEach(table -> session.printf("%n%s", table.text()));
        }
    }

    private void print(Backend backend, Samples samples) {
        RunMetrics metrics = samples.metrics();
        session.printf(
                "%d image%s in %.2f s under %s%n",
                samples.count(), samples.count() == 1 ? "" : "s", metrics.totalMs() / 1000, policy.spec());
        session.printf("  on           %s%n", backend.description());
        metrics.fullStepMs().ifPresent(ms -> session.printf("  full step    %9.2f ms (median)%n", ms));
        metrics.cachedStepMs().ifPresent(ms -> session.printf("  cached step  %9.2f ms (median)%n", ms));
        for (Path file : new Path[] {out, latents, report}) {
            if (file != null) {
                session.printf("  wrote %s%n", file);
            }
        }
    }
}
