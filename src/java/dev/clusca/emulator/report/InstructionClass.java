package dev.clusca.emulator.report;

/** Groups of instructions that share a unit of the hardware. */
public enum InstructionClass {
    /** f32 add, multiply, fma, compare. */
    FLOAT,
    /** f64 arithmetic. */
    DOUBLE,
    /** Integer and logic arithmetic. */
    INTEGER,
    /** Moves and conversions. */
    MOVE,
    /** Approximate functions: ex2, rcp, rsqrt, tanh, lg2, sin, cos. */
    SPECIAL,
    /** mma and ldmatrix. */
    TENSOR,
    GLOBAL_LOAD,
    GLOBAL_STORE,
    SHARED_LOAD,
    SHARED_STORE,
    /** Local memory: spills and arrays indexed at run time. */
    LOCAL,
    /** Kernel parameters and constants. */
    CONSTANT,
    /** cp.async and its groups. */
    ASYNC_COPY,
    ATOMIC,
    /** Shuffles, votes, match, redux. */
    WARP,
    /** Barriers and fences. */
    BARRIER,
    /** Branches and the end. */
    CONTROL
}
