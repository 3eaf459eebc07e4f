package dev.clusca.bench;

import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Runs {@link DitTimes} and the PyTorch baseline in turns, A B A B, each in a process of its own, and writes a table of ratios. Arguments and method: {@code bench/METHOD.md}. Each ratio compares the
 * best time of ours with the best time of PyTorch's best form (eager, compiled, frozen), all from this one run.
 */
public final class AgainstPyTorch {
    private static final int STEPS = 50;
    /** PyTorch counts full forwards of these forms. */
    private static final List<String> FULL = List.of("full", "full_compiled");

    private static final List<String> CACHED = List.of("cached", "cached_hoisted", "cached_compiled");

    private final String python;
    private final Path baseline;
    private final int threads;
    private final int rounds;
    private final List<Map<String, Object>> log = new ArrayList<>();

    private AgainstPyTorch(String python, Path baseline, int threads, int rounds) {
        this.python = python;
        this.baseline = baseline;
        this.threads = threads;
        this.rounds = rounds;
    }

    /** One line of the table. */
    private record Size(String model, String dtype, int rows) {
        static Size parse(String text) {
            String[] parts = text.split(":");
            return new Size(parts[0], parts[1], Integer.parseInt(parts[2]));
        }

        /** The baseline's name; a folder is a model of the demo's size. */
        String torchName() {
            return model.startsWith("dit-") ? model.substring(4).toUpperCase(Locale.ROOT) : "SHAPES/2";
        }
    }

    /** Milliseconds, the best of all rounds. */
    private static final class Best {
        double full = Double.POSITIVE_INFINITY;
        double cached = Double.POSITIVE_INFINITY;
        double run = Double.POSITIVE_INFINITY;
        double plainRun = Double.POSITIVE_INFINITY;
        String fullForm = "";
        String cachedForm = "";
    }

    static void main(String[] args) throws IOException, InterruptedException {
        if (args.length < 6) {
            throw new IllegalArgumentException(
                    "expected PYTHON BASELINE THREADS ROUNDS OUT MODEL:DTYPE:ROWS.., got " + Arrays.toString(args));
        }
        AgainstPyTorch bench =
                new AgainstPyTorch(args[0], Path.of(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]));
        StringBuilder table = new StringBuilder(
                "| model | dtype | rows | full step, ours | PyTorch's best | ratio | cached step, ours | PyTorch's best | ratio | 50 steps ClusCa, ours | 50 plain steps, PyTorch | ratio | ratio to our plain run |\n"
                        + "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
        for (int i = 5; i < args.length; i++) {
            table.append(bench.line(Size.parse(args[i])));
            System.out.print(table.substring(table.lastIndexOf("\n", table.length() - 2) + 1));
        }
        Path out = Path.of(args[4]);
        StringBuilder lines = new StringBuilder();
        bench.log.forEach(entry -> lines.append(Json.text(entry)).append('\n'));
        Files.writeString(out, lines, StandardCharsets.UTF_8);
        Files.writeString(out.resolveSibling(out.getFileName() + ".md"), table, StandardCharsets.UTF_8);
        System.out.println(table);
    }

    private String line(Size size) throws IOException, InterruptedException {
        Best ours = new Best();
        Best torch = new Best();
        for (int round = 0; round < rounds; round++) {
            ours(size, ours);
            torch(size, torch, round == 0 ? "--freeze" : "--compile");
        }
        double torchRun = STEPS * torch.full;
        return String.format(
                Locale.ROOT,
                "| %s | %s | %d | %.1f ms | %.1f ms (%s) | %.2fx | %.1f ms | %.1f ms (%s) | %.2fx | %.1f s | %.1f s | %.2fx | %.2fx |%n",
                size.model(),
                size.dtype(),
                size.rows(),
                ours.full,
                torch.full,
                torch.fullForm,
                torch.full / ours.full,
                ours.cached,
                torch.cached,
                torch.cachedForm,
                torch.cached / ours.cached,
                ours.run / 1000,
                torchRun / 1000,
                torchRun / ours.run,
                ours.plainRun / ours.run);
    }

    private void ours(Size size, Best best) throws IOException, InterruptedException {
        Map<String, Object> clusCa = times(size, "clusca:interval=5,order=2");
        best.run = Math.min(best.run, number(clusCa, "run_ms"));
        best.cached = Math.min(best.cached, number(map(clusCa, "cached"), "median_ms"));
        // A full step that fills ladders costs more than a plain one; the plain run is what is compared with PyTorch's.
        Map<String, Object> plain = times(size, "full");
        best.plainRun = Math.min(best.plainRun, number(plain, "run_ms") * STEPS / number(plain, "steps"));
        best.full = Math.min(best.full, number(map(plain, "full"), "median_ms"));
    }

    private Map<String, Object> times(Size size, String policy) throws IOException, InterruptedException {
        String steps = policy.equals("full") && size.model().contains("xl") ? "8" : Integer.toString(STEPS);
        return record(
                "clusca",
                run(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DitTimes.class.getName(),
                        size.model(),
                        size.dtype(),
                        Integer.toString(size.rows()),
                        Integer.toString(threads),
                        steps,
                        policy)));
    }

    private void torch(Size size, Best best, String form) throws IOException, InterruptedException {
        // The baseline knows the published sizes; the demo's is put beside them.
        String program = "import sys; f = sys.argv.pop(1); s = open(f).read();"
                + " exec(compile(s.replace('\"XL\": (1152, 28, 16)}', '\"XL\": (1152, 28, 16), \"SHAPES\": (192, 8, 6)}'), f, 'exec'))";
        Map<String, Object> result = record(
                "pytorch " + form,
                run(List.of(
                        python,
                        "-c",
                        program,
                        baseline.toString(),
                        "--model",
                        size.torchName(),
                        "--dtype",
                        size.dtype(),
                        "--rows",
                        Integer.toString(size.rows()),
                        "--threads",
                        Integer.toString(threads),
                        "--repeat",
                        size.model().contains("xl") ? "3" : "5",
                        form)));
        for (String name : FULL) {
            double ms = number(map(result, name), "median_ms");
            if (ms < best.full) {
                best.full = ms;
                best.fullForm = label(name, form);
            }
        }
        for (String name : CACHED) {
            double ms = number(map(result, name), "median_ms");
            if (ms < best.cached) {
                best.cached = ms;
                best.cachedForm = label(name, form);
            }
        }
    }

    private static String label(String name, String form) {
        if (!name.endsWith("compiled")) {
            return name.endsWith("hoisted") ? "eager, hoisted" : "eager";
        }
        return form.equals("--freeze") ? "frozen" : "compiled";
    }

    private Map<String, Object> record(String side, String json) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("side", side);
        asMap(Json.parse(json, side)).forEach((key, value) -> entry.put(key.toString(), value));
        log.add(entry);
        System.err.println(Json.text(entry));
        return entry;
    }

    /** The last line of what a process printed. */
    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String[] lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .strip()
                .split("\n");
        if (process.waitFor() != 0) {
            throw new IOException("exit code " + process.exitValue() + " of " + command);
        }
        return lines[lines.length - 1];
    }

    private static Map<?, ?> map(Map<String, Object> of, String name) {
        return asMap(of.get(name));
    }

    private static Map<?, ?> asMap(Object value) {
        return (Map<?, ?>) value;
    }

    private static double number(Map<?, ?> of, String name) {
        return ((Number) of.get(name)).doubleValue();
    }
}
