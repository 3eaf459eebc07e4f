package dev.clusca.cli.verify;

import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.backend.WorkArena;
import dev.clusca.cases.Case;
import dev.clusca.cases.Comparison;
import dev.clusca.cases.Raw;
import dev.clusca.cases.Verdict;
import dev.clusca.sampler.Ddim;
import dev.clusca.sampler.Ddpm;
import dev.clusca.sampler.NoiseSchedule;
import dev.clusca.sampler.Sampler;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Golden diffusion tables (float64, {@code <respacing>.<table>}) and single sampler updates ({@code update.<kind>.<step>}). */
final class DiffusionSet {
    private static final double TABLE_BOUND = 1e-12;
    private static final double UPDATE_BOUND = 1e-6;
    private static final String MAP = ".timestep_map";
    private static final String UPDATE = "update.";
    private static final List<String> INPUTS = List.of("update.xt", "update.model_output", "update.noise");
    private static final Pattern KIND = Pattern.compile("(ddim_eta(?<eta>[0-9.]+)|ddpm|pred_xstart)(?<clip>_clipped)?");

    private DiffusionSet() {}

    static List<Case> cases(String name, Path file, GoldenContext context) {
        List<Case> cases = new ArrayList<>();
        try (GoldenFile golden = GoldenFile.open(file)) {
            Set<String> tables = new TreeSet<>();
            for (String key : golden.keys()) {
                if (!key.startsWith(UPDATE) && key.lastIndexOf('.') > 0) {
                    tables.add(key.substring(key.lastIndexOf('.') + 1));
                }
            }
            for (String respacing : golden.groups()) {
                if (!(respacing + ".").startsWith(UPDATE)) {
                    String shape = golden.describe(respacing + MAP);
                    cases.add(new GoldenCase(
                            name + "/" + respacing, "f64", shape, () -> tables(file, respacing, tables)));
                }
            }
            for (String key : updates(golden)) {
                cases.add(new GoldenCase(
                        name + "/" + key, "f32", golden.describe(key), () -> update(file, key, context)));
            }
        }
        if (cases.isEmpty()) {
            cases.add(GoldenCase.failed(
                    name, file + " has neither a table ('<respacing>" + MAP + "') nor an update ('" + UPDATE + "..')"));
        }
        return cases;
    }

    /** Every kind of update at every step that the file has any update of. */
    private static List<String> updates(GoldenFile golden) {
        Set<String> kinds = new LinkedHashSet<>();
        Set<Integer> steps = new TreeSet<>();
        for (String key : golden.keys()) {
            if (key.startsWith(UPDATE) && !INPUTS.contains(key)) {
                kinds.add(key.substring(0, key.lastIndexOf('.')));
                steps.add(step(key, golden));
            }
        }
        return kinds.stream()
                .flatMap(kind -> steps.stream().map(step -> kind + "." + step))
                .toList();
    }

    // ---- tables

    /** @param names of the tables that any respacing of the file has, the timestep map among them */
    private static Verdict tables(Path file, String respacing, Set<String> names) {
        try (GoldenFile golden = GoldenFile.open(file)) {
            NoiseSchedule schedule = NoiseSchedule.respaced(respacing);
            List<String> findings = new ArrayList<>();
            int[] map = golden.ints(respacing + MAP);
            int[] ours = new int[schedule.steps()];
            for (int i = 0; i < ours.length; i++) {
                ours[i] = schedule.timestep(i);
            }
            if (map.length != ours.length) {
                return Verdict.failed(respacing + MAP + " has " + map.length + " steps, ours has " + ours.length);
            }
            findings.addAll(
                    Comparison.exact(respacing + MAP, Raw.of(map), Raw.of(ours)).findings());
            double worst = 0;
            int compared = 0;
            for (String table : names) {
                String key = respacing + "." + table;
                if (key.equals(respacing + MAP)) {
                    continue;
                }
                IntToDoubleFunction values = table(schedule, table);
                if (values == null) {
                    findings.add("the table '" + key + "' is not known");
                    continue;
                }
                double[] expected = golden.doubles(key);
                // The published code makes the clipped variances of a schedule of one step empty.
                if (expected.length != schedule.steps() && (expected.length != 0 || schedule.steps() != 1)) {
                    findings.add(key + " has " + expected.length + " numbers, one for each of " + schedule.steps()
                            + " steps was expected");
                    continue;
                }
                worst = Math.max(worst, compare(key, expected, values, findings));
                compared++;
            }
            if (compared == 0) {
                findings.add(file + ": '" + respacing + "' has a timestep map and no table");
            }
            return Verdict.of(worst, TABLE_BOUND, compared + " tables", findings);
        }
    }

    private static double compare(String key, double[] expected, IntToDoubleFunction ours, List<String> findings) {
        double worst = 0;
        int at = 0;
        for (int i = 0; i < expected.length; i++) {
            double e = expected[i];
            double error = e == 0 ? Math.abs(ours.applyAsDouble(i)) : Math.abs(ours.applyAsDouble(i) - e) / Math.abs(e);
            if (!(error <= worst)) {
                worst = error;
                at = i;
            }
        }
        if (!(worst <= TABLE_BOUND)) {
            findings.add(key + "[" + at + "] is " + ours.applyAsDouble(at) + ", expected " + expected[at]
                    + ": relative error " + worst);
        }
        return worst;
    }

