package dev.clusca.bindings.dnnl;

/** What a matrix product applies to its sums before it stores them. */
public enum DnnlActivation {
    NONE,
    GELU_TANH,
    /** {@code v / (1 + exp(-v))}. */
    SWISH
}
