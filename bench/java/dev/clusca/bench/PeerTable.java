package dev.clusca.bench;

import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The table of clusca's times beside those of its peers, each peer with its best form (eager, compiled, frozen), and the ratio: how many times as long the peer takes. Reads what
 * {@code ./clusca bench kernels --json} and {@code peers.py kernels} wrote, and the record of {@link AgainstPyTorch}.
 *
 * <pre>
 *   PeerTable [--kernels OURS.json --peers THEIRS.jsonl] [--models RECORD.jsonl [--run RUN]] [--absent SENTENCE]
 *   RUN    of the record; default: its last. Ratios stay within a run
 * </pre>
 */
public final class PeerTable {
    /** The schema of the records that this version writes. */
    static final int SCHEMA = 1;

    /** Steps of a whole run. */
    static final int STEPS = 50;

    private static final String ABSENT = "absent";
    private static final String USUAL_PEER = "pytorch";

    /** A peer's best form. */
    record Best(double micros, String form) {
        private static Best of(Best a, Best b) {
            return a.micros <= b.micros ? a : b;
        }
    }

    /**
     * A line of the table.
     *
     * @param what the operation or step
     * @param shape extents, and what else tells cases apart
     * @param ours microseconds; null where clusca was not measured
     * @param theirs by peer, without those that were not measured
     */
    record Line(
            String what,
            String dtype,
            String shape,
            @Nullable Double ours,
            Map<String, Best> theirs) {}

    private final List<Line> lines = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    static void main(String[] args) throws IOException {
        Map<String, String> options = new LinkedHashMap<>();
        for (int i = 0; i < args.length; i += 2) {
            if (i + 1 == args.length
                    || !Set.of("--kernels", "--peers", "--models", "--run", "--absent")
                            .contains(args[i])) {
                throw new IllegalArgumentException(
                        "expected [--kernels OURS --peers THEIRS] [--models RECORD [--run RUN]] [--absent SENTENCE], got "
                                + String.join(" ", args));
            }
            options.put(args[i], args[i + 1]);
        }
        PeerTable table = new PeerTable();
        String ours = options.get("--kernels");
        String theirs = options.get("--peers");
        if (ours != null && theirs != null) {
            table.kernels(object(Json.read(Path.of(ours))), jsonLines(Path.of(theirs)));
        }
        String models = options.get("--models");
        if (models != null) {
            table.models(jsonLines(Path.of(models)), options.get("--run"));
        }
        String absent = options.get("--absent");
        if (absent != null) {
            table.notes.add(absent);
        }
        System.out.print(table.text());
    }

    /**
     * Joins single operations. Where peers were measured, cases that none has are only counted.
     *
     * @param ours the report of {@code ./clusca bench kernels}
     * @param theirs the lines of {@code peers.py kernels}
     */
    void kernels(Map<String, Object> ours, List<Map<String, Object>> theirs) {
        Map<String, Map<String, Best>> peers = new LinkedHashMap<>();
        for (Map<String, Object> line : theirs) {
            peers.computeIfAbsent(caseName(line), _ -> new TreeMap<>())
                    .merge(text(line, "peer"), new Best(number(line, "median_us"), text(line, "form")), Best::of);
        }
        int alone = 0;
        for (Object element : (List<?>) Objects.requireNonNull(ours.get("results"), "results")) {
            Map<String, Object> result = object(element);
            String name = text(result, "case");
            if (!Boolean.TRUE.equals(result.get("valid"))) {
                notes.add(name + ": clusca's own time is not valid, so there is no ratio");
                continue;
            }
            Map<String, Best> best = peers.remove(name);
            if (best == null && !theirs.isEmpty()) {
                alone++;
                continue;
            }
            lines.add(kernel(name, number(result, "median_us"), best == null ? Map.of() : best));
        }
        peers.forEach((name, best) -> lines.add(kernel(name, null, best)));
        if (alone > 0) {
            notes.add(alone + " further cases of clusca have no counterpart");
        }
    }

    private static Line kernel(String name, @Nullable Double ours, Map<String, Best> theirs) {
        String[] parts = name.split("/", 3);
        return new Line(
                parts[0],
                parts[1],
                parts[2].replace("/alone", "").replace("/bell", "").replace('/', ' '),
                ours,
                theirs);
    }

