package dev.clusca.cli.verify;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.StepTable;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.Fora;
import dev.clusca.cache.FullCompute;
import dev.clusca.cache.Schedule;
import dev.clusca.cache.StepKind;
import dev.clusca.cache.TaylorSeer;
import dev.clusca.sampler.Sampler;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The settings of one golden sampling run, read from its file: keys {@code <name>.samples} (every step) or {@code <name>.final} (the last), settings from the metadata,
 * {@code <name>.<setting>} before {@code <setting>}.
 *
 * @param name {@code full}, {@code taylorseer}, {@code clusca}, {@code fora}, or one of these with {@code _gamma<number>}
 * @param key the samples' key
 */
record GoldenRun(String name, String key, CachePolicy policy, Sampler sampler, float guidance) {
    private static final String GAMMA = "_gamma";
    /** A run's name, which may hold a number with a dot, and what follows it. */
    private static final Pattern KEY = Pattern.compile(
            "(?<run>.+)\\.(samples|final|kmeans_init|(labels|centroids)\\.step\\d+|representatives\\.step\\d+\\.layer\\d+)(\\.(img|txt)_mlp)?");

    static final String SAMPLES = ".samples";
    static final String FINAL = ".final";

    /** Whether the file has the samples of every step. */
    boolean everyStep() {
        return key.endsWith(SAMPLES);
    }

    /** The run's name, given its key. */
    static String name(String key) {
        return key.substring(0, key.lastIndexOf('.'));
    }

    /**
     * The samples' keys of every run that the file has or must have: the three published ones, and each that any key names ({@code clusca_gamma1.labels.step3} names one).
     */
    static List<String> keys(GoldenFile golden) {
        String suffix = golden.keys().stream().anyMatch(k -> k.endsWith(FINAL)) ? FINAL : SAMPLES;
        Set<String> names = new TreeSet<>(List.of("full", "taylorseer", "clusca"));
        for (String key : golden.keys()) {
            Matcher parts = KEY.matcher(key);
            if (parts.matches()) {
                names.add(parts.group("run"));
            }
        }
        return names.stream().map(n -> n + suffix).toList();
    }

    static boolean isClusCa(String name) {
        return base(name).equals("clusca");
    }

    static GoldenRun read(GoldenFile golden, String key) {
        String name = name(key);
        return new GoldenRun(name, key, policy(golden, name, KMeansOptions.PUBLISHED), sampler(golden), (float)
                golden.number("cfg"));
    }

    /** Sentences about step types that the file names and ours that differ. */
    List<String> checkSchedule(GoldenFile golden) {
        List<StepKind> kinds = policy.kinds(sampler.steps());
        return checkSchedule(golden, name, kinds, i -> kinds.size() - 1 - i);
    }

    /**
     * {@link #checkSchedule(GoldenFile)} of any run.
     *
     * @param index the index by which a step at a place in the run is named
     */
    static List<String> checkSchedule(GoldenFile golden, String name, List<StepKind> ours, IntUnaryOperator index) {
        Optional<String> types = golden.setting(name + ".types").or(() -> golden.setting(base(name) + ".types"));
        if (types.isEmpty()) {
            return List.of();
        }
        // A list as Python prints it, too.
        String[] theirs = types.get().replaceAll("[\\[\\]'\"\\s]", "").split(",");
        List<String> findings = new ArrayList<>();
        if (theirs.length != ours.size()) {
            findings.add(
                    golden.source() + " names " + theirs.length + " step types, the run has " + ours.size() + " steps");
            return findings;
        }
        for (int i = 0; i < theirs.length; i++) {
            boolean full = theirs[i].equalsIgnoreCase("full");
            if (full != (ours.get(i) == StepKind.FULL)) {
                findings.add("step " + index.applyAsInt(i) + " is '" + theirs[i] + "' in " + golden.source() + " and "
                        + ours.get(i) + " here");
            }
        }
        return findings;
    }

    /**
     * The policy of a run by its name and the settings in the metadata.
     *
     * @param kMeans of a ClusCa run, which files do not tell
     */
    static CachePolicy policy(GoldenFile golden, String name, KMeansOptions kMeans) {
        return switch (base(name)) {
            case "full" -> new FullCompute();
            case "fora" -> new Fora(golden.integer(scoped(golden, name, "interval")));
            case "taylorseer" ->
                new TaylorSeer(
                        Schedule.every(golden.integer(scoped(golden, name, "interval"))),
                        order(golden, name),
                        golden.integer(scoped(golden, name, "first_enhance")),
                        null);
            case "clusca" ->
                new ClusCa(
                        Schedule.every(golden.integer(scoped(golden, name, "interval"))),
                        order(golden, name),
                        golden.integer(scoped(golden, name, "clusters")),
                        gamma(golden, name),
                        golden.integer(scoped(golden, name, "first_enhance")),
                        kMeans,
                        null);
            default ->
                throw new GoldenException(golden.source() + ": the run '" + name
                        + "' is not known; known are full, fora, taylorseer and clusca, and clusca_gamma<number>");
        };
    }

    /** A ladder has at most as many terms as there were full steps: a higher order than so few reach is the highest that we have. */
    private static int order(GoldenFile golden, String name) {
        int order = golden.integer(scoped(golden, name, "max_order"));
        int highest = StepTable.Column.MAX_TERMS - 1;
        if (order <= highest) {
            return order;
        }
        long full = Schedule.every(golden.integer(scoped(golden, name, "interval")))
                .of(golden.integer("steps"), golden.integer(scoped(golden, name, "first_enhance")))
                .stream()
                .filter(kind -> kind == StepKind.FULL)
                .count();
        return full <= StepTable.Column.MAX_TERMS ? highest : order;
    }

    private static float gamma(GoldenFile golden, String name) {
        int at = name.indexOf(GAMMA);
        if (at < 0 || golden.setting(name + ".gamma").isPresent()) {
            return (float) golden.number(scoped(golden, name, "gamma"));
        }
        String text = name.substring(at + GAMMA.length());
        try {
            return Float.parseFloat(text);
        } catch (NumberFormatException e) {
            throw new GoldenException(golden.source() + ": the run '" + name
                    + "' should end with a propagation ratio, found '" + text + "'");
        }
    }

    private static Sampler sampler(GoldenFile golden) {
        int steps = golden.integer("steps");
        String kind = golden.setting("sampler").orElse("ddim");
        // The published sample.py respaces by the plain number of steps.
        String respacing = golden.setting("respacing").orElse(Integer.toString(steps));
        String eta = kind.equals("ddim") ? ",eta=" + golden.setting("eta").orElse("0") : "";
        Sampler sampler = Sampler.parse(kind + ":respacing=" + respacing + eta, steps);
        if (sampler.addsNoise(steps - 1)) {
            throw new GoldenException(golden.source() + ": the sampler " + sampler
                    + " adds noise in every step, and the file does not hold that noise; only eta 0 can be followed");
        }
        return sampler;
    }

    private static String scoped(GoldenFile golden, String name, String setting) {
        if (golden.setting(name + "." + setting).isPresent()) {
            return name + "." + setting;
        }
        return golden.setting(base(name) + "." + setting).isPresent() ? base(name) + "." + setting : setting;
    }

    private static String base(String name) {
        int at = name.indexOf('_');
        return at < 0 ? name : name.substring(0, at);
    }
}
