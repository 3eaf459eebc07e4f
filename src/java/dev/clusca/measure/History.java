package dev.clusca.measure;

import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The records of one device, a JSON object a line, the oldest first: {@code bench/history/<device>.jsonl}. Lines of kind {@value #KIND} are results of operations, with their environment; others
 * are left alone.
 */
public final class History {
    private static final String KIND = "kernel";

    /** Of a number that was measured. */
    private static final int DIGITS = 7;

    private final Path file;
    /** The newest valid record of each operation. */
    private final Map<String, KernelFile.Point> newest = new HashMap<>();

    private History(Path file) {
        this.file = file;
    }

    /**
     * The records in a folder of the device that an environment describes; none where there is no such file.
     *
     * @throws ResultException if a line is not a record
     */
    public static History of(Path folder, Environment environment) throws IOException {
        Path file = folder.resolve(environment.slug() + ".jsonl");
        History history = new History(file);
        for (ResultFields record : records(text(file), file)) {
            KernelFile.Point point = KernelFile.Point.of(record);
            if (point.valid()) {
                history.newest.put(point.key(), point);
            }
        }
        return history;
    }

    private static String text(Path file) throws IOException {
        return Files.exists(file) ? Files.readString(file) : "";
    }

    /**
     * The results of operations among the lines of a file, in order.
     *
     * @throws ResultException if a line is not a record
     */
    static List<ResultFields> records(String text, Path file) {
        List<String> lines = text.lines().toList();
        List<ResultFields> records = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String source = "line " + (i + 1) + " of " + file;
            ResultFields fields = ResultFields.of(Json.parse(lines.get(i), source), source);
            if (fields.text("kind").equals(KIND)) {
                records.add(fields.ofSchema(KernelFile.SCHEMA));
            }
        }
        return records;
    }

    /** Where it lies. */
    public Path file() {
        return file;
    }

    /** How a result differs from the newest valid record of the same. */
    public Change change(KernelResult result) {
        KernelFile.Point before = newest.get(result.subject().key());
        return before == null ? Change.NEW : KernelFile.Point.of(result).since(before);
    }

    /** Adds results to what the file holds by now; it appears with all of them or stays as it was. */
    public void append(Environment environment, List<KernelResult> results) throws IOException {
        // Not as it was when the measurement began: others may have added to it since.
        StringBuilder all = new StringBuilder(text(file));
        if (!all.isEmpty() && all.charAt(all.length() - 1) != '\n') {
            all.append('\n');
        }
        for (KernelResult result : results) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("schema", KernelFile.SCHEMA);
            line.put("kind", KIND);
            line.putAll(environment.toJson());
            line.put("peaks", result.roof().toJson());
            line.putAll(result.toJson());
            all.append(Json.text(rounded(line))).append('\n');
        }
        Files.createDirectories(file.toAbsolutePath().getParent());
        AtomicFile.write(file, all.toString());
    }

    /** The same with every fraction as long as a measurement may be true: what is kept for good need not hold the noise behind it. Counts stay exact. */
    private static Object rounded(Object value) {
        return switch (value) {
            case Map<?, ?> object -> {
                Map<Object, @Nullable Object> all = new LinkedHashMap<>();
                object.forEach((name, field) -> all.put(name, field == null ? null : rounded(field)));
                yield all;
            }
            case List<?> list -> list.stream().map(History::rounded).toList();
            case Double number
            when number != Math.rint(number) ->
                new BigDecimal(number).round(new MathContext(DIGITS)).doubleValue();
            default -> value;
        };
    }
}
