package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class KernelBenchmarkTest {
    private static final Method QUICK = new Method(CacheMode.COLD, 0.01, Duration.ofMillis(100));
    private static final int ATTEMPTS = 12;
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

    private static KernelBenchmark benchmark(Backend backend) {
        return new KernelBenchmark(backend, reference, Baselines.NONE, 0, QUICK, () -> false, ROOF);
    }

    @Test
    void aResultSaysHowNearToTheRoofItIs() {
        OpCase c = gather("grid=4,width=32,heads=2");
        KernelResult result =
                benchmark(new SteppedBackend(reference, () -> 50_000)).run(c);
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
        KernelResult result =
                benchmark(new SteppedBackend(reference, () -> 3_000)).run(gather("grid=16,width=1152,heads=16"));
        assertThat(result.invalid()).contains("faster than the device can be");
        assertThat(result.toJson()).containsEntry("valid", false);
    }

    @Test
    void wrongResultsAreInvalidHoweverFast() {
        SteppedBackend wrong = new SteppedBackend(reference, () -> 50_000) {
            @Override
            void gather(Tensor x, Tensor index, Tensor rows) {
                super.gather(x.rows(0, 1), index.rows(0, 1), rows.rows(0, 1));
            }
        };
        KernelResult result = benchmark(wrong).run(gather("grid=4,width=32,heads=2"));
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
        KernelResult result = benchmark(drifting).run(gather("grid=4,width=32,heads=2"));
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
        return new KernelBenchmark(backend, reference, baselines, 0, QUICK, () -> false, ROOF).run(c);
    }

    /** A build that does the work eleven times instead of ten is found, one that does not is not: on this machine, in real time. */
    @Test
    void aSlowDownOfATenthIsFoundOnTheCpu() {
        OpCase c = ModelCases.of(ModelShape.parse("grid=16,width=384,heads=6"), DType.F32, 1).stream()
                .filter(each -> each.op().equals("layerNormModulate"))
                .findFirst()
                .orElseThrow();
        Method method = new Method(CacheMode.WARM, 0.003, Duration.ofSeconds(1));
        Change unchanged = Change.UNSURE;
        Change slowed = Change.UNSURE;
        try (Backend cpu = Backends.open("auto", new BackendOptions(1))) {
            // A neighbour on the machine can spoil an attempt, which then says UNSURE, or something wrong; not all of
            // them.
            for (int attempt = 0;
                    attempt < ATTEMPTS && (unchanged != Change.SAME || slowed != Change.SLOWER);
                    attempt++) {
                KernelResult before = run(new RepeatingBackend(cpu, 10), c, method);
                KernelResult same = run(new RepeatingBackend(cpu, 10), c, method);
                KernelResult more = run(new RepeatingBackend(cpu, 11), c, method);
                unchanged = change(before, same);
                slowed = change(same, more);
            }
        }
        assertThat(unchanged).isEqualTo(Change.SAME);
        assertThat(slowed).isEqualTo(Change.SLOWER);
    }

    private static KernelResult run(Backend backend, OpCase c, Method method) {
        return new KernelBenchmark(backend, reference, Baselines.NONE, 1, method, () -> false, FAR_ROOF).run(c);
    }

    private static Change change(KernelResult before, KernelResult after) {
        return KernelFile.Point.of(after).since(KernelFile.Point.of(before));
    }
}