    /** What {@code ./clusca bench kernels} calls the case of a peer's line. */
    private static String caseName(Map<String, Object> line) {
        Map<String, Object> of = object(line.get("case"));
        String dtype = text(line, "dtype");
        String tokens = of.get("rows") + "x" + of.get("tokens") + "x" + of.get("width");
        return switch (text(line, "what")) {
            case "linear" ->
                "gemm/%s/%sx%sx%s/%s/bias"
                        .formatted(dtype, of.get("rows"), of.get("inputs"), of.get("outputs"), of.get("activation"));
            case "attention" -> "attention/%s/%s/heads%s/bell".formatted(dtype, tokens, of.get("heads"));
            case "layer_norm_modulate" -> "layerNormModulate/%s/%s/bell".formatted(dtype, tokens);
            case "kmeans" ->
                "kMeans/%s/%s/k%s/max%s/alone/bell".formatted(dtype, tokens, of.get("clusters"), of.get("iterations"));
            default -> throw new IllegalArgumentException("clusca has no counterpart of " + line);
        };
    }

    /**
     * Joins whole models: full and cached steps, and a run of {@value #STEPS} steps, ClusCa's beside plain ones.
     *
     * @param lines of {@link AgainstPyTorch}; those of a history that are no model's are left out
     * @param run which run of it; null for the last
     */
    void models(List<Map<String, Object>> lines, @Nullable String run) {
        models(lines, run, "");
    }

    /** @param only how the models begin that are wanted, with their types: {@code dit-xl/2 bf16} */
    private void models(List<Map<String, Object>> lines, @Nullable String run, String only) {
        List<Map<String, Object>> record = lines.stream()
                .filter(line -> "model".equals(line.getOrDefault("kind", "model")))
                .toList();
        String wanted = run == null ? text(record.getLast(), "run") : run;
        Map<String, List<Map<String, Object>>> models = record.stream()
                .filter(line -> text(line, "run").equals(wanted))
                .collect(Collectors.groupingBy(PeerTable::model, LinkedHashMap::new, Collectors.toList()));
        if (models.isEmpty()) {
            throw new IllegalArgumentException("the record has no run '" + wanted + "'; it has "
                    + record.stream()
                            .map(line -> text(line, "run"))
                            .collect(Collectors.toCollection(LinkedHashSet::new)));
        }
        models.forEach((name, processes) -> {
            if (name.startsWith(only)) {
                model(processes);
            }
        });
    }

    /** The table of a run in a record, without what it says beneath. */
    static String of(Path record, String run, String only) throws IOException {
        PeerTable table = new PeerTable();
        table.models(jsonLines(record), run, only);
        table.notes.clear();
        return table.text();
    }

    private void model(Collection<Map<String, Object>> processes) {
        Map<String, Object> first = processes.iterator().next();
        String dtype = text(first, "dtype");
        String rows = String.valueOf(first.get("rows"));
        String shape = name(first) + ", " + rows + (rows.equals("1") ? " row" : " rows");
        Double full = null;
        Double cached = null;
        Double run = null;
        Double plainRun = null;
        Double decode = null;
        Map<String, Best> theirFull = new TreeMap<>();
        Map<String, Best> theirCached = new TreeMap<>();
        Map<String, Best> theirDecode = new TreeMap<>();
        for (Map<String, Object> process : processes) {
            if (!isOurs(process)) {
                String peer = USUAL_PEER + " " + text(process, "torch").replaceFirst("\\+.*", "");
                process.forEach((key, value) -> {
                    if (key.startsWith("full")) {
                        theirFull.merge(peer, form(key, process), Best::of);
                    } else if (key.startsWith("cached")) {
                        theirCached.merge(peer, form(key, process), Best::of);
                    } else if (key.startsWith("decode")) {
                        theirDecode.merge(peer, form(key, process), Best::of);
                    }
                });
            } else if (process.containsKey("decode")) {
                decode = least(decode, number(object(process.get("decode")), "median_ms"));
            } else if (text(process, "policy").startsWith("full")) {
                double median = number(object(process.get("full")), "median_ms");
                full = least(full, median);
                // Of a shorter run, what happens once counts once.
                plainRun = least(plainRun, number(process, "run_ms") + (STEPS - number(process, "steps")) * median);
            } else {
                cached = least(cached, number(object(process.get("cached")), "median_ms"));
                // A shorter run has another share of full steps.
                if (number(process, "steps") == STEPS) {
                    run = least(run, number(process, "run_ms"));
                }
            }
        }
        if (decode != null || !theirDecode.isEmpty()) {
            lines.add(new Line("decoding", dtype, shape, decode, theirDecode));
            return;
        }
        lines.add(new Line("full step", dtype, shape, full, theirFull));
        lines.add(new Line("cached step", dtype, shape, cached, theirCached));
        if (run != null) {
            Map<String, Best> theirRun = new TreeMap<>();
            theirFull.forEach(
                    (peer, best) -> theirRun.put(peer, new Best(STEPS * best.micros(), "plain, " + best.form())));
            lines.add(new Line(STEPS + " steps, ClusCa", dtype, shape, run, theirRun));
            if (plainRun != null) {
                notes.add(String.format(
                        Locale.ROOT,
                        "%s, %s: %d plain steps of clusca take %.2fx as long as its ClusCa run",
                        shape,
                        dtype,
                        STEPS,
                        plainRun / run));
            }
        }
    }

