package dev.clusca.cases;

import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The exact bits of a tensor of F32, BF16 or I32 in host memory, one int an element, so that a NaN keeps its payload.
 *
 * @param bits an F32's or I32's 32 bits, or a BF16's 16
 */
public record Raw(DType dtype, int[] bits) {
    public static Raw of(DType dtype, float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = dtype == DType.BF16 ? Bf16.fromFloat(values[i]) & 0xffff : Float.floatToRawIntBits(values[i]);
        }
        return new Raw(dtype, bits);
    }

    public static Raw of(int[] values) {
        return new Raw(DType.I32, values);
    }

    /** What a backend's memory held. */
    public static Raw of(DType dtype, MemorySegment memory) {
        int[] bits = new int[Math.toIntExact(memory.byteSize() / dtype.bytes())];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = dtype == DType.BF16
                    ? memory.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i) & 0xffff
                    : memory.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i);
        }
        return new Raw(dtype, bits);
    }

    /** Host memory as a backend takes it. */
    public MemorySegment memory() {
        if (dtype != DType.BF16) {
            return MemorySegment.ofArray(bits);
        }
        short[] halves = new short[bits.length];
        for (int i = 0; i < halves.length; i++) {
            halves[i] = (short) bits[i];
        }
        return MemorySegment.ofArray(halves);
    }

    public int length() {
        return bits.length;
    }

    /** Element {@code i} as a number; an I32 exactly. */
    public double at(int i) {
        return switch (dtype) {
            case BF16 -> Bf16.toFloat((short) bits[i]);
            case F32 -> Float.intBitsToFloat(bits[i]);
            default -> bits[i];
        };
    }

    public boolean isNaN(int i) {
        return Double.isNaN(at(i));
    }

    public float[] floats() {
        float[] out = new float[bits.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) at(i);
        }
        return out;
    }
}
