package dev.clusca.cli;

import dev.clusca.backend.Backend;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.FullCompute;
import dev.clusca.cache.TaylorSeer;
import dev.clusca.checkpoint.ClassNames;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.FileFailure;
import dev.clusca.model.dit.DitModel;
import dev.clusca.pipeline.Comparison;
import dev.clusca.pipeline.Png;
import dev.clusca.pipeline.Report;
import dev.clusca.pipeline.Sampling;
import dev.clusca.sampler.Sampler;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code demo}: the same images with and without caches, side by side, with times and quality. */
@Command(
        name = "demo",
        header = "Samples with and without caches, compares, and writes a picture.",
        description = {
            "",
            "Makes the shapes of models/shapes-dit without a cache, under TaylorSeer and under ClusCa. Writes demo.png "
                    + "(side by side, with error maps) and report.json, and prints times and quality.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca demo",
            "  ./clusca demo --out results --interval 3 --backend cpu",
            "  ./clusca demo --classes star,heart --seed 1 --json"
        })
final class DemoCommand implements Callable<Integer> {
    private static final String MODEL = "models/shapes-dit";
    private static final float GUIDANCE = 3;
    /** Enough for two full steps and a cached one: code is compiled and primitives are built before the clock runs. */
    private static final int WARM_UP_STEPS = 3;

    private final Session session;

    @Spec
    private CommandSpec spec;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private OutputOptions output;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = ".",
            description = "The folder for demo.png and report.json; made if it is missing. Default: the current one.")
    private Path out;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "50",
            description = "DDIM steps. Default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(
            names = "--classes",
            paramLabel = "LIST",
            converter = ClassChoice.Converter.class,
            description = "One image of each of these classes, as in 0-2,5 or star,heart. Default: all ten.")
    private @Nullable ClassChoice classes;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "7",
            description = "Seed of every random number. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--interval",
            paramLabel = "N",
            defaultValue = "5",
            description =
                    "Steps from one full step to the next under TaylorSeer and ClusCa. Default: ${DEFAULT-VALUE}.")
    private int interval;

    DemoCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Sampler sampler = Usage.of(spec, () -> Sampler.parse("ddim", steps));
        SequencedMap<String, CachePolicy> policies = Usage.of(spec, this::policies);
        Path checkpoint = checkpoint();
        makeFolder();
        Path picture = out.resolve("demo.png");
        Path json = out.resolve("report.json");
        OutputFiles files = OutputFiles.of(spec).writesPicture("--out", picture).writes("--out", json);
        try (DitCheckpoint weights = DitCheckpoint.open(checkpoint);
                Backend backend = device.open();
                Arena arena = Arena.ofShared()) {
            files.reads("demo", weights.files());
            DitModel model = new DitModel(weights, backend, arena, device.dtype());
            int[] shown = shown(weights.config());
            Sampling sampling = new Sampling(model)
                    .sampler(sampler)
                    .guidance(GUIDANCE)
                    .seed(seed)
                    .cancelled(session.cancelled());
            Usage.check(spec, () -> sampling.checkClasses(shown));
            Comparison comparison = new Comparison(run(sampling, policies, shown));
            Png.write(comparison.montage(title(backend)).render(), picture);
            Report report = Report.of(comparison, sampling, MODEL, shown);
            report.write(json);
            if (output.json()) {
                session.print(report.json());
            }
            if (output.text()) {
                session.printf("%s%n%n%s%nwrote %s and %s%n", backend.description(), comparison.table(), picture, json);
            }
            return 0;
        }
    }

    private int[] shown(DitConfig config) {
        ClassChoice given = classes;
        return given == null
                ? IntStream.range(0, config.numClasses()).toArray()
                : Usage.of(spec, () -> given.resolve(new ClassNames(config.classNames())));
    }

    private void makeFolder() throws IOException {
        try {
            Files.createDirectories(out);
        } catch (FileAlreadyExistsException e) {
            throw new IOException("cannot write into " + out + ": it is a file; name a folder with --out", e);
        } catch (IOException e) {
            throw new IOException(
                    "cannot make the folder " + out + ": " + FileFailure.reason(e) + "; name another with --out", e);
        }
    }

    private SequencedMap<String, CachePolicy> policies() {
        SequencedMap<String, CachePolicy> policies = new LinkedHashMap<>();
        policies.put("Full", new FullCompute());
        policies.put("TaylorSeer", new TaylorSeer(interval, 2));
        policies.put("ClusCa", new ClusCa(interval, 2, 16, 0.005f));
        return policies;
    }

    private List<Comparison.Run> run(Sampling sampling, SequencedMap<String, CachePolicy> policies, int[] shown) {
        // ClusCa, the last, has every operation of the others.
        sampling.policy(policies.lastEntry().getValue())
                .sampler(Sampler.parse("ddim", WARM_UP_STEPS))
                .run(shown);
        List<Comparison.Run> runs = new ArrayList<>();
        policies.forEach((label, policy) -> {
            try (ProgressLine progress = new ProgressLine(session, output.quiet(), label)) {
                runs.add(new Comparison.Run(
                        label,
                        policy,
                        sampling.policy(policy).listener(progress).run(shown)));
            }
        });
        return runs;
    }

    private String title(Backend backend) {
        return String.format(
                Locale.ROOT,
                "shapes-dit, %d DDIM steps, guidance %.0f, interval %d, seed %d, %s, %s",
                steps,
                GUIDANCE,
                interval,
                seed,
                device.dtype().label(),
                backend.name());
    }

    private Path checkpoint() throws IOException {
        Path home = session.home();
        if (home == null) {
            throw new IOException(
                    "where clusca lies is not known, so " + MODEL
                            + " cannot be found; start it with its launcher, ./clusca demo, or pass -Dclusca.home=FOLDER to java");
        }
        return home.resolve(MODEL);
    }
}
