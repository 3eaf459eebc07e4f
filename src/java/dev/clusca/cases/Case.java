package dev.clusca.cases;

/** One thing to verify: a line of the output. */
public interface Case {
    /** A path-like name that is unique, stable, and what {@code --op} selects by: {@code gemm/bf16/33x97x128/gelu}, {@code dit/kmeans/xl}. */
    String name();

    /** The types in words: {@code f32}, {@code bf16}, {@code bf16/f32}. */
    String dtype();

    /** The extents in words. */
    String shape();

    /**
     * Runs the case. What it throws counts as a failure with the exception's message; but an operation that the backend lacks, as {@link
     * dev.clusca.backend.OperationMissingException} says, is a reason to skip it.
     */
    Verdict run();
}
