package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.Linear;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReferenceBackendTest {
    private final Fixture fixture = new Fixture(new BackendOptions(2));

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        fixture.close();
    }

    /** Enqueues work that fails when it runs. */
    private void fail() {
        Tensor x = fixture.random(DType.F32, 1, 2, 3);
        fixture.ops.gatherRows(x, fixture.ints(7).reshape(1, 1), fixture.poison(DType.F32, 1, 1, 3));
    }

    @Test
    void isFoundByItsName() {
        try (Backend backend = Backends.open("reference", new BackendOptions(3))) {
            assertThat(backend.name()).isEqualTo("reference");
            assertThat(backend.description()).contains("plain Java").contains("3 threads");
            assertThat(backend.ops()).isSameAs(backend.ops());
        }
    }

    @Test
    void writesAndReadsBytes() {
        Tensor tensor = fixture.poison(DType.F32, 2, 2);
        MemorySegment host = MemorySegment.ofArray(new float[] {1, 2, 3, 4});
        fixture.backend.write(tensor, host);
        float[] back = new float[2];
        fixture.backend.read(tensor.slice(1), MemorySegment.ofArray(back));
        assertThat(back).containsExactly(3, 4);
        assertThatThrownBy(() -> fixture.backend.write(tensor.slice(0), host))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("write: the host memory has 16 bytes; expected the 8 bytes of F32[2]");
    }

    @Test
    void allocatesAlignedMemory() {
        for (int i = 0; i < 5; i++) {
            Tensor tensor = fixture.backend.allocate(fixture.arena, DType.BF16, Shape.of(3));
            assertThat(tensor.address() % 64).isZero();
            assertThat(tensor.bytes()).isEqualTo(6);
        }
    }

    @Test
    void saysWhatWasAskedWhenMemoryIsShort() {
        assertThatThrownBy(() -> fixture.backend.allocate(fixture.arena, DType.F32, Shape.of(1L << 50)))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("F32[1125899906842624]")
                .hasMessageContaining("4503599627370496 bytes were asked for")
                .hasMessageContaining("are free")
                .hasMessageContaining("fewer images")
                .hasMessageContaining("-XX:MaxDirectMemorySize");
        assertThatThrownBy(() -> fixture.backend.allocate(fixture.arena, DType.F32, Shape.of(1L << 62)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("more bytes than a 64-bit count holds");
    }

    @Test
    void refusesMemoryOfAConfinedArena() {
        try (Arena confined = Arena.ofConfined()) {
            assertThatThrownBy(() -> fixture.backend.allocate(confined, DType.F32, Shape.of(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("confined arena")
                    .hasMessageContaining("Arena.ofShared()");
        }
    }

    @Test
    void aFailureSurfacesInTheNextCallAndStays() {
        Backend.Mark before = fixture.backend.mark();
        fail();
        before.await();
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(fixture.backend::synchronize)
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("gatherRows failed")
                    .hasMessageContaining("open another")
                    .hasCauseInstanceOf(IndexOutOfBoundsException.class);
        }
        Tensor tensor = Tensor.of(fixture.arena.allocate(4), DType.F32, Shape.of(1));
        assertThatThrownBy(() -> fixture.backend.read(tensor, MemorySegment.ofArray(new float[1])))
                .hasMessageContaining("gatherRows failed");
        assertThatThrownBy(() -> fixture.ops.cast(tensor, Tensor.of(fixture.arena.allocate(4), DType.F32, Shape.of(1))))
                .hasMessageContaining("gatherRows failed");
    }

    @Test
    void aFailureInAWorkerThreadSurfacesToo() {
        // The conditions of rows 0 to 6 are fine, those of row 7 are not.
        Tensor x = fixture.random(DType.F32, 8, 2, 3);
        var modulation = fixture.modulation(DType.F32, 8, 3, fixture.step(Map.of()));
        modulation.conditions().memory().setAtIndex(ValueLayout.JAVA_INT, 7, 2);
        fixture.ops.layerNormModulate(x, modulation, 0, 1, 0, fixture.poison(DType.F32, 8, 2, 3));
        assertThatThrownBy(fixture.backend::synchronize)
                .hasMessageContaining("the condition of batch row 7 is 2; expected 0 to 1");
    }

    @Test
    void marksMeasureTheTimeBetween() throws InterruptedException {
        Backend.Mark start = fixture.backend.mark();
        Thread.sleep(3);
        Backend.Mark end = fixture.backend.mark();
        end.await();
        assertThat(end.millisSince(start)).isGreaterThanOrEqualTo(3);
        try (Backend other = new ReferenceProvider().open(BackendOptions.DEFAULT)) {
            Backend.Mark foreign = other.mark();
            assertThatThrownBy(() -> end.millisSince(foreign)).hasMessageContaining("another backend");
        }
    }

    @Test
    void closesOnceAndForAll() {
        Backend backend = new ReferenceProvider().open(BackendOptions.DEFAULT);
        backend.close();
        backend.close();
        assertThatThrownBy(backend::mark)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was closed");
        assertThatThrownBy(() -> backend.allocate(fixture.arena, DType.F32, Shape.of(1)))
                .hasMessageContaining("was closed");
    }

    @Test
    void threadsDoNotChangeAProduct() {
        List<double[]> results = new ArrayList<>();
        for (int threads : new int[] {1, 3}) {
            try (Fixture other = new Fixture(new BackendOptions(threads))) {
                Linear layer = other.backend.linear(
                        other.arena, other.random(DType.F32, 300, 97), other.random(DType.F32, 300), DType.F32);
                Tensor out = other.poison(DType.F32, 70, 300);
                other.ops.gemm(other.random(DType.F32, 70, 97), layer, Activation.GELU_TANH, out);
                results.add(other.read(out));
            }
        }
        assertThat(results.get(1)).isEqualTo(results.get(0));
    }

    @Test
    void recordsAnEventForEveryOperation() throws IOException {
        Path file = folder.resolve("operations.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("dev.clusca.Operation").withoutThreshold();
            recording.start();
            fixture.ops.cast(fixture.floats(1), fixture.poison(DType.BF16, 1));
            fixture.ops.advance(fixture.step(Map.of()));
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        assertThat(events).extracting(e -> e.getString("operation")).containsExactly("cast", "advance");
        assertThat(events).extracting(e -> e.getString("backend")).containsOnly("reference");
    }
}
