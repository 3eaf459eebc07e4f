package dev.clusca.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.BackendProvider;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.bindings.cpu.CpuKernelException;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The cpu backend as a queue and as an owner of memory. */
class CpuBackendTest {
    private final Backend backend = new CpuProvider().open(new BackendOptions(2));
    private final Arena arena = Arena.ofShared();

    @AfterEach
    void close() {
        backend.close();
        arena.close();
    }

    @Test
    void saysWhatItRunsOn() {
        assertThat(new CpuProvider().probe()).isInstanceOf(BackendProvider.Probe.Usable.class);
        assertThat(backend.description()).contains("2 threads", "AVX").containsAnyOf("oneDNN 3.", "own products");
        assertThat(Processor.numbers("0-3,8,10-10")).containsExactly(0, 1, 2, 3, 8, 10);
        assertThat(Processor.threads(BackendOptions.DEFAULT))
                .isBetween(1, Runtime.getRuntime().availableProcessors());
    }

    @Test
    void failsInTheNextCallThatWaitsAndInEveryLaterOne() {
        StepTable steps = stepTable(1);
        backend.ops().advance(steps);
        Tensor feature = floats(1, 2, 3);
        backend.ops().ladderUpdate(feature, floats(1, 1, 2, 3), steps);
        // Not seen yet: enqueueing goes on.
        Tensor copy = floats(1, 2, 3);
        backend.ops().cast(feature, copy);

        assertThatThrownBy(backend::synchronize)
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("ladderUpdate")
                .hasMessageContaining("cursor")
                .hasCauseInstanceOf(CpuKernelException.class);
        assertThatThrownBy(() -> backend.ops().cast(feature, copy))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("cursor");
        assertThatThrownBy(() -> backend.allocate(arena, DType.F32, Shape.of(1)))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("cursor");
    }

    /** Of three tokens in two clusters: an index, or a label, that is none. */
    @ParameterizedTest
    @CsvSource({"-2, 0", "3, 0", "0, -1", "0, 2"})
    void failsAtIndicesAndLabelsOutsideTheirRange(int index, int label) {
        Tensor representatives = backend.allocate(arena, DType.I32, Shape.of(1, 2));
        Tensor labels = backend.allocate(arena, DType.I32, Shape.of(1, 3));
        representatives.memory().setAtIndex(ValueLayout.JAVA_INT, 0, -1);
        representatives.memory().setAtIndex(ValueLayout.JAVA_INT, 1, index);
        labels.memory().fill((byte) 0);
        labels.memory().setAtIndex(ValueLayout.JAVA_INT, 2, label);
        backend.ops().propagate(floats(1, 2, 4), representatives, labels, 0.5f, floats(1, 3, 4));
        assertThatThrownBy(backend::synchronize)
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("propagate")
                .hasMessageContaining("an index is -1 to N - 1, a label 0 to K - 1");
    }

