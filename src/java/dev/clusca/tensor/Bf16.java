package dev.clusca.tensor;

/** Conversion between float32 and bfloat16 (the upper half of a float32), rounding to nearest, ties to even. */
public final class Bf16 {
    private Bf16() {}

    public static float toFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** The nearest bfloat16; every NaN becomes a quiet NaN of the same sign. */
    public static short fromFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fffffff) > 0x7f800000) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /** The nearest bfloat16 to a float64, rounded once (by way of a float32 it would be rounded twice, which differs next to ties). */
    public static short fromDouble(double value) {
        float nearest = (float) value;
        int bits = Float.floatToRawIntBits(nearest);
        // Round to odd: an inexact float32 whose last bit is 1 cannot look like a tie to the second rounding.
        if (nearest != value && !Float.isNaN(nearest) && (bits & 1) == 0) {
            bits += Math.abs((double) nearest) > Math.abs(value) ? -1 : 1;
        }
        return fromFloat(Float.intBitsToFloat(bits));
    }

    /** {@code value} rounded to bfloat16 precision. */
    public static float round(float value) {
        return toFloat(fromFloat(value));
    }
}
