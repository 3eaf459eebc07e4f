package dev.clusca.measure;

import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A file of static costs: {@code {"schema": 1, "kind": "static", ..., "results": [{..}]}}, the keys those of {@link Environment} and {@link StaticResult}. Counts are exact, so two files differ or
 * they do not.
 */
public record StaticFile(List<Row> rows) implements Measured {
    static final String KIND = "static";
    static final int SCHEMA = 1;
    private static final String LINE = "%-44s %13s %13s %11s %10s%n";

    /**
     * One result.
     *
     * @param gpu whose least time it is
     * @param micros least time
     * @param valid whether the operation's results were right; counts of wrong ones mean nothing
     */
    public record Row(
            String name, String gpu, long instructions, long sectors, long conflicts, double micros, boolean valid) {
        private boolean isSame(Row other) {
            return instructions == other.instructions && sectors == other.sectors && conflicts == other.conflicts;
        }
    }

    public StaticFile {
        rows = List.copyOf(rows);
    }

    /** Writes a file, which appears whole or not at all. */
    public static void write(Path file, Environment environment, List<StaticResult> results) throws IOException {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("schema", SCHEMA);
        json.put("kind", KIND);
        json.putAll(environment.toJson());
        json.put("results", results.stream().map(StaticResult::toJson).toList());
        AtomicFile.write(file, Json.pretty(json));
    }

    static StaticFile of(ResultFields fields) {
        return new StaticFile(fields.objects("results").stream()
                .map(result -> new Row(
                        result.text("case"),
                        result.text("gpu"),
                        result.whole("instructions"),
                        result.whole("sectors"),
                        result.whole("bank_conflicts"),
                        result.positive("bound_us"),
                        result.flag("valid")))
                .toList());
    }

    /** This file beside a later one: what each result gained or lost. */
    public String beside(StaticFile later) {
        Map<String, Row> before = rows.stream().collect(Collectors.toMap(Row::name, Function.identity(), (a, b) -> b));
        StringBuilder text = new StringBuilder(
                String.format(Locale.ROOT, LINE, "case", "instructions", "sectors", "conflicts", ">= us"));
        int same = 0;
        for (Row b : later.rows) {
            Row a = before.remove(b.name);
            if (a == null) {
                text.append(b.name).append(" is in the second file alone").append(b.valid ? "\n" : ", INVALID\n");
            } else if (!a.valid || !b.valid) {
                text.append(b.name)
                        .append(" is INVALID in ")
                        .append(a.valid ? "the second file" : b.valid ? "the first file" : "both files")
                        .append('\n');
            } else if (a.isSame(b)) {
                same++;
            } else {
                text.append(String.format(
                        Locale.ROOT,
                        LINE,
                        KernelTable.shortened(b.name),
                        ratio(a.instructions, b.instructions),
                        ratio(a.sectors, b.sectors),
                        b.conflicts - a.conflicts == 0
                                ? "0"
                                : String.format(Locale.ROOT, "%+d", b.conflicts - a.conflicts),
                        a.gpu.equals(b.gpu) ? ratio(a.micros, b.micros) : "-"));
            }
        }
        before.keySet().forEach(name -> text.append(name).append(" is in the first file alone\n"));
        return text.append(same)
                .append(" results are the same to the last count\n")
                .toString();
    }

    private static String ratio(double before, double after) {
        return before == 0 ? "-" : String.format(Locale.ROOT, "%.3fx", after / before);
    }
}
