package dev.clusca.cli;

import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.Flops;
import dev.clusca.cache.FullCompute;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.FluxCheckpoint;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.Json;
import dev.clusca.pipeline.Report;
import dev.clusca.sampler.FlowMatching;
import dev.clusca.sampler.NoiseSchedule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code flops}: what a policy saves, counted as the papers do and as executed. Computes nothing else. */
@Command(
        name = "flops",
        header = "Counts the floating-point operations of a run.",
        description = {
            "",
            "Two columns: as the papers count them (published), and as this library runs them (executed; k-means apart, "
                    + "whose iterations depend on the data).",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca flops --model dit-xl/2 --policy clusca:interval=5,order=2,clusters=16",
            "  ./clusca flops --model models/shapes-dit --policy taylorseer:interval=3 --rows 20 --json",
            "  ./clusca flops --model flux-dev --policy clusca:interval=5,order=1,clusters=16,first=3",
            "  ./clusca flops --model FLUX.1-dev --size 768x1360"
        })
final class FlopsCommand implements Callable<Integer> {
    /** The pictures of the published tables. */
    private static final int IMAGE_SIZE = 256;

    private final Session session;

    @Spec
    private CommandSpec spec;

    @Mixin
    private OutputOptions output;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "MODEL",
            description =
                    "A published size on 256 x 256 pictures, as dit-xl/2; flux-dev, flux-schnell, or a slice of one, flux-dev:2+4; or the folder, config.json or weights file of a DiT or of FLUX. Required.")
    private String model;

    @Option(
            names = "--policy",
            paramLabel = "SPEC",
            converter = Usage.Policy.class,
            description = "The cache policy; 'clusca sample --help' lists them. Default: " + SampleCommand.POLICY
                    + ", for FLUX the published " + FluxCommand.POLICY + ".")
    private @Nullable CachePolicy given;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Sampling steps. Default: 50, or 4 for a FLUX that takes no guidance.")
    private @Nullable Integer givenSteps;

    @Option(
            names = "--rows",
            paramLabel = "N",
            description = "Rows of the batch: an image has two with guidance, one without. Default: 2; FLUX has one.")
    private @Nullable Integer givenRows;

    @Option(
            names = "--size",
            paramLabel = "HxW",
            converter = PixelSize.Converter.class,
            description = "Of FLUX: height and width in pixels, multiples of 16. Default: 1024x1024.")
    private @Nullable PixelSize givenSize;

    @Option(
            names = "--text-tokens",
            paramLabel = "N",
            description = "Of FLUX: tokens of the text. Default: " + FluxConfig.TEXT_TOKENS + ".")
    private @Nullable Integer givenText;

    /** What is counted: of the model and the options, with what they leave open. */
    private record Counted(
            CachePolicy policy,
            int steps,
            int rows,
            String batch,
            Map<String, Object> extent,
            Function<CachePolicy, Flops> count) {}

    FlopsCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Optional<FluxConfig> flux = flux();
        Counted counted = flux.isPresent() ? ofFlux(flux.get()) : ofDit(dit());
        Flops full = Usage.of(spec, () -> counted.count().apply(new FullCompute()));
        Flops cached = Usage.of(spec, () -> counted.count().apply(counted.policy()));
        if (output.json()) {
            session.print(Json.pretty(report(counted, cached, full)));
        }
        if (output.text()) {
            print(counted, cached, full);
        }
        return 0;
    }

    private Counted ofFlux(FluxConfig config) {
        if (givenRows != null && givenRows != 1) {
            throw Usage.refuse(
                    spec, "--rows is " + givenRows + "; FLUX's operations are those of one picture, leave it out");
        }
        int steps = checked(givenSteps != null ? givenSteps : FlowMatching.publishedSteps(config), 1);
        PixelSize size = givenSize != null ? givenSize : PixelSize.PUBLISHED;
        int text = givenText != null ? givenText : FluxConfig.TEXT_TOKENS;
        if (text < 1) {
            throw Usage.refuse(spec, "--text-tokens is " + text + "; a text has at least 1");
        }
        Map<String, Object> extent = new LinkedHashMap<>();
        extent.put("size", size.toString());
        extent.put("text_tokens", text);
        return new Counted(
                given != null ? given : CachePolicy.parse(FluxCommand.POLICY),
                steps,
                1,
                "1 picture of " + size.height() + " x " + size.width() + " with " + text + " text tokens",
                extent,
                policy -> Flops.of(config, policy, steps, text, size.rows() * size.columns()));
    }

    private Counted ofDit(DitConfig config) {
        if (givenSize != null || givenText != null) {
            throw Usage.refuse(spec, "--size and --text-tokens are FLUX's, and " + model + " is a DiT; leave them out");
        }
        int rows = givenRows != null ? givenRows : 2;
        int steps = checked(givenSteps != null ? givenSteps : 50, rows);
        // Guided images of different classes: each has one row for its class and one for the null class.
        int conditions = rows == 1 ? 1 : rows / 2 + 1;
        return new Counted(
                given != null ? given : CachePolicy.parse(SampleCommand.POLICY),
                steps,
                rows,
                rows + " rows",
                Map.of(),
                policy -> Flops.of(config, policy, steps, rows, Math.min(conditions, config.labels())));
    }

    private int checked(int steps, int rows) {
        if (steps < 1 || steps > NoiseSchedule.TRAINED_TIMESTEPS || rows < 1) {
            throw Usage.refuse(
                    spec,
                    "there are 1 to " + NoiseSchedule.TRAINED_TIMESTEPS + " steps and at least 1 row, got " + steps
                            + " steps and " + rows + " rows");
        }
        return steps;
    }

    /** The model if it is a FLUX. */
    private Optional<FluxConfig> flux() {
        Path path = Usage.of(spec, () -> Path.of(model));
        if (Files.exists(path)) {
            return FluxCheckpoint.configAt(path);
        }
        return Usage.of(spec, () -> new FluxArgument(ModelArgument.RANDOM + name()).named());
    }

    /** A published size may be named as it is for the commands that run it with random weights. */
    private String name() {
        return model.startsWith(ModelArgument.RANDOM) ? model.substring(ModelArgument.RANDOM.length()) : model;
    }

    private DitConfig dit() {
        Path path = Path.of(model);
        if (Files.isDirectory(path) && Files.exists(path.resolve("config.json"))) {
            return DitConfig.fromJson(path.resolve("config.json"));
        }
        if (Files.isRegularFile(path) && model.endsWith(".json") && !model.endsWith(".index.json")) {
            return DitConfig.fromJson(path);
        }
        if (Files.exists(path)) {
            try (DitCheckpoint checkpoint = DitCheckpoint.open(path)) {
                return checkpoint.config();
            }
        }
        try {
            return DitConfig.of(name(), IMAGE_SIZE);
        } catch (IllegalArgumentException e) {
            throw Usage.refuse(
                    spec,
                    "there is no file or folder '" + model
                            + "', and no published model of this name; there are flux-dev, flux-schnell, slices of them as flux-dev:2+4, and of DiTs: "
                            + e.getMessage());
        }
    }

    private void print(Counted counted, Flops flops, Flops full) {
        session.printf(
                "%s, %d steps, %s, %s%n%n",
                model, counted.steps(), counted.batch(), counted.policy().spec());
        String line = "%-22s %16s %16s%n";
        session.printf(line, "", "published", "executed");
        session.printf(line, "full step", giga(flops.publishedFull()), giga(flops.executedFull()));
        if (flops.cachedSteps() > 0) {
            session.printf(line, "cached step", giga(flops.publishedCached()), giga(flops.executedCached()));
        }
        session.printf(line, "once", "-", giga(flops.executedOnce()));
        session.printf(
                line,
                String.format(Locale.ROOT, "%d full + %d cached", flops.fullSteps(), flops.cachedSteps()),
                total(flops.published()),
                total(flops.executed()));
        session.printf(line, counted.steps() + " full", total(full.published()), total(full.executed()));
        session.printf(
                line,
                "speed-up",
                String.format(Locale.ROOT, "%.2fx", full.published() / flops.published()),
                String.format(Locale.ROOT, "%.2fx", full.executed() / flops.executed()));
        if (flops.kMeansIteration() > 0) {
            session.printf(
                    "%nClustering adds %s for each k-means iteration of a full step.%n", giga(flops.kMeansIteration()));
        }
    }

    private Map<String, Object> report(Counted counted, Flops flops, Flops full) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("schema", Report.SCHEMA);
        report.put("report", "flops");
        report.put("model", model);
        report.put("policy", counted.policy().spec());
        report.put("steps", counted.steps());
        report.put("rows", counted.rows());
        report.putAll(counted.extent());
        report.put("full_steps", flops.fullSteps());
        report.put("cached_steps", flops.cachedSteps());
        report.put(
                "published",
                column(flops.publishedFull(), flops.publishedCached(), 0, flops.published(), full.published()));
        report.put(
                "executed",
                column(
                        flops.executedFull(),
                        flops.executedCached(),
                        flops.executedOnce(),
                        flops.executed(),
                        full.executed()));
        report.put("k_means_iteration", flops.kMeansIteration());
        return report;
    }

    private static Map<String, Object> column(
            double fullStep, double cachedStep, double once, double total, double full) {
        Map<String, Object> column = new LinkedHashMap<>();
        column.put("full_step", fullStep);
        column.put("cached_step", cachedStep);
        column.put("once", once);
        column.put("total", total);
        column.put("total_without_cache", full);
        column.put("speedup", full / total);
        return column;
    }

    private static String giga(double flops) {
        return String.format(Locale.ROOT, "%.3f G", flops * 1e-9);
    }

    /** As the papers print it, or in G where that would be 0.00 T. */
    private static String total(double flops) {
        return flops < 1e11 ? giga(flops) : String.format(Locale.ROOT, "%.2f T", flops * 1e-12);
    }
}
