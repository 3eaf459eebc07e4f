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

    /** A copy of {@code rows} rows, one after the other, of {@code width} elements. */
    double[][] readRows(long from, int rows, int width) {
        double[][] values = new double[rows][width];
        for (int row = 0; row < rows; row++) {
            read(from + (long) row * width, values[row], 0, width);
        }
        return values;
    }

    void read(long from, double[] target, int at, int count) {
        float[] values = new float[count];
        read(from, values, 0, count);
        for (int i = 0; i < count; i++) {
            target[at + i] = values[i];
        }
    }

    /** A copy as float32, which holds either type exactly. As a whole: single elements cost as much as a product of a few rows makes of them. */
    void read(long from, float[] target, int at, int count) {
        if (!bf16) {
            MemorySegment.copy(memory, FLOAT, from * Float.BYTES, target, at, count);
            return;
        }
        short[] values = new short[count];
        MemorySegment.copy(memory, SHORT, from * Short.BYTES, values, 0, count);
        for (int i = 0; i < count; i++) {
            target[at + i] = Bf16.toFloat(values[i]);
        }
    }

    void write(long to, double[] source) {
        int count = source.length;
        if (bf16) {
            short[] values = new short[count];
            for (int i = 0; i < count; i++) {
                values[i] = Bf16.fromDouble(source[i]);
            }
            MemorySegment.copy(values, 0, memory, SHORT, to * Short.BYTES, count);
            return;
        }
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) source[i];
        }
        MemorySegment.copy(values, 0, memory, FLOAT, to * Float.BYTES, count);
    }
}
