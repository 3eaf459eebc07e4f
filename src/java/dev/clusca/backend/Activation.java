package dev.clusca.backend;

/** What {@link Ops#gemm} applies to its sums, after the bias and before rounding. */
public enum Activation {
    NONE,
    /** {@code 0.5 v (1 + tanh(sqrt(2/pi) (v + 0.044715 v^3)))}. */
    GELU_TANH,
    /** {@code v / (1 + exp(-v))}. */
    SILU
}
