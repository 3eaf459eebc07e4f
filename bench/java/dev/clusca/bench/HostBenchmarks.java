package dev.clusca.bench;

import dev.clusca.checkpoint.AtomicFile;
import dev.clusca.checkpoint.Json;
import dev.clusca.pipeline.Machine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * What clusca costs on the host, measured by JMH with its profiler of allocations, in one table: {@code ./clusca bench host}. Fails if a launch makes garbage.
 *
 * <pre>
 *   HostBenchmarks [--quick] [--json FILE] [REGEX]
 *   --quick    short iterations, for a first look
 *   REGEX      only benchmarks in whose name it is found, as in LaunchBenchmark.launch
 * </pre>
 */
public final class HostBenchmarks {
    private static final int SCHEMA = 1;

    /** Downcalls, launches, views, checkpoints, pictures; each is a class and a method of this package. */
    private static final List<String> SELECTION = List.of(
            "GateBenchmark.downcall",
            "GateBenchmark.gatedDowncall",
            "LaunchBenchmark.launchAgain",
            "LaunchBenchmark.launch",
            "LaunchBenchmark.graphOfAHundred",
            "UsualLaunchBenchmark.launch",
            "TensorViewBenchmark.slice",
            "TensorViewBenchmark.rows",
            "TensorViewBenchmark.reshape",
            "TensorViewBenchmark.wrap",
            "TensorViewBenchmark.addressOfAPlane",
            "SafetensorsBenchmark.open",
            "SafetensorsBenchmark.load",
            "PngBenchmark.encode");

    /** Whose benchmarks must not allocate. */
    private static final String LAUNCHES = "LaunchBenchmark.";

    /** A counter of {@link SafetensorsBenchmark}. */
    private static final String GIGABYTES = "gigabytes";

    private static final String ALLOCATED = "gc.alloc.rate.norm";

    /** Fewer samples tell nothing of an interval. */
    private static final int LEAST_SAMPLES = 5;

    /**
     * What one benchmark gave.
     *
     * @param benchmark class, method, and parameters in brackets
     * @param unit {@code ns/op} or {@code GB/s}
     * @param error half of the interval that holds the mean with 99.9 %; null where there are too few samples
     * @param bytes allocated in each call, in the iteration that made least
     */
    record Measured(
            String benchmark, double value, @Nullable Double error, String unit, double bytes) {
        private Map<String, @Nullable Object> toJson() {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("benchmark", benchmark);
            json.put("value", value);
            json.put("error", error);
            json.put("unit", unit);
            json.put("bytes_per_op", bytes);
            return json;
        }

        private String row() {
            double scale = !unit.equals("ns/op") || value < 1e4 ? 1 : value < 1e7 ? 1e-3 : 1e-6;
            String name = !unit.equals("ns/op") ? unit : scale == 1 ? "ns" : scale == 1e-3 ? "µs" : "ms";
            return String.format(
                    Locale.ROOT,
                    "%-40s %10.2f %10s %-5s %12.1f",
                    benchmark,
                    value * scale,
                    error == null ? "" : String.format(Locale.ROOT, "± %.2f", error * scale),
                    name,
                    bytes);
        }
    }

    private HostBenchmarks() {}

    static void main(String[] args) throws IOException {
        boolean quick = false;
        Path json = null;
        Pattern only = Pattern.compile("");
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--quick" -> quick = true;
                case "--json" -> json = Path.of(args[++i]);
                default -> only = Pattern.compile(args[i]);
            }
        }
        System.exit(run(quick, json, only));
    }

    private static int run(boolean quick, @Nullable Path json, Pattern only) throws IOException {
        List<String> chosen =
                SELECTION.stream().filter(name -> only.matcher(name).find()).toList();
        if (chosen.isEmpty()) {
            System.err.println("no benchmark has a name in which '" + only + "' is found; there are "
                    + String.join(", ", SELECTION));
            return 1;
        }
        System.out.printf(Locale.ROOT, "%-40s %10s %10s %-5s %12s%n", "benchmark", "each", "", "", "bytes a call");
        List<Measured> measured = new ArrayList<>();
        for (String name : chosen) {
            try {
                for (Measured result : measure(name, quick)) {
                    System.out.println(result.row());
                    measured.add(result);
                }
            } catch (RunnerException e) {
                System.err.println(name + " failed: " + e.getMessage());
                return 1;
            }
        }
        if (json != null) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("schema", SCHEMA);
            report.put("kind", "host");
            report.put("machine", Machine.current().toJson());
            report.put("quick", quick);
            report.put("results", measured.stream().map(Measured::toJson).toList());
            AtomicFile.write(json, Json.pretty(report));
        }
        List<String> complaints = complaints(measured);
        complaints.forEach(System.err::println);
        return complaints.isEmpty() ? 0 : 1;
    }

    /** A sentence for each launch that makes garbage: what the profiler counts beside it, less than half a byte a call, is its own. */
    static List<String> complaints(List<Measured> measured) {
        return measured.stream()
                .filter(m -> m.benchmark().startsWith(LAUNCHES) && !(m.bytes() < 0.5))
                .map(m -> String.format(
                        Locale.ROOT,
                        "%s allocates %.1f bytes a call; a launch must make no garbage",
                        m.benchmark(),
                        m.bytes()))
                .toList();
    }

    /** Runs one benchmark with all its parameters, each in a JVM of its own. */
    private static List<Measured> measure(String name, boolean quick) throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("\\." + Pattern.quote(name) + "$")
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true);
        if (quick) {
            // Long enough for the optimising compiler, which is what makes launches of graphs free of garbage.
            options.warmupIterations(4)
                    .warmupTime(TimeValue.milliseconds(200))
                    .measurementIterations(4)
                    .measurementTime(TimeValue.milliseconds(150));
        }
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(log, true, StandardCharsets.UTF_8);
        try {
            return new Runner(options.build(), OutputFormatFactory.createFormatInstance(out, VerboseMode.NORMAL))
                    .run().stream().map(HostBenchmarks::of).toList();
        } catch (RunnerException e) {
            System.err.print(log.toString(StandardCharsets.UTF_8));
            throw e;
        }
    }

    private static Measured of(RunResult run) {
        String name = run.getParams().getBenchmark().replace(HostBenchmarks.class.getPackageName() + ".", "");
        String parameters = String.join(
                ", ",
                run.getParams().getParamsKeys().stream()
                        .map(key -> run.getParams().getParam(key))
                        .toList());
        var more = run.getSecondaryResults();
        Result<?> rate = more.get(GIGABYTES);
        Result<?> result = rate != null ? rate : run.getPrimaryResult();
        return new Measured(
                parameters.isEmpty() ? name : name + " (" + parameters + ")",
                result.getScore(),
                result.getStatistics().getN() < LEAST_SAMPLES ? null : result.getScoreError(),
                rate != null ? "GB/s" : result.getScoreUnit(),
                // The least of the iterations: on a busy machine the optimising compiler may not be done with the
                // first.
                Objects.requireNonNull(more.get(ALLOCATED)).getStatistics().getMin());
    }
}
