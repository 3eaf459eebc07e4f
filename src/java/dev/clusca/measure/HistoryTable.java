package dev.clusca.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/** The newest record of each operation in a history, as Markdown: the README's table. */
public final class HistoryTable {
    /** Shorter operations hide in what else a step does. */
    private static final double SHORTEST_MICROS = 200;

    private final Map<String, Row> rows = new LinkedHashMap<>();

    /** One record. */
    private record Row(KernelFile.Point point, double ofRoof, String bound, String baseline, OptionalDouble ratio) {
        static Row of(ResultFields fields) {
            return new Row(
                    KernelFile.Point.of(fields),
                    fields.number("of_roof"),
                    fields.text("bound"),
                    fields.has("baseline") ? fields.text("baseline") : "",
                    fields.positiveIfThere("baseline_ratio"));
        }

        String line() {
            return String.format(
                    Locale.ROOT,
                    "| %s | %s | %s | +- %.0f %% | %.0f %% (%s) | %s |%n",
                    KernelTable.shortened(point.name()),
                    point.dtype(),
                    KernelTable.time(point.medianUs()),
                    100 * point.noise(),
                    100 * ofRoof,
                    bound,
                    ratio.isPresent() ? String.format(Locale.ROOT, "%.1fx %s", ratio.getAsDouble(), baseline) : "-");
        }
    }

    /**
     * Reads a history.
     *
     * @throws ResultException if a line is no record
     */
    public HistoryTable(Path file) throws IOException {
        for (ResultFields record : History.records(Files.readString(file), file)) {
            Row row = Row.of(record);
            if (row.point().valid()) {
                rows.put(row.point().key(), row);
            }
        }
    }

    /** The table, its lines ended. Results that do not count, and short operations, are left out. */
    public String markdown() {
        StringBuilder text = new StringBuilder("""
                | operation | dtype | median | uncertainty | of the roof | baseline takes |
                |---|---|---|---|---|---|
                """);
        rows.values().stream()
                .filter(row -> row.point().medianUs() >= SHORTEST_MICROS)
                .map(Row::line)
                .forEach(text::append);
        return text.toString();
    }
}
