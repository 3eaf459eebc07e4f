package dev.clusca.backend;

import dev.clusca.tensor.DType;

/** A linear layer's weights as one backend keeps them; made by {@link Backend#linear}, freed with its arena. */
public interface Linear {
    /** Width of the input, the summed extent K. */
    int inputs();

    /** Width of the output, N. */
    int outputs();

    /** The type it multiplies in; its input tensors have this type. */
    DType dtype();

    /** Whether a bias is added. */
    boolean hasBias();
}
