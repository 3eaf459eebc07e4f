package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.cases.ModelCases;
import dev.clusca.cases.ModelShape;
import dev.clusca.cases.OpCase;
import dev.clusca.measure.KernelBenchmark.Baselines;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class KernelBenchmarkTest {
    private static final Method QUICK = new Method(CacheMode.COLD, 0.01, Duration.ofMillis(100));
    private static final int ATTEMPTS = 20;
    /** Uncertainty of a measurement that nobody disturbs: two of them leave 3 % room for a verdict. */
    private static final double IDLE = 0.01;

    private static final Function<DType, Roof> ROOF = _ -> new Roof(1e10, 1e11, 0, "made up");
    private static final Function<DType, Roof> FAR_ROOF = _ -> new Roof(1e14, 1e15, 0, "made up");
    private static Backend reference;

    @BeforeAll
    static void open() {
        reference = Backends.require("reference", BackendOptions.DEFAULT);
    }

    @AfterAll
    static void close() {
        reference.close();
    }

    private static OpCase gather(String shape) {
        return ModelCases.of(ModelShape.parse(shape), DType.F32, 1).stream()
                .filter(c -> c.op().equals("gatherRows"))
                .findFirst()
                .orElseThrow();
    }

    private static KernelResult run(Backend backend, OpCase c) {
        return run(backend, c, Baselines.NONE);
    }

    @Test
    void aResultSaysHowNearToTheRoofItIs() {
        OpCase c = gather("grid=4,width=32,heads=2");
        KernelResult result = run(new SteppedBackend(reference, () -> 50_000), c);
        assertThat(result.time().median()).isCloseTo(50, within(1e-6));
        assertThat(result.bytesPerSecond()).isCloseTo(c.cost().bytes() / 50e-6, within(1.0));
        assertThat(result.roof().isMemoryBound(c.cost())).isTrue();
        assertThat(result.ofRoof())
                .isCloseTo(result.bytesPerSecond() / result.roof().bytesPerSecond(), within(1e-9));
        assertThat(result.invalid()).isNull();
        assertThat(result.check().after()).isZero();
        assertThat(result.kernels()).isEmpty();
    }

    @Test
    void fasterThanTheDeviceIsInvalid() {
        KernelResult result = run(new SteppedBackend(reference, () -> 3_000), gather("grid=16,width=1152,heads=16"));
        assertThat(result.invalid()).contains("faster than the device can be");
        assertThat(result.toJson()).containsEntry("valid", false);
    }

    /** A roof that was measured while the machine was busy makes no result impossible, nor any that follows; one that stays where it was does. */
    @Test
    void whatBreaksTheRoofIsHeldAgainstASecondOne() {
        OpCase c = gather("grid=4,width=32,heads=2");
        double bytesPerSecond = c.cost().bytes() / 50e-6;
        List<Double> measured = new ArrayList<>();
        Function<DType, Roof> busyAtFirst = _ -> {
            measured.add(measured.isEmpty() ? bytesPerSecond / 2 : bytesPerSecond);
            return new Roof(measured.getLast(), 1e11, 0, "made up");
        };
        try (KernelBenchmark benchmark = new KernelBenchmark(
                new SteppedBackend(reference, () -> 50_000),
                reference,
                Baselines.NONE,
                0,
                QUICK,
                () -> false,
                busyAtFirst)) {
            KernelResult result = benchmark.run(c);
            assertThat(result.invalid()).isNull();
            assertThat(result.roof().bytesPerSecond()).isEqualTo(bytesPerSecond);
            assertThat(benchmark.run(c).ofRoof()).isCloseTo(1, within(1e-6));
            assertThat(measured).hasSize(2);
            assertThat(benchmark.roofs()).containsOnlyKeys("f32").containsEntry("f32", result.roof());
        }
    }

    @Test
    void wrongResultsAreInvalidHoweverFast() {
        SteppedBackend wrong = new SteppedBackend(reference, () -> 50_000) {
            @Override
            void gather(Tensor x, Tensor index, Tensor rows) {
                super.gather(x.rows(0, 1), index.rows(0, 1), rows.rows(0, 1));
            }
        };
        KernelResult result = run(wrong, gather("grid=4,width=32,heads=2"));
        assertThat(result.invalid()).contains("wrong results: before the measurement");
        assertThat(result.check().failures()).anyMatch(s -> s.startsWith("after the measurement"));
    }

    /** A kernel that is right at first and drifts: the check after the measurement finds it. */
    @Test
    void resultsThatGoWrongMeanwhileAreFound() {
        int[] calls = {0};
        SteppedBackend drifting = new SteppedBackend(reference, () -> 50_000) {
            @Override
            void gather(Tensor x, Tensor index, Tensor rows) {
                if (calls[0]++ < 100) {
                    super.gather(x, index, rows);
                } else {
                    super.gather(x.rows(1, 1), index.rows(0, 1), rows.rows(0, 1));
                }
            }
        };
        KernelResult result = run(drifting, gather("grid=4,width=32,heads=2"));
        assertThat(result.check().failures()).isNotEmpty().allMatch(s -> s.startsWith("after the measurement"));
    }

    @Test
    void theReferenceIsTheBaselineOfWhatHasNoRival() {
        OpCase c = gather("grid=4,width=32,heads=2");
        SteppedBackend measured = new SteppedBackend(reference, () -> 50_000);
        KernelResult.Baseline rival = new KernelResult.Baseline("another", 200);
        assertThat(run(measured, c, new Baselines(Map.of(c.name(), rival), true))
                        .baseline())
                .isEqualTo(rival);
        assertThat(run(measured, c, new Baselines(Map.of("other", rival), false))
                        .baseline())
                .isNull();
        assertThat(run(measured, c, new Baselines(Map.of("other", rival), true)).baseline())
                .satisfies(baseline -> {
                    assertThat(baseline.name()).isEqualTo("reference");
                    assertThat(baseline.micros()).isPositive();
                });
    }

    private static KernelResult run(Backend backend, OpCase c, Baselines baselines) {
        try (KernelBenchmark benchmark =
                new KernelBenchmark(backend, reference, baselines, 0, QUICK, () -> false, ROOF)) {
            return benchmark.run(c);
        }
    }

    @Test
    void aSlowDownOfATenthIsSlowerAndNoneTheSame() {
        OpCase c = gather("grid=4,width=32,heads=2");
        KernelResult before = run(new SteppedBackend(reference, () -> 50_000), c);
        assertThat(change(before, run(new SteppedBackend(reference, () -> 50_000), c)))
                .isEqualTo(Change.SAME);
        assertThat(change(before, run(new SteppedBackend(reference, () -> 55_000), c)))
                .isEqualTo(Change.SLOWER);
        assertThat(change(before, run(new SteppedBackend(reference, () -> 45_000), c)))
                .isEqualTo(Change.FASTER);
    }

    /**
     * A build that does the work eleven times instead of ten is found, one that does not is not: on this machine, in real time. Neighbours can spoil an attempt, which then says UNSURE, or something wrong;
     * where they spoil all of them nothing can be said.
     */
    @Test
    void aSlowDownOfATenthIsFoundOnTheCpu() {
        OpCase c = ModelCases.of(ModelShape.parse("grid=16,width=384,heads=6"), DType.F32, 1).stream()
                .filter(each -> each.op().equals("layerNormModulate"))
                .findFirst()
                .orElseThrow();
        Method method = new Method(CacheMode.WARM, 0.003, Duration.ofSeconds(1));
        double quietest = Double.POSITIVE_INFINITY;
        try (Backend cpu = Backends.open("auto", new BackendOptions(1))) {
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                KernelResult before = run(new RepeatingBackend(cpu, 10), c, method);
                KernelResult same = run(new RepeatingBackend(cpu, 10), c, method);
                KernelResult more = run(new RepeatingBackend(cpu, 11), c, method);
                if (change(before, same) == Change.SAME && change(same, more) == Change.SLOWER) {
                    return;
                }
                double drift =
                        Math.abs(Math.log(same.time().median() / before.time().median()));
                quietest = Math.min(
                        quietest,
                        DoubleStream.of(before.noise(), same.noise(), more.noise(), drift)
                                .max()
                                .orElseThrow());
            }
        }
        assumeThat(quietest)
                .as("the machine's own uncertainty in the quietest of %d attempts: it must be idle", ATTEMPTS)
                .isLessThan(IDLE);
        fail("a slow-down of a tenth was not told from none, although the machine was idle: uncertainty %s", quietest);
    }

    private static KernelResult run(Backend backend, OpCase c, Method method) {
        try (KernelBenchmark benchmark =
                new KernelBenchmark(backend, reference, Baselines.NONE, 1, method, () -> false, FAR_ROOF)) {
            return benchmark.run(c);
        }
    }

    private static Change change(KernelResult before, KernelResult after) {
        return KernelFile.Point.of(after).since(KernelFile.Point.of(before));
    }
}
