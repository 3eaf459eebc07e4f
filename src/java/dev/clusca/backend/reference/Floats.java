package dev.clusca.backend.reference;

import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** A float tensor's elements as float64, by their number in row-major order. Storing rounds once, to the tensor's type. */
final class Floats {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment memory;
    private final boolean bf16;

    Floats(Tensor tensor) {
        memory = tensor.memory();
        bf16 = tensor.dtype() == DType.BF16;
    }

    double get(long index) {
        return getFloat(index);
    }

    /** The element as the float32 that it is in either type. */
    float getFloat(long index) {
        return bf16 ? Bf16.toFloat(memory.getAtIndex(SHORT, index)) : memory.getAtIndex(FLOAT, index);
    }

    void set(long index, double value) {
        if (bf16) {
            memory.setAtIndex(SHORT, index, Bf16.fromDouble(value));
        } else {
            memory.setAtIndex(FLOAT, index, (float) value);
        }
    }

    /** A copy of {@code count} elements. */
    double[] read(long from, int count) {
        double[] values = new double[count];
        read(from, values, 0, count);
        return values;
    }

    void read(long from, double[] target, int at, int count) {
        for (int i = 0; i < count; i++) {
            target[at + i] = get(from + i);
        }
    }

    /** A copy as float32, which holds either type exactly. */
    void read(long from, float[] target, int at, int count) {
        for (int i = 0; i < count; i++) {
            target[at + i] = getFloat(from + i);
        }
    }

    void write(long to, double[] source, int at, int count) {
        for (int i = 0; i < count; i++) {
            set(to + i, source[at + i]);
        }
    }
}
