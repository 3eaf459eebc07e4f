package dev.clusca.emulator.ptx;

/** A PTX state space that variables and memory instructions name. {@code GENERIC} is the absence of a name. */
public enum Space {
    GENERIC,
    GLOBAL,
    SHARED,
    LOCAL,
    CONST,
    PARAM
}
