package dev.clusca.emulator.ops;

import dev.clusca.emulator.ptx.Type;

/** The arrays that hold a warp's registers: a register lives in the one of its declared type. */
enum Bank {
    INT,
    FLOAT,
    LONG,
    DOUBLE,
    PREDICATE;

    static Bank of(Type type) {
        return switch (type) {
            case PRED -> PREDICATE;
            case F32 -> FLOAT;
            case F64 -> DOUBLE;
            case B64, U64, S64 -> LONG;
            default -> INT;
        };
    }
}
