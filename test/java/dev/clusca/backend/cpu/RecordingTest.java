package dev.clusca.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.OtherThread;
import dev.clusca.backend.PrefixState;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.backend.cpu.Twins.Twin;
import dev.clusca.backend.cpu.Twins.TwinLinear;
import dev.clusca.backend.cpu.Twins.TwinModulation;
import dev.clusca.backend.cpu.Twins.TwinSteps;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Operations that are noted once and enqueued often. */
class RecordingTest {
    private static final long FEW_BYTES = 4096;

    private final Twins twins = new Twins(1);
    private final Backend backend = twins.cpu;

    @AfterEach
    void close() {
        twins.close();
    }

    @Test
    void runsLaterAndAsOftenAsWanted() {
        TwinSteps steps = twins.step(Map.of());
        Tensor cursor = steps.cpu().cursor();
        cursor.memory().fill((byte) 0);
        Backend.Recording recording = backend.record(() -> {
            backend.ops().advance(steps.cpu());
            backend.ops().advance(steps.cpu());
        });
        assertThat(read(cursor)).isZero();
        recording.replay();
        recording.replay();
        assertThat(read(cursor)).isEqualTo(4);
    }

    @Test
    void isNotReplayedOnceClosed() {
        TwinSteps steps = twins.step(Map.of());
        Backend.Recording recording = backend.record(() -> backend.ops().advance(steps.cpu()));
        recording.close();
        recording.close();
        assertThatThrownBy(recording::replay)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("a recording was used after it was closed; keep it open for as long as it is in use");
    }

    private int read(Tensor cursor) {
        int[] value = new int[1];
        backend.read(cursor, MemorySegment.ofArray(value));
        return value[0];
    }

    @Test
    void holdsOperationsAlone() {
        Twin x = twins.random(DType.F32, 2, 3);
        assertThatThrownBy(() -> backend.record(() -> backend.read(x.cpu(), MemorySegment.ofArray(new float[6]))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cannot be part of a recording");
        assertThatThrownBy(() -> backend.record(() -> backend.write(x.cpu(), MemorySegment.ofArray(new float[6]))))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> backend.record(() -> backend.record(() -> {})))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> backend.record(backend::close))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closing the backend cannot be part of a recording");
        // The backend is as it was.
        backend.read(x.cpu(), MemorySegment.ofArray(new float[6]));
    }

    /** Taken into this one's recording, they would be replayed when their memory is gone. */
    @Test
    void takesNothingFromOtherThreads() {
        TwinSteps mine = twins.step(Map.of());
        TwinSteps theirs = twins.step(Map.of());
        mine.cpu().cursor().memory().fill((byte) 0);
        theirs.cpu().cursor().memory().fill((byte) 0);
        List<String> refused = new ArrayList<>();
        Backend.Recording recording = backend.record(() -> {
            backend.ops().advance(mine.cpu());
            List<Runnable> calls = List.of(
                    () -> backend.ops().advance(theirs.cpu()),
                    backend::mark,
                    () -> backend.record(() -> {}),
                    () -> read(theirs.cpu().cursor()),
                    backend::close);
            refused.addAll(OtherThread.refusals(calls));
        });
        assertThat(refused)
                .hasSize(5)
                .containsOnly(
                        "thread '" + Thread.currentThread().getName()
                                + "' is recording on this cpu backend, which one thread at a time may use; open a backend for each thread, or let them take turns");
        recording.replay();
        assertThat(read(mine.cpu().cursor())).isEqualTo(1);
        assertThat(read(theirs.cpu().cursor())).isZero();
    }

    /** Neither what they use, nor the recording that they try to make, changes on which arenas this one rests. */
    @Test
    void restsOnArenasOfItsOwnOperations() {
        Backend.Recording recording;
        try (Arena mine = Arena.ofShared()) {
            Tensor source = backend.upload(mine, new float[] {1, 2}, Shape.of(2));
            Tensor target = backend.upload(mine, new float[2], Shape.of(2));
            try (Arena theirs = Arena.ofShared()) {
                Tensor other = backend.upload(theirs, new float[2], Shape.of(2));
                recording = backend.record(() -> {
                    List<Runnable> calls =
                            List.of(() -> backend.ops().cast(source, other), () -> backend.record(() -> {}));
                    assertThat(OtherThread.refusals(calls)).hasSize(2);
                    backend.ops().cast(source, target);
                });
            }
            recording.replay();
            float[] values = new float[2];
            backend.read(target, MemorySegment.ofArray(values));
            assertThat(values).containsExactly(1, 2);
        }
        assertThatThrownBy(recording::replay)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("whose arena was closed");
        recording.close();
        assertThatThrownBy(recording::replay)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("a recording was used after it was closed");
    }

