package dev.clusca.cli.bench;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.cases.OpCase;
import dev.clusca.cli.BackendChoice;
import dev.clusca.cli.Session;
import dev.clusca.cli.Usage;
import dev.clusca.cli.WorkKept;
import dev.clusca.emulator.driver.EmulatedDriver;
import dev.clusca.measure.CacheMode;
import dev.clusca.measure.Environment;
import dev.clusca.measure.GpuModel;
import dev.clusca.measure.History;
import dev.clusca.measure.KernelBenchmark;
import dev.clusca.measure.KernelBenchmark.Baselines;
import dev.clusca.measure.KernelFile;
import dev.clusca.measure.KernelResult;
import dev.clusca.measure.KernelTable;
import dev.clusca.measure.Method;
import dev.clusca.measure.RivalBenchmark;
import dev.clusca.measure.StaticBenchmark;
import dev.clusca.measure.StaticFile;
import dev.clusca.measure.StaticResult;
import dev.clusca.measure.StaticTable;
import dev.clusca.measure.plot.RooflineChart;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench kernels}: what each operation takes on a device, or with an emulated one what it costs. */
@Command(
        name = "kernels",
        header = "Measures operations at a model's sizes.",
        description = {
            "",
            "Each operation is checked against the reference, timed, and checked again. A line holds the median and its uncertainty, bytes and FLOPs a second beside this machine's peaks, "
                    + "the part of the roof that was reached, and how many times as long a baseline takes. A result that no device could reach, or that is wrong, is INVALID.",
            "",
            "With --emulate nothing is timed: instructions, sectors, bank conflicts, registers and occupancy of CUDA kernels, and the least time that a GPU needs for them.",
            ""
        },
        abbreviateSynopsis = true,
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  ./clusca bench kernels --plot roofline.png",
            "  ./clusca bench kernels '^gemm' --shapes dit-b/2 --dtype f32,bf16 --json gemm.json",
            "  ./clusca bench kernels '^attention' --ladder",
            "  ./clusca bench kernels --emulate --dtype bf16 --gpu h200 --json static.json"
        })
final class KernelsCommand implements Callable<Integer> {
    private static final String REFERENCE = "reference";

    private final Session session;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CaseOptions selection;

