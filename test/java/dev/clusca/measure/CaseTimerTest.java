package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.cases.ModelCases;
import dev.clusca.cases.ModelShape;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.OpRun;
import dev.clusca.tensor.DType;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CaseTimerTest {
    private static final OpCase GATHER =
            ModelCases.of(ModelShape.parse("grid=4,width=32,heads=2"), DType.F32, 1).stream()
                    .filter(c -> c.op().equals("gatherRows"))
                    .findFirst()
                    .orElseThrow();

    private static Backend reference;

    @BeforeAll
    static void open() {
        reference = Backends.require("reference", BackendOptions.DEFAULT);
    }

    @AfterAll
    static void close() {
        reference.close();
    }

    private static Method method(CacheMode mode) {
        return new Method(mode, 0.005, Duration.ofMillis(200));
    }

    private static SteppedBackend every(LongSupplier nanos) {
        return new SteppedBackend(reference, nanos);
    }

    private static Timings time(SteppedBackend backend, Method method, long cacheBytes) {
        try (CaseTimer timer =
                new CaseTimer(backend, GATHER, new OpRun.Inputs(GATHER, 1), method, cacheBytes, null, true)) {
            return timer.run(() -> false).timings();
        }
    }

    @Test
    void aConstantTimeIsFoundExactly() {
        for (CacheMode mode : CacheMode.values()) {
            Timings timings = time(every(() -> 7_000), method(mode), 1 << 14);
            assertThat(timings.median()).as("%s", mode).isCloseTo(7, within(1e-6));
            assertThat(timings.noise()).isLessThan(1e-6);
            assertThat(timings.samples()).isBetween(Method.LEAST, 2 * 256);
        }
    }

    @Test
    void warmCallsAreOfOneCopy() {
        SteppedBackend backend = every(() -> 700_000);
        time(backend, method(CacheMode.WARM), 1 << 20);
        assertThat(new HashSet<>(backend.ran)).hasSize(1);
    }

    @Test
    void coldCallsTakeTurnsOverFourTimesTheCache() {
        SteppedBackend backend = every(() -> 700_000);
        long cache = 10 * GATHER.cost().bytes();
        time(backend, method(CacheMode.COLD), cache);
        assertThat(new HashSet<>(backend.ran)).hasSize(40);
        List<String> measured = backend.ran.subList(backend.ran.size() - 80, backend.ran.size());
        for (int i = 0; i < 40; i++) {
            assertThat(measured.get(i)).as("call %d", i).isEqualTo(measured.get(i + 40));
            assertThat(new HashSet<>(measured.subList(i, i + 40))).hasSize(40);
        }
    }

    @Test
    void flushedCallsFollowAFlushThatDoesNotCount() {
        SteppedBackend backend = every(() -> 700_000);
        Timings timings = time(backend, method(CacheMode.FLUSHED), 1 << 20);
        assertThat(timings.median()).isCloseTo(700, within(1e-6));
        int last = backend.ran.size() - 1;
        assertThat(backend.ran.subList(last - 5, last + 1))
                .containsSubsequence("flush", "flush", backend.ran.get(last));
        assertThat(backend.ran.get(last)).isNotEqualTo("flush");
    }

    /** There are at most 2048 copies, of which a cache of a quarter of that keeps a part. */
    @Test
    void coldCallsThatCopiesAloneDoNotKeepColdAreFlushed() {
        SteppedBackend backend = every(() -> 700_000);
        Timings timings =
                time(backend, method(CacheMode.COLD), 2048 * GATHER.cost().bytes());
        assertThat(timings.median()).isCloseTo(700, within(1e-6));
        int last = backend.ran.size() - 1;
        assertThat(backend.ran.subList(last - 2, last)).containsExactly("flush", "flush");
        assertThat(new HashSet<>(backend.ran)).hasSize(2048 + 1);
    }

    /** What warms up is what samples are made of, unless they take several calls or a part of the copies. */
    @Test
    void theSameCallsAreRecordedOnce() {
        SteppedBackend backend = every(() -> 700_000);
        time(backend, method(CacheMode.WARM), 1 << 20);
        assertThat(backend.recordings).isEqualTo(1);
        backend = every(() -> 300_000);
        time(backend, method(CacheMode.WARM), 1 << 20);
        assertThat(backend.recordings).isEqualTo(2);
    }

    /** Without a cure the median would swing by a tenth; the number of samples grows instead. */
    @Test
    void noiseTakesMoreSamples() {
        long[] calls = {0};
        Timings calm = time(every(() -> 700_000), method(CacheMode.WARM), 1 << 14);
        Timings noisy = time(every(() -> 700_000 + 31 * (calls[0]++ * 7919 % 2000)), method(CacheMode.WARM), 1 << 14);
        assertThat(calm.samples()).isLessThan(noisy.samples());
        assertThat(noisy.noise()).isPositive();
    }

    @Test
    void theLimitEndsWhatNoSampleCalms() {
        long[] calls = {0};
        long start = System.nanoTime();
        Timings wild = time(every(() -> 600_000 + 5_400 * (calls[0]++ * 7919 % 1001)), method(CacheMode.WARM), 1 << 14);
        assertThat(wild.noise()).isGreaterThan(0.005);
        assertThat(System.nanoTime() - start).isLessThan(Duration.ofSeconds(20).toNanos());
    }

    @Test
    void aMeasurementCanBeCancelled() {
        try (CaseTimer timer = new CaseTimer(
                every(() -> 1_000), GATHER, new OpRun.Inputs(GATHER, 1), method(CacheMode.WARM), 1 << 14, null, true)) {
            assertThatThrownBy(() -> timer.run(() -> true)).isInstanceOf(CancellationException.class);
        }
    }
}
