package dev.clusca.measure;

import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.Json;
import dev.clusca.pipeline.Machine;
import dev.clusca.pipeline.Quality;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What a benchmark of a model found: for each batch, full computation and every policy beside it.
 *
 * <p>Times are those of a run that nothing disturbs, {@link dev.clusca.pipeline.RunMetrics#undisturbed}, as far as the rounds can tell.
 *
 * <p>As JSON: times are milliseconds on the device, {@code speedup_flops} counts as the papers do, and where a PSNR is infinite it is null beside an SSIM, because some picture is
 * identical to the reference's. {@code interval} is null where the policy was chosen as a whole, {@code size} where a model has but one, {@code cfg} where it takes no guidance. The number under {@code schema} grows when a key changes its meaning or goes away; new keys may appear under the same number.
 *
 * @param version of clusca
 * @param backend its name
 * @param device the backend's description
 * @param dtype what the model multiplied in
 * @param noQuality why there is no PSNR and SSIM; null if there is
 * @param batches one entry for each batch, in the order measured
 */
public record ModelResult(
        String version,
        String backend,
        String device,
        Machine machine,
        ModelSettings settings,
        String dtype,
        @Nullable String noQuality,
        List<Batch> batches)
        implements Measured {
    static final String KIND = "models";
    static final int SCHEMA = 2;

    /** Beyond any speed-up; a file with more is mistaken. */
    private static final double FASTEST = 1e6;

    /** Of 8-bit pictures that differ, in dB, whatever their size. */
    private static final double HIGHEST_PSNR = 200;

    /**
     * All runs with one number of images at once.
     *
     * @param images how many
     * @param rows of the model's batch: twice the images with guidance
     * @param full full computation
     */
    public record Batch(int images, int rows, Full full, List<Run> runs) {
        public Batch {
            runs = List.copyOf(runs);
        }

        /** What tells a run from others of its method in tables and charts: its interval, or its number from 1 on where policies were chosen. */
        public String mark(Run run) {
            return Integer.toString(run.interval().orElse(runs.indexOf(run) + 1));
        }
    }

    /**
     * Full computation.
     *
     * @param msStep median milliseconds of a step
     * @param msTotal what a policy's time is compared with
     * @param msRuns what its run took in each round, disturbances included
     */
    public record Full(double msStep, double msTotal, List<Double> msRuns) {
        public Full {
            msRuns = List.copyOf(msRuns);
        }

        /** By how much of the fastest run the slowest took longer: how far the machine's speed moved meanwhile. 0 where there was but one. */
        public double spread() {
            return Collections.max(msRuns) / Collections.min(msRuns) - 1;
        }
    }

    /**
     * One policy.
     *
     * @param method the policy's name, as {@code clusca}
     * @param policy the whole policy, as {@code clusca:interval=5,order=2,clusters=16,gamma=0.005,first=2,iterations=100,stop=image}
     * @param interval steps from one full step to the next; empty where the policy was chosen as a whole
     * @param msFullStep median milliseconds of its full steps, clustering included
     * @param msCachedStep median milliseconds of its cached steps; empty if there were none
     * @param speedupTime full computation's time over this one's
     * @param speedupFlops full computation's operations over this one's, as the papers count
     * @param speedupExecuted the same for the operations that were executed
     * @param quality how near its pictures are to full computation's; null where nothing could be compared
     */
    public record Run(
            String method,
            String policy,
            OptionalInt interval,
            int fullSteps,
            int cachedSteps,
            double msFullStep,
            OptionalDouble msCachedStep,
            double msTotal,
            double speedupTime,
            double speedupFlops,
            double speedupExecuted,
            Quality.@Nullable Batch quality) {}

    public ModelResult {
        batches = List.copyOf(batches);
    }

    /** Whether policies were chosen as a whole, so that an interval does not tell those of a method apart. */
    public boolean chosen() {
        return batches.stream()
                .flatMap(batch -> batch.runs().stream())
                .anyMatch(run -> run.interval().isEmpty());
    }

    /** The policies that were chosen, each behind its number, as {@code 1 is taylorseer:interval=5,order=1,first=2}; empty if none were. */
    public List<String> legend() {
        if (!chosen()) {
            return List.of();
        }
        Batch batch = batches.getFirst();
        return batch.runs().stream()
                .map(run -> batch.mark(run) + " is " + run.policy())
                .toList();
    }

    /** This result as indented JSON, ended by a line end. */
    public String json() {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("schema", SCHEMA);
        json.put("kind", KIND);
        json.put("version", version);
        json.put("backend", backend);
        json.put("device", device);
        json.put("machine", machine.toJson());
        json.put("model", settings.model());
        json.put("dtype", dtype);
        json.put("sampler", settings.sampler());
        json.put("size", settings.size());
        json.put("steps", settings.steps());
        json.put("cfg", settings.guidance());
        json.put("seed", settings.seed());
        json.put("rounds", settings.rounds());
        json.put("no_quality", noQuality);
        json.put("batches", batches.stream().map(ModelResult::json).toList());
        return Json.pretty(json);
    }

    private static Map<String, Object> json(Batch batch) {
        Map<String, Object> full = new LinkedHashMap<>();
        full.put("ms_step", batch.full().msStep());
        full.put("ms_total", batch.full().msTotal());
        full.put("ms_runs", batch.full().msRuns());
        full.put("spread", batch.full().spread());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("images", batch.images());
        json.put("rows", batch.rows());
        json.put("full", full);
        json.put("runs", batch.runs().stream().map(ModelResult::json).toList());
        return json;
    }

    private static Map<String, @Nullable Object> json(Run run) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("method", run.method());
        json.put("policy", run.policy());
        json.put("interval", run.interval().isPresent() ? run.interval().getAsInt() : null);
        json.put("full_steps", run.fullSteps());
        json.put("cached_steps", run.cachedSteps());
        json.put("ms_full_step", run.msFullStep());
        json.put(
                "ms_cached_step",
                run.msCachedStep().isPresent() ? run.msCachedStep().getAsDouble() : null);
        json.put("ms_total", run.msTotal());
        json.put("speedup_time", run.speedupTime());
        json.put("speedup_flops", run.speedupFlops());
        json.put("speedup_flops_executed", run.speedupExecuted());
        Quality.Batch quality = run.quality();
        if (quality != null) {
            json.put("psnr_db", finite(quality.psnrDb()));
            json.put("psnr_db_min", finite(quality.minPsnrDb()));
            json.put("ssim", quality.ssim());
        }
        return json;
    }

    private static @Nullable Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    /** Writes the result to a file, which appears whole or not at all. */
    public void write(Path file) throws IOException {
        AtomicFile.write(file, json());
    }

    static ModelResult of(ResultFields fields) {
        return new ModelResult(
                fields.text("version"),
                fields.text("backend"),
                fields.text("device"),
                fields.machine(),
                new ModelSettings(
                        fields.text("model"),
                        fields.word("sampler"),
                        fields.has("size") ? fields.text("size") : null,
                        fields.count("steps", 1),
                        fields.has("cfg") ? (float) fields.number("cfg") : null,
                        fields.whole("seed"),
                        fields.count("rounds", 1)),
                fields.text("dtype"),
                fields.has("no_quality") ? fields.text("no_quality") : null,
                fields.objects("batches").stream().map(ModelResult::batch).toList());
    }

    private static Batch batch(ResultFields fields) {
        ResultFields full = fields.object("full");
        return new Batch(
                fields.count("images", 1),
                fields.count("rows", 1),
                new Full(full.positive("ms_step"), full.positive("ms_total"), full.positives("ms_runs")),
                fields.objects("runs").stream().map(ModelResult::run).toList());
    }

    private static Run run(ResultFields fields) {
        return new Run(
                fields.word("method"),
                fields.text("policy"),
                fields.has("interval") ? OptionalInt.of(fields.count("interval", 2)) : OptionalInt.empty(),
                fields.count("full_steps", 1),
                fields.count("cached_steps", 0),
                fields.positive("ms_full_step"),
                fields.positiveIfThere("ms_cached_step"),
                fields.positive("ms_total"),
                fields.within("speedup_time", 1 / FASTEST, FASTEST),
                fields.within("speedup_flops", 1 / FASTEST, FASTEST),
                fields.within("speedup_flops_executed", 1 / FASTEST, FASTEST),
                fields.has("ssim")
                        ? new Quality.Batch(
                                psnr(fields, "psnr_db"), psnr(fields, "psnr_db_min"), fields.within("ssim", -1, 1))
                        : null);
    }

    private static double psnr(ResultFields fields, String name) {
        return fields.has(name) ? fields.within(name, 0, HIGHEST_PSNR) : Double.POSITIVE_INFINITY;
    }
}