    /** A table of the published {@code GaussianDiffusion} by its name there; null for another name. */
    private static @Nullable IntToDoubleFunction table(NoiseSchedule s, String name) {
        return switch (name) {
            case "betas" -> s::beta;
            case "alphas_cumprod" -> s::alphaBar;
            case "alphas_cumprod_prev" -> s::alphaBarPrev;
            case "alphas_cumprod_next" -> i -> i + 1 < s.steps() ? s.alphaBar(i + 1) : 0;
            case "log_one_minus_alphas_cumprod" -> i -> Math.log(1 - s.alphaBar(i));
            case "sqrt_alphas_cumprod" -> i -> Math.sqrt(s.alphaBar(i));
            case "sqrt_one_minus_alphas_cumprod" -> i -> Math.sqrt(1 - s.alphaBar(i));
            case "sqrt_recip_alphas_cumprod" -> s::sqrtRecipAlphaBar;
            case "sqrt_recipm1_alphas_cumprod" -> s::sqrtRecipm1AlphaBar;
            case "posterior_variance" -> s::posteriorVariance;
            case "posterior_log_variance_clipped" -> s::posteriorLogVarianceClipped;
            case "posterior_mean_coef1" -> s::posteriorMeanCoef1;
            case "posterior_mean_coef2" -> s::posteriorMeanCoef2;
            default -> null;
        };
    }

    // ---- updates

    private static Verdict update(Path file, String key, GoldenContext context) {
        int dot = key.lastIndexOf('.');
        String kind = key.substring(UPDATE.length(), dot);
        Matcher parts = KIND.matcher(kind);
        if (!parts.matches()) {
            return new Verdict.Skipped("the update '" + kind + "' is not known; known are ddim_eta<eta>, ddpm and"
                    + " pred_xstart, each also with _clipped");
        }
        try (GoldenFile golden = GoldenFile.open(file);
                WorkArena work = new WorkArena(context.backend())) {
            Arena arena = work.arena();
            int step = step(key, golden);
            NoiseSchedule schedule = schedule(golden);
            boolean clip = parts.group("clip") != null;
            Sampler sampler = kind.startsWith("ddpm")
                    ? new Ddpm(schedule, clip)
                    : new Ddim(schedule, parts.group("eta") == null ? 0 : Double.parseDouble(parts.group("eta")), clip);
            float[] row = new float[Column.COUNT];
            row[Column.STEP.ordinal()] = step;
            sampler.fill(row, step);
            if (kind.startsWith("pred_xstart")) { // a DDIM step all the way to the clean sample
                row[Column.START_WEIGHT.ordinal()] = 1;
                row[Column.SECOND_WEIGHT.ordinal()] = 0;
            }
            StepTable steps = new StepTable(
                    context.upload(arena, row, Shape.of(1, Column.COUNT)),
                    context.upload(arena, new int[] {0}, Shape.of(1)));
            Tensor x = context.upload(arena, golden.floats("update.xt"), golden.shape("update.xt"));
            Tensor output =
                    context.upload(arena, golden.floats("update.model_output"), golden.shape("update.model_output"));
            Tensor noise = context.upload(arena, golden.floats("update.noise"), golden.shape("update.noise"));
            sampler.update(context.backend().ops(), x, output, noise, steps);
            Comparison.Result c =
                    Comparison.relative(key, golden.raw(key), Raw.of(DType.F32, context.floats(x)), UPDATE_BOUND);
            return Verdict.of(c.error(), c.bound(), "schedule " + schedule.respacing(), c.findings());
        }
    }

    private static int step(String key, GoldenFile golden) {
        String text = key.substring(key.lastIndexOf('.') + 1);
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new GoldenException(golden.source() + ": the key '" + key + "' does not end with a step");
        }
    }

    /**
     * The schedule of the updates: the metadata's {@code respacing} or {@code steps}, or else the one of the file's tables that explains its {@code pred_xstart} (x0 =
     * sqrt(1/alphaBar) x - sqrt(1/alphaBar - 1) eps), in which no two schedules agree; the only one needs no explanation.
     */
    private static NoiseSchedule schedule(GoldenFile golden) {
        String named =
                golden.setting("respacing").or(() -> golden.setting("steps")).orElse("");
        if (!named.isEmpty()) {
            return NoiseSchedule.respaced(named);
        }
        List<String> clean = golden.keys().stream()
                .filter(k -> k.startsWith("update.pred_xstart."))
                .toList();
        List<NoiseSchedule> candidates = golden.keys().stream()
                .filter(k -> k.endsWith(MAP))
                .map(k -> NoiseSchedule.respaced(k.substring(0, k.length() - MAP.length())))
                .filter(s -> clean.stream().allMatch(k -> step(k, golden) < s.steps()))
                .toList();
        if (candidates.size() == 1) {
            return candidates.getFirst();
        }
        if (clean.isEmpty() || candidates.isEmpty()) {
            throw new GoldenException(golden.source()
                    + ": the schedule of the updates is not known; the metadata has neither 'respacing' nor 'steps', and no single table,"
                    + " nor tables and 'update.pred_xstart', tell it");
        }
        return candidates.stream()
                .min(Comparator.comparingDouble(s -> clean.stream()
                        .mapToDouble(k -> startError(golden, k, s))
                        .sum()))
                .orElseThrow();
    }

    /** How far {@code x0} under a schedule is from the golden one. */
    private static double startError(GoldenFile golden, String key, NoiseSchedule schedule) {
        int step = step(key, golden);
        float[] x = golden.floats("update.xt");
        float[] output = golden.floats("update.model_output");
        float[] start = golden.floats(key);
        int images = golden.shape("update.xt").size(0);
        int perImage = x.length / images;
        int perOutput = output.length / images;
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            double eps = output[i / perImage * perOutput + i % perImage];
            double d = schedule.sqrtRecipAlphaBar(step) * x[i] - schedule.sqrtRecipm1AlphaBar(step) * eps - start[i];
            sum += d * d;
        }
        return sum;
    }
}
