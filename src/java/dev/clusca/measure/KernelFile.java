package dev.clusca.measure;

import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.CheckpointException;
import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A result file of operations: {@code {"schema": 1, "kind": "kernels", ..., "peaks": {"f32": {..}}, "results": [{..}]}}; the keys are those of {@link Environment}, {@link Roof} and {@link
 * KernelResult}. Read back, only what a comparison needs.
 *
 * @param device that it was measured on
 * @param rows one a result
 */
public record KernelFile(String device, List<Row> rows) {
    static final int SCHEMA = 1;
    static final String KIND = "kernels";

    /**
     * One result.
     *
     * @param key what two results must share to be compared
     * @param name of the case
     * @param micros the median
     * @param noise of it, as a part of it
     * @param valid whether it counts
     */
    public record Row(String key, String name, double micros, double noise, boolean valid) {}

    public KernelFile {
        rows = List.copyOf(rows);
    }

    /** Writes a result file, which appears whole or not at all. */
    public static void write(Path file, Environment environment, List<KernelResult> results) throws IOException {
        AtomicFile.write(file, Json.pretty(json(environment, results)));
    }

    private static Map<String, Object> json(Environment environment, List<KernelResult> results) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("schema", SCHEMA);
        json.put("kind", KIND);
        json.putAll(environment.toJson());
        Map<String, Object> peaks = new LinkedHashMap<>();
        results.forEach(r -> peaks.put(r.subject().dtype(), r.roof().toJson()));
        json.put("peaks", peaks);
        json.put("results", results.stream().map(KernelResult::toJson).toList());
        return json;
    }

    /**
     * Reads a result file.
     *
     * @throws CheckpointException if it is not one: what was found and what was expected
     */
    public static KernelFile read(Path file) {
        Object value = Json.read(file);
        String source = file.toString();
        Members members = Members.of(value, source);
        members.require("schema", (long) SCHEMA);
        members.require("kind", KIND);
        List<Row> rows = new ArrayList<>();
        for (Object result : members.list("results")) {
            rows.add(row(Members.of(result, "a result of " + source)));
        }
        return new KernelFile(members.text("device"), rows);
    }

    /** One result among others: in a result file, or a line of a history. */
    static Row row(Members m) {
        String key = m.text("case") + "|" + m.text("backend") + "|" + m.integer("threads") + "|" + m.text("mode");
        return new Row(key, m.text("case"), m.number("median_us"), m.number("noise"), m.flag("valid"));
    }

    /** The members of a JSON object, each of which must be there and of its type. */
    record Members(Map<?, ?> object, String source) {
        static Members of(@Nullable Object value, String source) {
            if (value instanceof Map<?, ?> map) {
                return new Members(map, source);
            }
            throw new CheckpointException(source + " is no JSON object; expected one that ./clusca bench wrote");
        }

        void require(String key, Object expected) {
            Object found = object.get(key);
            if (!expected.equals(found)) {
                throw new CheckpointException(
                        source + " has " + key + " " + found + "; expected " + expected + ", as ./clusca bench kernels --json writes");
            }
        }

        String text(String key) {
            return as(key, String.class, "a text");
        }

        boolean flag(String key) {
            return as(key, Boolean.class, "true or false");
        }

        long integer(String key) {
            return as(key, Long.class, "an integer");
        }

        double number(String key) {
            double number = as(key, Number.class, "a number").doubleValue();
            if (number < 0) {
                throw new CheckpointException(source + " has " + key + " " + number + "; expected no negative number");
            }
            return number;
        }

        List<?> list(String key) {
            return as(key, List.class, "a list");
        }

        private <T> T as(String key, Class<T> type, String what) {
            Object value = object.get(key);
            if (!type.isInstance(value)) {
                throw new CheckpointException(source + (object.containsKey(key) ? " has " + key + " " + value : " lacks " + key)
                        + "; expected " + what);
            }
            return type.cast(value);
        }
    }
}
