package dev.clusca.tensor;

import java.util.Locale;

/** The element types that tensors and checkpoints hold. Little-endian throughout. */
public enum DType {
    F32(4),
    BF16(2),
    F16(2),
    F64(8),
    I32(4),
    I64(8);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** The name as options, reports and kernels write it: {@code f32}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether operations may compute with this type (the others only travel in checkpoints). */
    public boolean isCompute() {
        return this == F32 || this == BF16;
    }
}
