package dev.clusca.cli;

import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.Flops;
import dev.clusca.cache.FullCompute;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
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
            "  ./clusca flops --model flux-dev --policy clusca:interval=5,order=1,clusters=16,first=3"
        })
final class FlopsCommand implements Callable<Integer> {
    /** The pictures of the published tables. */
    private static final int IMAGE_SIZE = 256;

    /** FLUX's. */
    private static final int FLUX_IMAGE_SIZE = 1024;

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
                    "A published size on 256 x 256 pictures, as dit-xl/2, or a model's folder, config.json or weights file; or flux-dev or flux-schnell, one picture of 1024 x 1024 with 512 text tokens. Required.")
    private String model;

    @Option(
            names = "--policy",
            paramLabel = "SPEC",
            converter = Usage.Policy.class,
            description = "The cache policy; 'clusca sample --help' lists them. Default: " + SampleCommand.POLICY
                    + ", for FLUX the published " + FluxCommand.POLICY + ".")
    private @Nullable CachePolicy given;

    @Option(names = "--steps", paramLabel = "N", description = "Sampling steps. Default: 50, or 4 for flux-schnell.")
    private @Nullable Integer givenSteps;

    @Option(
            names = "--rows",
            paramLabel = "N",
            description = "Rows of the batch: an image has two with guidance, one without. Default: 2; FLUX has one.")
    private @Nullable Integer givenRows;

    FlopsCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        CachePolicy policy = policy();
        int rows = rows();
        int steps = steps();
        if (isFlux() && givenRows != null && givenRows != 1) {
            throw Usage.refuse(
                    spec, "--rows is " + givenRows + "; FLUX's operations are those of one picture, leave it out");
        }
        if (steps < 1 || steps > NoiseSchedule.TRAINED_TIMESTEPS || rows < 1) {
            throw Usage.refuse(
                    spec,
                    "there are 1 to " + NoiseSchedule.TRAINED_TIMESTEPS + " steps and at least 1 row, got " + steps
                            + " steps and " + rows + " rows");
        }
        Function<CachePolicy, Flops> count = counter();
        Flops full = Usage.of(spec, () -> count.apply(new FullCompute()));
        Flops cached = Usage.of(spec, () -> count.apply(policy));
        if (output.json()) {
            session.print(Json.pretty(report(cached, full)));
        }
        if (output.text()) {
            print(cached, full);
        }
        return 0;
    }

    private CachePolicy policy() {
        return given != null ? given : CachePolicy.parse(isFlux() ? FluxCommand.POLICY : SampleCommand.POLICY);
    }

    private int steps() {
        return givenSteps != null
                ? givenSteps
                : FluxConfig.published(model).map(FlowMatching::publishedSteps).orElse(50);
    }

    private int rows() {
        return givenRows != null ? givenRows : isFlux() ? 1 : 2;
    }

    private Function<CachePolicy, Flops> counter() {
        int steps = steps();
        Optional<FluxConfig> flux = FluxConfig.published(model);
        if (flux.isPresent()) {
            int side = FLUX_IMAGE_SIZE / FluxConfig.TOKEN_PIXELS;
            return counted -> Flops.of(flux.get(), counted, steps, FluxConfig.TEXT_TOKENS, side * side);
        }
        DitConfig config = config();
        // Guided images of different classes: each has one row for its class and one for the null class.
        int rows = rows();
        int conditions = rows == 1 ? 1 : rows / 2 + 1;
        return counted -> Flops.of(config, counted, steps, rows, Math.min(conditions, config.labels()));
    }

    private boolean isFlux() {
        return FluxConfig.published(model).isPresent();
    }

    private DitConfig config() {
        Path path = Usage.of(spec, () -> Path.of(model));
        if (Files.isDirectory(path) && Files.exists(path.resolve("config.json"))) {
            return DitConfig.fromJson(path.resolve("config.json"));
        }
        if (Files.isRegularFile(path) && model.endsWith(".json")) {
            return DitConfig.fromJson(path);
        }
        if (Files.exists(path)) {
            try (DitCheckpoint checkpoint = DitCheckpoint.open(path)) {
                return checkpoint.config();
            }
        }
        return Usage.of(spec, () -> DitConfig.of(model, IMAGE_SIZE));
    }

    private void print(Flops flops, Flops full) {
        String batch = isFlux() ? "1 picture of 1024 x 1024 with 512 text tokens" : rows() + " rows";
        session.printf("%s, %d steps, %s, %s%n%n", model, steps(), batch, policy().spec());
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
        session.printf(line, steps() + " full", total(full.published()), total(full.executed()));
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

    private Map<String, Object> report(Flops flops, Flops full) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("schema", Report.SCHEMA);
        report.put("report", "flops");
        report.put("model", model);
        report.put("policy", policy().spec());
        report.put("steps", steps());
        report.put("rows", rows());
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