    @Mixin
    private BackendChoice choice;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            defaultValue = "cold",
            description =
                    "What the last-level cache holds: cold (copies of the tensors take turns), warm (the same ones again), flushed (other memory is written before each call). Default: ${DEFAULT-VALUE}.")
    private String mode;

    @Option(
            names = "--noise",
            paramLabel = "PERCENT",
            defaultValue = "0.5",
            description = "Measure until the median is known to this. Default: ${DEFAULT-VALUE}.")
    private double noise;

    @Option(
            names = "--limit",
            paramLabel = "SECONDS",
            defaultValue = "1",
            description = "Or until this much time was spent on a case. Default: ${DEFAULT-VALUE}.")
    private double limit;

    @Option(names = "--no-baseline", description = "Measure nothing but the backend.")
    private boolean alone;

    @Option(
            names = "--ladder",
            description = "Every rung from the plainest form of an operation to the backend's, and what each gains.")
    private boolean ladder;

    @Option(
            names = "--gpu",
            paramLabel = "NAME",
            description =
                    "With --emulate: the GPU whose least times are computed: a100, rtx3090, l4, rtx4090, h100, h200. Default: h200.")
    private @Nullable String gpu;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the results to this file.")
    private @Nullable Path json;

    @Option(names = "--plot", paramLabel = "FILE", description = "Draw them into the machine's roofline, as a PNG.")
    private @Nullable Path plot;

    @Option(names = "--record", description = "Add the results to this device's file in bench/history.")
    private boolean record;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print nothing but errors.")
    private boolean quiet;

    KernelsCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        List<OpCase> cases = selection.cases();
        if (!(noise > 0 && noise < 100)) {
            throw Usage.refuse(spec, "--noise is " + noise + " %, expected more than 0 and less than 100");
        }
        if (!(limit > 0 && limit <= 3600)) {
            throw Usage.refuse(spec, "--limit is " + limit + " s, expected more than 0 and at most 3600");
        }
        Method method = Usage.of(
                spec, () -> new Method(CacheMode.parse(mode), noise / 100, Duration.ofNanos((long) (limit * 1e9))));
        GpuModel model = Usage.of(spec, () -> GpuModel.parse(gpu == null ? "h200" : gpu));
        checkOutputs();
        BackendOptions options = choice.options();
        String name = backendName();
        Optional<EmulatedDriver> emulator = BackendChoice.emulator(name);
        if (emulator.isEmpty() && gpu != null) {
            throw Usage.refuse(
                    spec,
                    "--gpu computes the least times of an emulated GPU's kernels; add --emulate, or leave it out");
        }
        if (emulator.isPresent() && (plot != null || record)) {
            throw Usage.refuse(
                    spec,
                    "an emulated GPU gives counts, not times, which are neither drawn nor recorded; leave --plot and --record out, or keep the counts with --json");
        }
        List<String> ofTiming = Usage.given(spec, "--mode", "--noise", "--limit", "--no-baseline");
        if (emulator.isPresent() && !ofTiming.isEmpty()) {
            throw Usage.refuse(
                    spec,
                    String.join(", ", ofTiming) + (ofTiming.size() == 1 ? " is" : " are")
                            + " for timing, and nothing is timed on an emulated GPU; leave "
                            + (ofTiming.size() == 1 ? "it" : "them") + " out");
        }
        if (ladder) {
            Ladder rungs = new Ladder(session, cases, name, options);
            try (Backend reference = Backends.require(REFERENCE, options)) {
                return emulator.isPresent()
                        ? rungs.counted(reference, emulator.get(), model)
                        : rungs.timed(reference, method);
            }
        }
        // What results stand beside is measured before the backend itself is opened.
        Baselines baselines = alone || emulator.isPresent()
                ? Baselines.NONE
                : new Baselines(
                        RivalBenchmark.run(
                                name,
                                options,
                                cases,
                                method,
                                session.cancelled(),
                                note -> session.complain(note + "\n")),
                        true);
        try (Backend backend = choice.open();
                Backend reference = Backends.require(REFERENCE, options)) {
            return emulator.isPresent()
                    ? count(cases, backend, reference, emulator.get(), model)
                    : time(cases, backend, reference, method, baselines);
        }
    }

    /** The name of the backend that is taken, which is closed again. */
    private String backendName() {
        try (Backend backend = choice.open()) {
            return backend.name();
        }
    }

    private void checkOutputs() throws IOException {
        Outputs.check(spec, json, plot);
        if (record && session.home() == null) {
            throw Usage.refuse(
                    spec,
                    "--record writes into bench/history where clusca lies, which is not known; start it with its launcher, or write with --json");
        }
        if (ladder && (record || json != null || plot != null)) {
            throw Usage.refuse(spec, "a ladder is printed and not kept; leave --record, --json and --plot out");
        }
    }

    private int time(List<OpCase> cases, Backend backend, Backend reference, Method method, Baselines baselines)
            throws IOException {
        Environment environment = Environment.of(backend, session.home());
        History history = history(environment);
        say(
                "%s; %s, version %s, commit %s%n%n",
                backend.description(), method.mode().label(), environment.version(), environment.commit());
        say(KernelTable.head());
        List<KernelResult> results = new ArrayList<>();
        try (KernelBenchmark benchmark =
                new KernelBenchmark(backend, reference, baselines, choice.threads(), method, session.cancelled())) {
            for (OpCase c : cases) {
                try {
                    KernelResult result = benchmark.run(c);
                    result = history == null ? result : result.with(history.change(result));
                    results.add(result);
                    say(KernelTable.line(result));
                } catch (OperationMissingException e) {
                    say("%s: left out: %s%n", c.name(), e.getMessage());
                }
            }
            say("%n%s", KernelTable.foot(benchmark.roofs()));
        } catch (RuntimeException e) {
            // A file of results would lack the rest; records are whole, each for itself.
            record(history, environment, results);
            if (e instanceof CancellationException stopped && record && history != null && !results.isEmpty()) {
                throw new WorkKept("interrupted; the records of what was measured are in " + history.file(), stopped);
            }
            throw e;
        }
        // First: a file may turn out not to be writable, and results without a place in the plot.
        record(history, environment, results);
        if (json != null) {
            KernelFile.write(json, environment, results);
            say("wrote %s%n", json);
        }
        if (plot != null) {
            RooflineChart.of(KernelFile.of(environment, results)).write(plot);
            say("wrote %s%n", plot);
        }
        return results.isEmpty() || results.stream().anyMatch(r -> r.invalid() != null) ? 1 : 0;
    }

    private void record(@Nullable History history, Environment environment, List<KernelResult> results)
            throws IOException {
        if (record && history != null && !results.isEmpty()) {
            history.append(environment, results);
            say("added %d records to %s%n", results.size(), history.file());
        }
    }

    private @Nullable History history(Environment environment) throws IOException {
        Path home = session.home();
        return home == null ? null : History.of(home.resolve("bench").resolve("history"), environment);
    }

    private int count(List<OpCase> cases, Backend backend, Backend reference, EmulatedDriver emulator, GpuModel model)
            throws IOException {
        Environment environment = Environment.of(backend, session.home());
        say("%s%n%n%s", backend.description(), StaticTable.head(model));
        StaticBenchmark benchmark = new StaticBenchmark(backend, reference, emulator, model);
        List<StaticResult> results = new ArrayList<>();
        for (OpCase c : cases) {
            session.checkCancelled();
            try {
                StaticResult result = benchmark.run(c);
                results.add(result);
                say(StaticTable.line(result));
            } catch (OperationMissingException e) {
                say("%s: left out: %s%n", c.name(), e.getMessage());
            }
        }
        say("%n%s", StaticTable.foot());
        if (json != null) {
            StaticFile.write(json, environment, results);
            say("wrote %s%n", json);
        }
        return results.isEmpty() || results.stream().anyMatch(r -> !r.failures().isEmpty()) ? 1 : 0;
    }

    private void say(String text) {
        if (!quiet) {
            session.print(text);
        }
    }

    private void say(String format, Object... values) {
        if (!quiet) {
            session.printf(format, values);
        }
    }
}
