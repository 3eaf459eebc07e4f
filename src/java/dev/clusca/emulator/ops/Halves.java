package dev.clusca.emulator.ops;

/** 16-bit floats as the low 16 bits of an int. */
final class Halves {
    private static final int CANONICAL_NAN = 0x7fff;

    private Halves() {}

    /** To bf16, nearest even; every NaN becomes 0x7fff, as GPUs do. */
    static int bf16(float x) {
        if (Float.isNaN(x)) {
            return CANONICAL_NAN;
        }
        int bits = Float.floatToRawIntBits(x);
        return bits + 0x7fff + (bits >>> 16 & 1) >>> 16;
    }

    static float fromBf16(int bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    static int f16(float x) {
        return Float.isNaN(x) ? CANONICAL_NAN : Float.floatToFloat16(x) & 0xffff;
    }

    static float fromF16(int bits) {
        return Float.float16ToFloat((short) bits);
    }
}