    private static Best form(String key, Map<String, Object> process) {
        String form = !key.contains("_compiled")
                ? "eager"
                : Boolean.TRUE.equals(process.get("frozen")) ? "frozen" : "compiled";
        return new Best(
                1000 * number(object(process.get(key)), "median_ms"),
                key.endsWith("_hoisted") ? form + ", hoisted" : form);
    }

    private static double least(@Nullable Double microsSoFar, double millis) {
        return microsSoFar == null ? 1000 * millis : Math.min(microsSoFar, 1000 * millis);
    }

    private static boolean isOurs(Map<String, Object> process) {
        return text(process, "side").equals("clusca");
    }

    private static String model(Map<String, Object> process) {
        return name(process) + " " + process.get("dtype") + " " + process.get("rows");
    }

    /** The model's name as ours; the first records have PyTorch's beside it. */
    private static String name(Map<String, Object> process) {
        String name = text(process, "model");
        if (isOurs(process) || name.startsWith("dit-") || name.equals(name.toLowerCase(Locale.ROOT))) {
            return name;
        }
        return name.equals("SHAPES/2") ? "models/shapes-dit" : "dit-" + name.toLowerCase(Locale.ROOT);
    }

    /** The table in Markdown, with its notes below. */
    String text() {
        Set<String> peers = new LinkedHashSet<>();
        lines.forEach(line -> peers.addAll(line.theirs().keySet()));
        if (peers.isEmpty()) {
            peers.add(USUAL_PEER);
        }
        StringBuilder text = new StringBuilder("| what | dtype | shape | clusca |");
        peers.forEach(peer -> text.append(' ').append(peer).append(", its best form | ratio |"));
        text.append("\n|---|---|---|---|")
                .append("---|---|".repeat(peers.size()))
                .append('\n');
        for (Line line : lines) {
            text.append("| %s | %s | %s | %s |".formatted(line.what(), line.dtype(), line.shape(), time(line.ours())));
            for (String peer : peers) {
                text.append(cells(line.ours(), line.theirs().get(peer)));
            }
            text.append('\n');
        }
        if (!notes.isEmpty()) {
            text.append('\n').append(String.join("\n", notes)).append('\n');
        }
        return text.toString();
    }

    private static String cells(@Nullable Double ours, @Nullable Best theirs) {
        if (theirs == null) {
            return " " + ABSENT + " | – |";
        }
        String ratio = ours == null ? "–" : String.format(Locale.ROOT, "%.2fx", theirs.micros() / ours);
        return " %s (%s) | %s |".formatted(time(theirs.micros()), theirs.form(), ratio);
    }

    private static String time(@Nullable Double micros) {
        if (micros == null) {
            return ABSENT;
        }
        if (micros < 1e3) {
            return String.format(Locale.ROOT, "%.1f µs", micros);
        }
        return micros < 1e6
                ? String.format(Locale.ROOT, "%.2f ms", micros / 1e3)
                : String.format(Locale.ROOT, "%.2f s", micros / 1e6);
    }

    private static List<Map<String, Object>> jsonLines(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .map(line -> object(Json.parse(line, file.toString())))
                .toList();
    }

    /** A value that is an object. */
    static Map<String, Object> object(@Nullable Object value) {
        Map<String, Object> object = new LinkedHashMap<>();
        ((Map<?, ?>) Objects.requireNonNull(value)).forEach((key, element) -> object.put(key.toString(), element));
        return object;
    }

    private static double number(Map<String, Object> of, String key) {
        return ((Number) Objects.requireNonNull(of.get(key), key)).doubleValue();
    }

    private static String text(Map<String, Object> of, String key) {
        return Objects.requireNonNull(of.get(key), key).toString();
    }
}
