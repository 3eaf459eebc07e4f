package dev.clusca.pipeline;

import dev.clusca.backend.Backend;
import dev.clusca.cache.CachePolicy;
import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.Json;
import dev.clusca.pipeline.profile.ProfileTable;
import dev.clusca.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What a run or a comparison gave, as JSON for other programs. Times are milliseconds on the device. The number under {@code schema} grows when a key changes its
 * meaning or goes away; new keys may appear under the same number.
 */
public final class Report {
    /** The schema of the reports that this version writes. */
    public static final int SCHEMA = 1;

    private final Map<String, @Nullable Object> content = new LinkedHashMap<>();

    private Report(String kind, Backend backend, String model, DType dtype) {
        content.put("schema", SCHEMA);
        content.put("report", kind);
        content.put("version", Version.current());
        content.put("backend", backend.description());
        content.put("model", model);
        content.put("dtype", dtype.label());
        content.put("machine", Machine.current().toJson());
    }

    private static Report of(String kind, Sampling sampling, String model, int[] classes) {
        Report report = new Report(kind, sampling.model.backend(), model, sampling.model.dtype());
        report.content.put("sampler", sampling.sampler.spec());
        report.content.put("steps", sampling.sampler.steps());
        report.content.put("cfg", sampling.guidance);
        report.content.put("seed", sampling.seed);
        report.content.put("classes", Arrays.stream(classes).boxed().toList());
        return report;
    }

    /**
     * Several policies beside a reference: one entry of {@code rows} each, with {@code psnr_db} the mean over the pictures. Where PSNR is infinite it is null, and
     * {@code psnr_note} says why.
     *
     * @param sampling the settings that the runs share; its policy is not used
     * @param model what to call the model
     */
    public static Report of(Comparison comparison, Sampling sampling, String model, int... classes) {
        Report report = of("comparison", sampling, model, classes);
        report.content.put("rows", comparison.rows().stream().map(Report::row).toList());
        return report;
    }

    /** One run with every step's kind and time. Settings as in {@link #of(Comparison, Sampling, String, int...)}; the policy is the sampling's. */
    public static Report of(Samples samples, Sampling sampling, String model) {
        Report report = of("sample", sampling, model, samples.classes());
        report.run(sampling.policy, samples.metrics());
        return report;
    }

    /** One run of FLUX with every step's kind and time. {@code guidance} is null for a model that takes none. */
    public static Report of(FluxSamples samples, FluxSampling sampling, String model) {
        Report report = new Report("flux", sampling.model.backend(), model, sampling.model.dtype());
        report.content.put(
                "latents", Arrays.stream(samples.shape().toArray()).boxed().toList());
        report.content.put("steps", samples.metrics().steps().size());
        report.content.put("guidance", sampling.model.config().guidanceEmbed() ? sampling.guidance : null);
        report.content.put("seed", sampling.seed);
        report.run(sampling.policy, samples.metrics());
        return report;
    }

    private void run(CachePolicy policy, RunMetrics metrics) {
        content.putAll(times(policy, metrics));
        content.put("flops_published", metrics.publishedFlops());
        content.put("flops_executed", metrics.executedFlops());
        List<Map<String, Object>> steps = new ArrayList<>();
        for (RunMetrics.StepTime time : metrics.steps()) {
            Map<String, Object> step = new LinkedHashMap<>();
            step.put("step", time.step());
            step.put("kind", time.kind().name().toLowerCase(Locale.ROOT));
            step.put("ms", time.ms());
            steps.add(step);
        }
        content.put("step_times", steps);
    }

    /** This report with profiles of steps in it, each under its title. */
    public Report with(List<ProfileTable> profiles) {
        Map<String, Object> tables = new LinkedHashMap<>();
        profiles.forEach(table -> tables.put(table.title(), table.report()));
        content.put("profile", tables);
        return this;
    }

    /** The report as indented JSON, ended by a line end. */
    public String json() {
        return Json.pretty(content);
    }

    /** Writes the report to a file, which appears whole or not at all. */
    public void write(Path file) throws IOException {
        AtomicFile.write(file, json());
    }

    static Map<String, @Nullable Object> row(Comparison.Row row) {
        Map<String, @Nullable Object> out = times(row.policy(), row.metrics());
        out.put("speedup_time", row.speedupTime());
        out.put("speedup_flops", row.speedupFlops());
        out.put("speedup_flops_executed", row.speedupExecuted());
        Quality.Batch quality = row.quality();
        out.put("psnr_db", quality == null ? null : finite(quality.psnrDb()));
        out.put("psnr_db_min", quality == null ? null : finite(quality.minPsnrDb()));
        out.put("ssim", quality == null ? null : quality.ssim());
        if (quality == null) {
            out.put("psnr_note", "the reference");
        } else if (Double.isInfinite(quality.minPsnrDb())) {
            out.put("psnr_note", "every picture is identical to the reference's");
        } else if (Double.isInfinite(quality.psnrDb())) {
            out.put("psnr_note", "a picture is identical to the reference's, which makes the mean infinite");
        }
        return out;
    }

    private static Map<String, @Nullable Object> times(CachePolicy policy, RunMetrics metrics) {
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        out.put("policy", policy.spec());
        out.put("ms_full_step", orNull(metrics.fullStepMs()));
        out.put("ms_cached_step", orNull(metrics.cachedStepMs()));
        out.put("ms_total", metrics.totalMs());
        return out;
    }

    private static @Nullable Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    private static @Nullable Double orNull(OptionalDouble value) {
        return value.isPresent() ? value.getAsDouble() : null;
    }
}
