package dev.clusca.checkpoint;

import dev.clusca.tensor.DType;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The element types that the safetensors format defines. A file may hold all of them; clusca computes from those that have a {@link #dtype}. */
enum StoredType {
    F32(32, DType.F32),
    BF16(16, DType.BF16),
    F16(16, DType.F16),
    F64(64, DType.F64),
    I32(32, DType.I32),
    I64(64, DType.I64),
    BOOL(8, null),
    U8(8, null),
    I8(8, null),
    I16(16, null),
    U16(16, null),
    U32(32, null),
    U64(64, null),
    C64(64, null),
    F8_E5M2(8, null),
    F8_E4M3(8, null),
    F8_E8M0(8, null),
    F8_E4M3FNUZ(8, null),
    F8_E5M2FNUZ(8, null),
    F6_E2M3(6, null),
    F6_E3M2(6, null),
    F4(4, null);

    private final int bits;
    private final @Nullable DType dtype;

    StoredType(int bits, @Nullable DType dtype) {
        this.bits = bits;
        this.dtype = dtype;
    }

    /** Size of one element in bits. */
    int bits() {
        return bits;
    }

    /** The type as which clusca reads it, or null. */
    @Nullable
    DType dtype() {
        return dtype;
    }

    static @Nullable StoredType named(String name) {
        return Arrays.stream(values())
                .filter(t -> t.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    /** As {@code F32, BF16, ...}: the types that clusca reads. */
    static String readable() {
        return Arrays.stream(values())
                .filter(t -> t.dtype != null)
                .map(Enum::name)
                .collect(Collectors.joining(", "));
    }
}
