package dev.clusca.bindings.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Writes land at their offsets, and nowhere else. */
class ParameterMemoryTest {
    private final ParameterMemory memory = new ParameterMemory(20, 0, 8, 16);

    private MemorySegment argument(int index, long bytes) {
        return memory.table().getAtIndex(ValueLayout.ADDRESS, index).reinterpret(bytes);
    }

    @Test
    void theTableLeadsToWhatWasSet() {
        memory.putLong(0, Long.MIN_VALUE);
        memory.putInt(8, -7);
        memory.putFloat(16, 1.5f);
        assertThat(argument(0, 8).address() % 128).isZero();
        assertThat(argument(0, 8).get(ValueLayout.JAVA_LONG, 0)).isEqualTo(Long.MIN_VALUE);
        assertThat(argument(1, 4).get(ValueLayout.JAVA_INT, 0)).isEqualTo(-7);
        assertThat(argument(2, 4).get(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(1.5f);
        memory.put(4, MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5}), 4);
        assertThat(argument(0, 8).get(ValueLayout.JAVA_INT, 4)).isEqualTo(0x04030201);
    }

    @Test
    void nothingIsWrittenOutside() {
        for (ThrowingCallable outside : List.<ThrowingCallable>of(
                () -> memory.putLong(13, 1),
                () -> memory.putLong(-1, 1),
                () -> memory.putInt(17, 1),
                () -> memory.putInt(-1, 1),
                () -> memory.putFloat(Integer.MAX_VALUE, 1),
                () -> memory.put(17, MemorySegment.ofArray(new byte[4]), 4),
                () -> memory.put(0, MemorySegment.ofArray(new byte[3]), 4),
                () -> new ParameterMemory(0).putInt(0, 1),
                () -> new ParameterMemory(4, 4))) {
            assertThatThrownBy(outside).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }
}
