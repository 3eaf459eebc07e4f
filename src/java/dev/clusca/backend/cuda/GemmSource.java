package dev.clusca.backend.cuda;

import java.util.List;

/** Where a backend gets from who multiplies its matrices. */
interface GemmSource {
    /** The kernel families that the backend's operations use. */
    List<String> families();

    /** What it is, in words: {@code clusca's own kernels}. */
    String description();

    /**
     * Opens it on a stream whose context is current.
     *
     * @throws dev.clusca.backend.BackendException if it cannot be opened: why, and what to do
     */
    Gemm open(CudaQueue queue, Kernels kernels, Scratch scratch);
}
