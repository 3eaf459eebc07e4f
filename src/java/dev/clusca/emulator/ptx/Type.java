package dev.clusca.emulator.ptx;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A PTX type, as in the suffix {@code .u32}: how many bytes it has and how its bits are read. */
public enum Type {
    PRED(0, Kind.PREDICATE),
    B8(1, Kind.BITS),
    B16(2, Kind.BITS),
    B32(4, Kind.BITS),
    B64(8, Kind.BITS),
    U8(1, Kind.UNSIGNED),
    U16(2, Kind.UNSIGNED),
    U32(4, Kind.UNSIGNED),
    U64(8, Kind.UNSIGNED),
    S8(1, Kind.SIGNED),
    S16(2, Kind.SIGNED),
    S32(4, Kind.SIGNED),
    S64(8, Kind.SIGNED),
    F16(2, Kind.PACKED),
    BF16(2, Kind.PACKED),
    F16X2(4, Kind.PACKED),
    BF16X2(4, Kind.PACKED),
    TF32(4, Kind.PACKED),
    F32(4, Kind.FLOAT),
    F64(8, Kind.FLOAT);

    /** How the bits are read. {@code PACKED} values (bf16 and its like) live in integer registers. */
    public enum Kind {
        PREDICATE,
        BITS,
        UNSIGNED,
        SIGNED,
        PACKED,
        FLOAT
    }

    private static final Map<String, Type> BY_NAME = new HashMap<>();

    static {
        for (Type type : values()) {
            BY_NAME.put(type.toString(), type);
        }
    }

    private final int bytes;
    private final Kind kind;

    Type(int bytes, Kind kind) {
        this.bytes = bytes;
        this.kind = kind;
    }

    /** The type of a suffix without its dot ({@code "u32"}), or null where that names no type. */
    public static @Nullable Type of(String suffix) {
        return BY_NAME.get(suffix);
    }

    /** Bytes in memory; 0 for a predicate, which has no place there. */
    public int bytes() {
        return bytes;
    }

    public Kind kind() {
        return kind;
    }

    public boolean isSigned() {
        return kind == Kind.SIGNED;
    }

    public boolean isFloat() {
        return kind == Kind.FLOAT;
    }

    /** The suffix without its dot. */
    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
