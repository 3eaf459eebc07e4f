package dev.clusca.checkpoint;

import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/** The elements of a tensor in host memory as Java arrays, in row-major order. */
public final class Elements {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Elements() {}

    /** F32, BF16 and F16 exactly, F64 rounded to the nearest float. */
    public static float[] floats(Tensor tensor) {
        MemorySegment memory = tensor.memory();
        float[] out = new float[count(tensor)];
        switch (tensor.dtype()) {
            case F32 -> MemorySegment.copy(memory, FLOAT, 0, out, 0, out.length);
            case BF16 -> {
                for (int i = 0; i < out.length; i++) {
                    out[i] = Bf16.toFloat(memory.get(SHORT, 2L * i));
                }
            }
            case F16 -> {
                for (int i = 0; i < out.length; i++) {
                    out[i] = Float.float16ToFloat(memory.get(SHORT, 2L * i));
                }
            }
            case F64 -> {
                for (int i = 0; i < out.length; i++) {
                    out[i] = (float) memory.get(DOUBLE, 8L * i);
                }
            }
            case I32, I64 -> throw mismatch(tensor, "floating-point");
        }
        return out;
    }

    /** Every floating-point type exactly. */
    public static double[] doubles(Tensor tensor) {
        double[] out = new double[count(tensor)];
        if (tensor.dtype() == DType.F64) {
            MemorySegment.copy(tensor.memory(), DOUBLE, 0, out, 0, out.length);
            return out;
        }
        float[] floats = floats(tensor);
        for (int i = 0; i < out.length; i++) {
            out[i] = floats[i];
        }
        return out;
    }

    /** I32, and I64 if every element fits an int. */
    public static int[] ints(Tensor tensor) {
        MemorySegment memory = tensor.memory();
        int[] out = new int[count(tensor)];
        switch (tensor.dtype()) {
            case I32 -> MemorySegment.copy(memory, INT, 0, out, 0, out.length);
            case I64 -> {
                for (int i = 0; i < out.length; i++) {
                    long value = memory.get(LONG, 8L * i);
                    if (value != (int) value) {
                        throw new IllegalArgumentException(
                                "element " + i + " of " + tensor + " is " + value + ", which does not fit 32 bits");
                    }
                    out[i] = (int) value;
                }
            }
            case F32, BF16, F16, F64 -> throw mismatch(tensor, "integer");
        }
        return out;
    }

    /**
     * Tensors in host memory that follow one another along the outermost extent, as one tensor: of their dtype, or of F32 where they differ.
     *
     * @param parts F32, BF16, F16 or F64, of the same inner extents
     * @param arena holds the copy
     */
    public static Tensor concatenate(List<Tensor> parts, Arena arena) {
        DType first = parts.getFirst().dtype();
        DType dtype = parts.stream().allMatch(part -> part.dtype() == first) ? first : DType.F32;
        long rows = parts.stream().mapToLong(part -> part.shape().dim(0)).sum();
        Shape shape = parts.getFirst().shape().withOuter(rows);
        MemorySegment whole = arena.allocate(shape.elements() * dtype.bytes(), 64);
        long at = 0;
        for (Tensor part : parts) {
            MemorySegment source = part.dtype() == dtype ? part.memory() : MemorySegment.ofArray(floats(part));
            whole.asSlice(at, source.byteSize()).copyFrom(source);
            at += source.byteSize();
        }
        return Tensor.of(whole, dtype, shape);
    }

    private static int count(Tensor tensor) {
        long n = tensor.shape().elements();
        if (n > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(tensor + " has " + n
                    + " elements, more than a Java array holds; read it in parts with Tensor.rows");
        }
        return (int) n;
    }

    private static IllegalArgumentException mismatch(Tensor tensor, String wanted) {
        return new IllegalArgumentException(
                tensor + " was read as " + wanted + " numbers, which its dtype does not hold");
    }
}
