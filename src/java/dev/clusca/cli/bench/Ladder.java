package dev.clusca.cli.bench;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendName;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.cases.OpCase;
import dev.clusca.cli.Session;
import dev.clusca.emulator.driver.EmulatedDriver;
import dev.clusca.measure.GpuModel;
import dev.clusca.measure.KernelBenchmark;
import dev.clusca.measure.KernelBenchmark.Baselines;
import dev.clusca.measure.KernelResult;
import dev.clusca.measure.Method;
import dev.clusca.measure.Roof;
import dev.clusca.measure.StaticBenchmark;
import dev.clusca.measure.StaticResult;
import dev.clusca.tensor.DType;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Each operation from its plainest form to the backend's, rung by rung: the reference in plain Java, the backend's variants that compute it otherwise, one thread, all threads. A rung is closed before the next one is opened:
 * two teams of threads would wake late.
 */
final class Ladder {
    private static final String LINE = "  %-28s %12s  %s%n";

    private final Session session;
    private final List<OpCase> cases;
    private final String top;
    private final BackendOptions options;
    private final Map<DType, Roof> roofs = new EnumMap<>(DType.class);
    /** What the rungs gave so far, by case. */
    private final Map<String, List<Step>> steps = new LinkedHashMap<>();

    /** @param top name of the last rung, which is not open */
    Ladder(Session session, List<OpCase> cases, String top, BackendOptions options) {
        this.session = session;
        this.cases = cases;
        this.top = top;
        this.options = options;
    }

    /** What a rung gave for a case: a number, the less the better, how to print it, and whether its results were right. */
    private record Step(String rung, double value, String text, boolean good) {}

    /**
     * A rung and how to open it.
     *
     * @param cases that are measured on it: what it computes otherwise than the last rung, or all
     */
    private record Rung(String label, String backend, BackendOptions options, List<OpCase> cases) {}

    /** Measures one operation on one rung. */
    @FunctionalInterface
    private interface Measurement {
        Step of(OpCase c);
    }

    /** Times every rung. */
    int timed(Backend reference, Method method) {
        measureRoofs();
        boolean good = time("reference, plain Java", cases, reference, reference, method);
        for (Rung rung : rungs()) {
            try (Backend backend = Backends.require(rung.backend, rung.options)) {
                good &= time(rung.label, rung.cases, backend, reference, method);
            }
        }
        print("");
        return good ? 0 : 1;
    }

    /** Every rung is under the roof of the last one: it is the same device. Measured twice, for it cannot be measured again when a rung goes through it. */
    private void measureRoofs() {
        try (Backend last = Backends.require(top, options)) {
            for (OpCase c : cases) {
                roofs.computeIfAbsent(
                        c.multipliedIn(), dtype -> Roof.measure(last, dtype).or(Roof.measure(last, dtype)));
            }
        }
    }

    private Roof roof(DType dtype) {
        return Objects.requireNonNull(roofs.get(dtype));
    }

    private boolean time(String label, List<OpCase> those, Backend backend, Backend reference, Method method) {
        try (KernelBenchmark benchmark = new KernelBenchmark(
                backend, reference, Baselines.NONE, options.threads(), method, session.cancelled(), this::roof)) {
            return climb(those, c -> {
                KernelResult result = benchmark.run(c);
                String invalid = result.invalid();
                double micros = result.time().median();
                String text = String.format(Locale.ROOT, "%.1f us", micros);
                return new Step(
                        label, micros, invalid == null ? text : text + "  INVALID: " + invalid, invalid == null);
            });
        }
    }

    /** Counts every rung on an emulated GPU. */
    int counted(Backend reference, EmulatedDriver emulator, GpuModel gpu) {
        boolean good = true;
        for (Rung rung : rungs()) {
            try (Backend backend = Backends.require(rung.backend, rung.options)) {
                good &= count(rung, backend, reference, emulator, gpu);
            }
        }
        print(", in the least time on " + gpu.name());
        return good ? 0 : 1;
    }

    private boolean count(Rung rung, Backend backend, Backend reference, EmulatedDriver emulator, GpuModel gpu) {
        StaticBenchmark benchmark = new StaticBenchmark(backend, reference, emulator, gpu);
        return climb(rung.cases, c -> {
            StaticResult result = benchmark.run(c);
            String text = String.format(
                    Locale.ROOT,
                    ">= %.2f us, %d instructions, %.2fx traffic",
                    result.boundMicros(),
                    result.counts().instructions(),
                    result.traffic());
            return new Step(
                    rung.label, result.boundMicros(), text, result.failures().isEmpty());
        });
    }

    /** Takes one rung with those cases that it has; whether all is well. */
    private boolean climb(List<OpCase> those, Measurement measurement) {
        boolean good = true;
        for (OpCase c : those) {
            session.checkCancelled();
            try {
                Step step = measurement.of(c);
                good &= step.good;
                steps.computeIfAbsent(c.name(), _ -> new ArrayList<>()).add(step);
            } catch (OperationMissingException e) {
                // The rung has no such operation.
            }
        }
        return good;
    }

    /** The rungs above the reference, the top included. */
    private List<Rung> rungs() {
        List<Rung> rungs = new ArrayList<>();
        Backends.variants(top).forEach((name, variant) -> {
            List<OpCase> otherwise = cases.stream()
                    .filter(c -> variant.operations().contains(c.op()))
                    .toList();
            if (!otherwise.isEmpty()) {
                rungs.add(new Rung(name, name, options, otherwise));
            }
        });
        if (BackendName.of(top).provider().equals("cpu") && options.threads() != 1) {
            rungs.add(new Rung(top + ", one thread", top, new BackendOptions(1), cases));
        }
        rungs.add(new Rung(top, top, options, cases));
        return rungs;
    }

    private void print(String what) {
        steps.forEach((name, rungs) -> {
            session.printf("%s%n", name);
            double before = Double.NaN;
            for (Step step : rungs) {
                session.printf(
                        LINE,
                        step.rung,
                        Double.isNaN(before) ? "" : String.format(Locale.ROOT, "%.2fx", before / step.value),
                        step.text);
                before = step.value;
            }
        });
        session.printf("%nThe factor is the gain over the rung before%s.%n", what);
    }
}