    @Test
    void refusesMemoryOfOneThread() {
        try (Arena confined = Arena.ofConfined()) {
            assertThatThrownBy(() -> backend.allocate(confined, DType.F32, Shape.of(4)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("confined arena")
                    .hasMessageContaining("Arena.ofShared()");
            Tensor tensor = Tensor.of(confined.allocate(16), DType.F32, Shape.of(4));
            assertThatThrownBy(() -> backend.ops().cast(tensor, floats(4)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("confined arena");
            assertThatThrownBy(() -> backend.linear(confined, floats(4, 4), null, DType.F32))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("confined arena");
        }
        // None of these is the queue's failure.
        assertThatCode(backend::synchronize).doesNotThrowAnyException();
    }

    @Test
    void refusesMemoryOfTheHeapButTakesWeightsFromIt() {
        Tensor heap = Tensor.of(MemorySegment.ofArray(new float[] {1, 2, 3, 4}), DType.F32, Shape.of(2, 2));
        assertThatThrownBy(() -> backend.ops().cast(heap, floats(2, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Java heap");

        Linear layer = backend.linear(arena, heap, null, DType.F32);
        Tensor a = floats(1, 2);
        backend.write(a, MemorySegment.ofArray(new float[] {1, 10}));
        Tensor out = floats(1, 2);
        backend.ops().gemm(a, layer, Activation.NONE, out);
        assertThat(read(out)).containsExactly(21, 43);
    }

    @Test
    void copiesTheSourceOfAWriteBeforeItReturns() {
        for (int elements : new int[] {5, 1 << 20}) {
            Tensor target = floats(elements);
            float[] source = new float[elements];
            source[elements - 1] = 7;
            backend.write(target, MemorySegment.ofArray(source));
            source[elements - 1] = 8;
            assertThat(read(target)[elements - 1]).isEqualTo(7);
        }
    }

    @Test
    void marksTimeAndOrder() {
        Backend.Mark before = backend.mark();
        Tensor big = floats(1 << 22);
        backend.ops().cast(floats(1 << 22), big);
        Backend.Mark after = backend.mark();
        after.await();
        assertThat(after.millisSince(before)).isPositive();
        assertThat(before.millisSince(after)).isNegative();
        try (Backend other = new CpuProvider().open(new BackendOptions(1))) {
            Backend.Mark foreign = other.mark();
            assertThatThrownBy(() -> after.millisSince(foreign))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("another backend");
        }
    }

    @Test
    void saysHowMuchMemoryIsMissing() {
        assertThatThrownBy(() -> backend.allocate(arena, DType.F32, Shape.of(1L << 44)))
                .isInstanceOf(BackendException.class)
                .hasMessageStartingWith(
                        "out of memory: 67108864 MiB are needed for F32[17592186044416], and this process can take ");
        assertThatCode(backend::synchronize).doesNotThrowAnyException();
    }

    /** Twice what is free, of which nothing is written. */
    @Test
    void grantsAgainWhatWasFreed() {
        long quarter = Processor.freeMemory() / 4;
        for (int i = 0; i < 8; i++) {
            try (Arena shortLived = Arena.ofShared()) {
                backend.allocate(shortLived, DType.F32, Shape.of(quarter / Float.BYTES));
            }
        }
    }

    @Test
    void freesMemoryWithItsArena() throws IOException {
        long before = residentPages();
        for (int i = 0; i < 8; i++) {
            try (Arena shortLived = Arena.ofShared()) {
                backend.allocate(shortLived, DType.F32, Shape.of(32 << 20))
                        .memory()
                        .fill((byte) 1);
                for (int small = 0; small < 16; small++) {
                    Tensor tensor = backend.allocate(shortLived, DType.BF16, Shape.of(500_000));
                    assertThat(tensor.address() % 64).isZero();
                    tensor.memory().fill((byte) 1);
                }
            }
        }
        assertThat((residentPages() - before) * 4096)
                .as("bytes that stayed of 8 x 150 MB")
                .isLessThan(100L << 20);
    }

    @Test
    void noticesLayersAndTensorsWhoseArenaWasClosed() {
        Linear layer;
        try (Arena shortLived = Arena.ofShared()) {
            Tensor weight = floats(3, 2);
            layer = backend.linear(shortLived, weight, null, DType.F32);
        }
        Tensor a = floats(1, 2);
        Tensor out = floats(1, 3);
        assertThatThrownBy(() -> backend.ops().gemm(a, layer, Activation.NONE, out))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("arena was closed");
        backend.synchronize();
    }

    /** Every kind of product, and every instruction set, has its own order of weights: those of another would give other numbers without a word. */
    @Test
    void refusesLayersThatWerePackedForOtherProducts() {
        Tensor weight = floats(3, 2);
        Tensor a = floats(1, 2);
        Tensor out = floats(1, 3);
        List<BackendProvider.Variant> variants = new CpuProvider().variants();
        assertThat(variants).isNotEmpty();
        for (BackendProvider.Variant variant : variants) {
            try (Backend other = new CpuProvider().open(new BackendOptions(2, variant.name()))) {
                Linear theirs = other.linear(arena, weight, null, DType.F32);
                assertThatThrownBy(() -> backend.ops().gemm(a, theirs, Activation.NONE, out))
                        .as(other.name())
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("the layer was packed for")
                        .hasMessageContaining("make the layer with the backend that uses it");
            }
        }
        try (Backend twin = new CpuProvider().open(new BackendOptions(1))) {
            backend.ops().gemm(a, twin.linear(arena, weight, null, DType.F32), Activation.NONE, out);
            backend.synchronize();
        }
    }

    /** The first value tells that the work has begun, the last that it is done. */
    @Test
    void doesNotFreeMemoryUnderTheWorkThatUsesIt() {
        long elements = 16 << 20;
        VarHandle values = ValueLayout.JAVA_FLOAT.varHandle();
        MemorySegment target = arena.allocate(elements * Float.BYTES, 64);
        try (Arena shortLived = Arena.ofShared()) {
            Tensor source = backend.allocate(shortLived, DType.F32, Shape.of(elements));
            source.memory().fill((byte) 1);
            backend.ops().cast(source, Tensor.of(target, DType.F32, Shape.of(elements)));
            while ((float) values.getVolatile(target, 0L) == 0) {
                Thread.onSpinWait();
            }
        }
        assertThat((float) values.getVolatile(target, (elements - 1) * Float.BYTES))
                .isNotZero();
        backend.synchronize();
    }

    /** Kernels take addresses: whichever tensor is gone must be noticed before. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "table", "conditions", "rows", "cursor", "feature", "x"})
    void noticesEachTensorWhoseArenaWasClosed(String gone) {
        Linear layer = backend.linear(arena, floats(3, 3), null, DType.F32);
        Arena shortLived = Arena.ofShared();
        try {
            Function<String, Arena> life = name -> name.equals(gone) ? shortLived : arena;
            Tensor a = backend.allocate(life.apply("a"), DType.F32, Shape.of(1, 2, 3));
            Modulation modulation = new Modulation(
                    backend.allocate(life.apply("table"), DType.F32, Shape.of(1, 1, 1, 3)),
                    backend.allocate(life.apply("conditions"), DType.I32, Shape.of(1)),
                    new StepTable(
                            backend.allocate(life.apply("rows"), DType.F32, Shape.of(1, StepTable.Column.COUNT)),
                            backend.allocate(life.apply("cursor"), DType.I32, Shape.of(1))));
            Tensor feature = backend.allocate(life.apply("feature"), DType.F32, Shape.of(1, 2, 3));
            Tensor x = backend.allocate(life.apply("x"), DType.F32, Shape.of(1, 2, 3));
            modulation.conditions().memory().fill((byte) 0);
            modulation.steps().cursor().memory().fill((byte) 0);
            try (Backend.Recording recording =
                    backend.record(() -> backend.ops().gemmResidual(a, layer, modulation, 0, feature, x))) {
                recording.replay();
                backend.synchronize();
                shortLived.close();
                assertThatThrownBy(recording::replay)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageMatching("a recording uses .* arena was closed; keep the arena open .*");
                backend.synchronize();
            }
        } finally {
            if (shortLived.scope().isAlive()) {
                shortLived.close();
            }
        }
    }

    @Test
    void saysWhichArenaIsClosed() {
        Arena closed;
        try (Arena arena = Arena.ofShared()) {
            closed = arena;
        }
        assertThatThrownBy(() -> backend.allocate(closed, DType.F32, Shape.of(2, 3)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no memory for F32[2, 3]: the arena that was to give it is closed; give one that is open");
    }

    @Test
    void closesTwiceAndThenRefusesWork() {
        backend.close();
        backend.close();
        assertThatThrownBy(backend::mark)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void recordsEachOperation(@TempDir Path folder) throws IOException {
        try (Recording recording = new Recording()) {
            recording.enable("dev.clusca.Operation").withoutThreshold();
            recording.start();
            backend.ops().cast(floats(8), floats(8));
            backend.synchronize();
            recording.stop();
            Path file = folder.resolve("operations.jfr");
            recording.dump(file);
            List<RecordedEvent> events = RecordingFile.readAllEvents(file);
            assertThat(events).anySatisfy(event -> {
                assertThat(event.getString("operation")).isEqualTo("cast");
                assertThat(event.getString("backend")).isEqualTo("cpu");
            });
        }
    }

    private Tensor floats(long... extents) {
        Tensor tensor = backend.allocate(arena, DType.F32, Shape.of(extents));
        tensor.memory().fill((byte) 0);
        return tensor;
    }

    private StepTable stepTable(int steps) {
        Tensor cursor = backend.allocate(arena, DType.I32, Shape.of(1));
        cursor.memory().fill((byte) 0);
        return new StepTable(floats(steps, StepTable.Column.COUNT), cursor);
    }

    private float[] read(Tensor tensor) {
        float[] values = new float[(int) tensor.shape().elements()];
        backend.read(tensor, MemorySegment.ofArray(values));
        return values;
    }

    private static long residentPages() throws IOException {
        return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
    }
}
