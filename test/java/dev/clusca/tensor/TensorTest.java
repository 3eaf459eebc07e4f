package dev.clusca.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TensorTest {
    private final Arena arena = Arena.ofShared();

    @AfterEach
    void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    private Tensor tensor(DType dtype, long... extents) {
        Shape shape = Shape.of(extents);
        return Tensor.of(arena.allocate(shape.elements() * dtype.bytes(), 64), dtype, shape);
    }

    @Test
    void viewsShareMemory() {
        Tensor whole = tensor(DType.BF16, 4, 3, 2);
        assertThat(whole.bytes()).isEqualTo(48);
        Tensor slice = whole.slice(2);
        assertThat(slice.shape()).isEqualTo(Shape.of(3, 2));
        assertThat(slice.address()).isEqualTo(whole.address() + 2 * 3 * 2 * 2);
        slice.memory().set(ValueLayout.JAVA_SHORT, 0, (short) 7);
        assertThat(whole.memory().get(ValueLayout.JAVA_SHORT, 24)).isEqualTo((short) 7);
        Tensor rows = whole.rows(1, 2);
        assertThat(rows.shape()).isEqualTo(Shape.of(2, 3, 2));
        assertThat(rows.slice(1).address()).isEqualTo(slice.address());
        assertThat(whole.reshape(4, 6).slice(2).isSame(slice.reshape(6))).isTrue();
        assertThat(whole).hasToString("BF16[4, 3, 2]");
    }

    @Test
    void knowsOverlap() {
        Tensor whole = tensor(DType.F32, 4, 3);
        assertThat(whole.slice(0).overlaps(whole)).isTrue();
        assertThat(whole.slice(0).overlaps(whole.slice(1))).as("neighbours").isFalse();
        assertThat(whole.rows(0, 2).overlaps(whole.rows(1, 2))).isTrue();
        assertThat(whole.isSame(whole.reshape(3, 4))).as("another shape").isFalse();
        assertThat(whole.isSame(whole.rows(0, 4))).isTrue();
    }

    @Test
    void refusesViewsOutsideItself() {
        Tensor whole = tensor(DType.F32, 4, 3);
        assertThatThrownBy(() -> whole.slice(4)).hasMessageContaining("F32[4, 3]");
        assertThatThrownBy(() -> whole.slice(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> whole.rows(3, 2)).hasMessageContaining("2 rows from row 3 on");
        assertThatThrownBy(() -> whole.slice(Long.MAX_VALUE)).hasMessageContaining("row " + Long.MAX_VALUE);
        assertThatThrownBy(() -> whole.rows(1, Long.MAX_VALUE)).hasMessageContaining(Long.MAX_VALUE + " rows");
        assertThatThrownBy(() -> whole.reshape(5)).hasMessageContaining("12 elements are not 5");
        assertThatThrownBy(() -> Tensor.of(arena.allocate(8), DType.F32, Shape.of(3)))
                .hasMessageContaining("12 bytes")
                .hasMessageContaining("8");
    }

    /** What wraps around would pass for little, and native code would go on from there. */
    @Test
    void refusesMoreBytesThanACountHolds() {
        assertThatThrownBy(() -> Tensor.of(arena.allocate(64), DType.F32, Shape.of(1L << 61, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("F32[2305843009213693952, 2] has more bytes");
        assertThatThrownBy(() -> Tensor.wrap(0x1000, DType.BF16, Shape.of(1L << 62)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("BF16[4611686018427387904] has more bytes");
    }

    @Test
    void aWrappedAddressIsNotTouched() {
        Tensor device = Tensor.wrap(0x1000, DType.F32, Shape.of(2, 8));
        assertThat(device.isHost()).isFalse();
        assertThat(device.slice(1).address()).isEqualTo(0x1020);
        assertThatThrownBy(device::memory)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("F32[2, 8]");
        assertThat(Tensor.of(MemorySegment.ofArray(new byte[8]), DType.F32, Shape.of(2))
                        .isHost())
                .isTrue();
    }

    @Test
    void isNotUsedAfterItsArena() {
        Tensor tensor = tensor(DType.F32, 4);
        Tensor view = tensor.rows(1, 2);
        arena.close();
        assertThatThrownBy(view::address).hasMessageContaining("F32[2]").hasMessageContaining("arena was closed");
        assertThatThrownBy(tensor::memory).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void knowsWhoMayTouchIt() {
        try (Arena confined = Arena.ofConfined()) {
            Tensor tensor = Tensor.of(confined.allocate(4), DType.F32, Shape.of(1));
            assertThat(tensor.isAccessibleBy(Thread.currentThread())).isTrue();
            assertThat(tensor.isAccessibleBy(new Thread())).isFalse();
        }
        assertThat(tensor(DType.F32, 1).isAccessibleBy(new Thread())).isTrue();
    }
}
