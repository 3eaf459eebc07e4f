package dev.clusca.backend.reference;

import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** An I32 tensor's elements, by their number in row-major order. */
final class Ints {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment memory;

    Ints(Tensor tensor) {
        memory = tensor.memory();
    }

    int get(long index) {
        return memory.getAtIndex(INT, index);
    }

    /** An element that must lie in {@code from .. to}, both included. */
    int get(long index, String name, int from, int to) {
        int value = get(index);
        if (value < from || value > to) {
            throw new IndexOutOfBoundsException(
                    name + " " + index + " is " + value + "; expected " + from + " to " + to);
        }
        return value;
    }

    void set(long index, int value) {
        memory.setAtIndex(INT, index, value);
    }
}
