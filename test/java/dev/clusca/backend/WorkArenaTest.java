package dev.clusca.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkArenaTest {
    private static final Shape SHAPE = Shape.of(4, 256, 512);

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void anExceptionAmidEnqueuedWorkLeavesTheBackendUsable(String name) {
        try (Backend backend = Backends.require(name, BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            assertThatThrownBy(() -> leaveWithWorkInFlight(backend))
                    .hasMessage("in the middle")
                    .hasNoSuppressedExceptions();

            Tensor one = backend.allocate(arena, DType.F32, Shape.of(1));
            backend.write(one, MemorySegment.ofArray(new float[] {3}));
            float[] back = new float[1];
            backend.read(one, MemorySegment.ofArray(back));
            assertThat(back).containsExactly(3);
        }
    }

    private static void leaveWithWorkInFlight(Backend backend) {
        try (WorkArena work = new WorkArena(backend)) {
            Tensor a = backend.allocate(work.arena(), DType.F32, SHAPE);
            Tensor b = backend.allocate(work.arena(), DType.BF16, SHAPE);
            for (int i = 0; i < 20; i++) {
                backend.ops().cast(a, b);
                backend.ops().cast(b, a);
            }
            throw new IllegalStateException("in the middle");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void memoryIsGoneAfterClosingAndClosingAgainDoesNothing(String name) {
        try (Backend backend = Backends.require(name, BackendOptions.DEFAULT)) {
            WorkArena work = new WorkArena(backend);
            Tensor a = backend.allocate(work.arena(), DType.F32, SHAPE);
            work.close();
            work.close();
            assertThatThrownBy(a::address).hasMessageContaining("after its arena was closed");
        }
    }
}