    /** Even if whoever records goes on after the refusal. */
    @Test
    void leavesOutWhatItRefuses() {
        assertThatThrownBy(() -> backend.record(() -> backend.limits(DType.F32)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "limits cannot be part of a recording; record operations alone, and do this before or after");
        Worker worker = new Worker();
        AtomicInteger runs = new AtomicInteger();
        Backend.Recording recording =
                worker.record(() -> assertThatThrownBy(() -> worker.run("count", runs::incrementAndGet))
                        .isInstanceOf(IllegalStateException.class));
        recording.replay();
        worker.mark().await();
        assertThat(runs).hasValue(0);
        worker.run("count", runs::incrementAndGet);
        assertThat(runs).hasValue(1);
        worker.close(() -> {});
    }

    /**
     * After the JVM has compiled the path, replaying a cached step's operations leaves nothing for the collector, in this thread or in the worker's. The worker has something long to do first,
     * so that it stays behind: each of its waits for work would leave a node.
     */
    @Test
    void replayingMakesNoGarbage() {
        int tokens = 160;
        int width = 64;
        TwinSteps steps = twins.step(Map.of(
                Column.TERMS,
                2.0,
                Column.FACTOR_0,
                1.0,
                Column.FACTOR_1,
                -1.0,
                Column.LADDER_TERMS,
                2.0,
                Column.LADDER_DIVISOR,
                -2.0));
        TwinModulation modulation = twins.modulation(DType.F32, 1, width, steps);
        TwinLinear layer = twins.linear(width, width, true, DType.F32, DType.BF16);
        Twin x = twins.random(DType.F32, 1, tokens, width);
        Twin normed = twins.random(DType.BF16, 1, tokens, width);
        Twin qkv = twins.random(DType.BF16, 1, tokens, 3L * width);
        CachedLayers layers = new CachedLayers(
                twins.random(DType.BF16, 2, 2, 1, tokens, width).cpu(),
                twins.random(DType.BF16, 2, 2, 1, tokens, width).cpu(),
                twins.random(DType.F32, 2, 3, 2, 4, width).cpu(),
                modulation.cpu().conditions(),
                steps.cpu(),
                0,
                1);
        PrefixState state = new PrefixState(
                twins.of(
                                DType.I32,
                                new long[] {1, tokens},
                                IntStream.range(0, tokens)
                                        .mapToDouble(i -> i % 2)
                                        .toArray())
                        .cpu(),
                twins.of(DType.I32, new long[] {2, 1, 2}, 0, 1, 2, 3).cpu(),
                twins.of(DType.F32, new long[] {3, 2}, 1, 1, 1, 1, 1, 1).cpu(),
                twins.random(DType.F32, 2, 1, 2, width).cpu(),
                twins.random(DType.F32, 2, 1, 2, width).cpu(),
                twins.random(DType.F32, 1, 2, width).cpu(),
                0.1f);
        Tensor product = twins.random(DType.BF16, 1, tokens, width).cpu();
        Tensor few = twins.random(DType.F32, 1, 2, width).cpu();
        Backend.Recording recording = backend.record(() -> {
            var ops = backend.ops();
            ops.layerNormModulate(x.cpu(), modulation.cpu(), 0, 1, 1e-6f, normed.cpu());
            ops.gemm(normed.cpu(), layer.cpu(), Activation.GELU_TANH, product);
            ops.attention(qkv.cpu(), 2, normed.cpu());
            ops.gemmResidual(normed.cpu(), layer.cpu(), modulation.cpu(), 2, null, x.cpu());
            ops.ladderUpdate(x.cpu(), layers.attention().slice(0), steps.cpu());
            ops.prefixPass(layers, state, x.cpu());
            ops.prefixGather(state, 1, few);
            ops.prefixRefresh(few, layers, state, 1);
            ops.prefixClose(state, x.cpu());
            ops.forecastPass(layers, x.cpu());
        });
        TwinLinear large = twins.linear(1024, 1024, false, DType.F32, DType.F32);
        Tensor many = twins.random(DType.F32, 1024, 1024).cpu();
        Tensor result = twins.random(DType.F32, 1024, 1024).cpu();
        Backend.Recording first = backend.record(() -> backend.ops().gemm(many, large.cpu(), Activation.NONE, result));
        long worker = worker();
        long least = Long.MAX_VALUE;
        // Until the compiler has removed what leaves no method: how soon depends on what else it has to compile.
        for (int round = 0; round < 200 && least >= FEW_BYTES; round++) {
            long before = allocated(worker);
            first.replay();
            for (int i = 0; i < 1000; i++) {
                recording.replay();
            }
            backend.synchronize();
            least = Math.min(least, allocated(worker) - before);
        }
        // The mark at the end of a round, and the nodes on which threads wait for each other, are all there is: less
        // than a byte an operation.
        assertThat(least).as("bytes that 11,000 operations allocated").isLessThan(FEW_BYTES);
    }

    /** Bytes that this thread and the worker's have allocated. */
    private static long allocated(long worker) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return threads.getCurrentThreadAllocatedBytes() + threads.getThreadAllocatedBytes(worker);
    }

    private static long worker() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("clusca-cpu"))
                .mapToLong(Thread::threadId)
                .max()
                .orElseThrow();
    }
}
