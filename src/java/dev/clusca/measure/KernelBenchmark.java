package dev.clusca.measure;

import dev.clusca.backend.Backend;
import dev.clusca.backend.KernelUse;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.OpRun;
import dev.clusca.cases.Oracle;
import dev.clusca.cases.Verdict;
import dev.clusca.tensor.DType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Measures operations on a backend: each is checked against the reference before and after, timed in between, and held against the device's roof and a baseline.
 *
 * <pre>{@code
 * OpCase mine = OpCase.of("gemm", Precision.F32, "300x1024x4096")
 *         .in("a", DType.F32, Shape.of(300, 1024), Arg.Fill.bell(1))
 *         .linear(1024, 4096, true)
 *         .out("out", DType.F32, 300, 4096)
 *         .call(run -> run.ops().gemm(run.get("a"), run.linear(), Activation.NONE, run.get("out")));
 * try (KernelBenchmark benchmark = new KernelBenchmark(backend, reference)) {
 *     System.out.print(KernelTable.line(benchmark.run(mine)));
 * }
 * }</pre>
 *
 * <p>Used by one thread. The roof in a type is measured when the first operation of that type needs it.
 */
public final class KernelBenchmark implements AutoCloseable {
    static final long SEED = 1;
    /** The reference is known well enough sooner. */
    private static final Duration REFERENCE_LIMIT = Duration.ofMillis(300);

    private final Backend backend;
    private final Backend reference;
    private final Baselines baselines;
    private final int threads;
    private final Method method;
    private final BooleanSupplier cancelled;
    private final Function<DType, Roof> roofer;
    private @Nullable Probe probe;
    private final Map<DType, Roof> roofs = new EnumMap<>(DType.class);

    /**
     * Measures as {@link Method#DEFAULT} says, beside nothing.
     *
     * @param backend to measure, one of clusca's or your own; it needs {@code cast} too, which tells how fast the device is meanwhile, and {@code gemm}, for the roof
     * @param reference the oracle
     */
    public KernelBenchmark(Backend backend, Backend reference) {
        this(backend, reference, Baselines.NONE, 0, Method.DEFAULT, () -> false);
    }

    /**
     * @param reference the oracle
     * @param baselines what results stand beside
     * @param threads that the backend was opened with, 0 where it chose
     * @param cancelled asked between samples
     */
    public KernelBenchmark(
            Backend backend,
            Backend reference,
            Baselines baselines,
            int threads,
            Method method,
            BooleanSupplier cancelled) {
        this(backend, reference, baselines, threads, method, cancelled, dtype -> Roof.measure(backend, dtype));
    }

    /**
     * The same under a roof that is known.
     *
     * @param roofer the roof in a type
     */
    public KernelBenchmark(
            Backend backend,
            Backend reference,
            Baselines baselines,
            int threads,
            Method method,
            BooleanSupplier cancelled,
            Function<DType, Roof> roofer) {
        this.roofer = roofer;
        this.backend = backend;
        this.reference = reference;
        this.baselines = baselines;
        this.threads = threads;
        this.method = method;
        this.cancelled = cancelled;
    }

    private Roof roof(DType dtype) {
        return roofs.computeIfAbsent(dtype, roofer);
    }

    /**
     * Measures one operation.
     *
     * @throws OperationMissingException if the backend does not have it
     */
    public KernelResult run(OpCase c) {
        Oracle oracle = new Oracle(c, reference, SEED, false);
        List<String> failures = new ArrayList<>();
        Checked before = check(OpRun.of(backend, c, oracle.inputs(), false), oracle, "before", failures);
        Roof roof = roof(c.multipliedIn());
        MachineState start = MachineState.now();
        CaseTimer.Run run;
        Checked after;
        List<KernelUse> kernels;
        boolean memory = roof.isMemoryBound(c.cost());
        try (CaseTimer timer = new CaseTimer(backend, c, oracle.inputs(), method, roof.cacheBytes(), probe(), memory)) {
            run = timer.run(cancelled);
            kernels = timer.kernels();
            // What an operation in place left behind after thousands of calls has no reference: it is run afresh.
            after = check(
                    c.isInPlace() ? OpRun.of(backend, c, oracle.inputs(), false) : timer.result(),
                    oracle,
                    "after",
                    failures);
        }
        Map<String, Object> conditions = MachineState.now().since(start);
        if (roof.isImpossible(c.cost(), run.timings().median(), method.mode())) {
            // The roof may have been measured at a bad moment: only what is above a second one, too, is impossible.
            roof = roof.or(roofer.apply(c.multipliedIn()));
            roofs.put(c.multipliedIn(), roof);
        }
        return new KernelResult(
                new KernelResult.Subject(
                        c.op(), c.name(), c.multipliedIn().label(), c.shape(), backend.name(), threads, method.mode()),
                run.timings(),
                run.device(),
                c.cost(),
                roof,
                new KernelResult.Check(before.error, after.error, before.bound, failures),
                kernels,
                baseline(c, oracle),
                conditions,
                Change.NEW);
    }

    private Probe probe() {
        if (probe == null) {
            probe = new Probe(backend);
        }
        return probe;
    }

    /** The roofs that were needed so far, by type. */
    public Map<String, Roof> roofs() {
        Map<String, Roof> all = new TreeMap<>();
        roofs.forEach((dtype, roof) -> all.put(dtype.label(), roof));
        return all;
    }

    /** Frees what it holds of the backend. */
    @Override
    public void close() {
        if (probe != null) {
            probe.close();
        }
    }

    /**
     * What results stand beside.
     *
     * @param rivals by case
     * @param reference whether the reference stands in for them elsewhere
     */
    public record Baselines(Map<String, KernelResult.Baseline> rivals, boolean reference) {
        /** None. */
        public static final Baselines NONE = new Baselines(Map.of(), false);

        public Baselines {
            rivals = Map.copyOf(rivals);
        }
    }

    private record Checked(double error, double bound) {}

    private static Checked check(OpRun.Result result, Oracle oracle, String when, List<String> failures) {
        return switch (oracle.check(result)) {
            case Verdict.Passed passed -> new Checked(passed.error(), passed.bound());
            case Verdict.Failed failed -> {
                failed.reasons().forEach(reason -> failures.add(when + " the measurement, " + reason));
                // JSON has no NaN.
                yield new Checked(Double.isFinite(failed.error()) ? failed.error() : -1, Math.max(failed.bound(), 0));
            }
            case Verdict.Skipped skipped -> throw new IllegalStateException(skipped.reason());
        };
    }

    private KernelResult.@Nullable Baseline baseline(OpCase c, Oracle oracle) {
        KernelResult.Baseline rival = baselines.rivals().get(c.name());
        if (rival != null || !baselines.reference() || backend == reference) {
            return rival;
        }
        // What takes the reference long needs no second run to be known well enough.
        double micros =
                oracle.millis() > REFERENCE_LIMIT.toMillis() / 10.0 ? oracle.millis() * 1e3 : timeReference(c, oracle);
        return new KernelResult.Baseline(reference.name(), micros);
    }

    private double timeReference(OpCase c, Oracle oracle) {
        Method quick = new Method(CacheMode.WARM, method.noise(), REFERENCE_LIMIT);
        try (CaseTimer timer = new CaseTimer(reference, c, oracle.inputs(), quick, 0, null, false)) {
            return timer.run(cancelled).timings().median();
        }
    }
}
