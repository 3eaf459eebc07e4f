package dev.clusca.bindings;

import java.util.List;

/**
 * The gate to cuBLASLt, NVIDIA's matrix products, of CUDA 13 or 12: what clusca uses is the same in both. A newer one is taken wherever it lies. It opens without a GPU.
 */
public final class CublasLtLibrary {
    private static final String PACKAGES =
            "CUDA 13 or 12 (or: pip install nvidia-cublas for CUDA 13, nvidia-cublas-cu12 for CUDA 12)";

    private static final LibrarySearch SEARCH =
            CudaToolkit.search(List.of("libcublasLt.so.13", "libcublasLt.so.12"), "clusca.cublaslt.path", PACKAGES);

    private static final NativeLibrary GATE =
            new NativeLibrary("cuBLASLt", CublasLtLibrary::open, Symbols.listedFor("cublaslt", PACKAGES));

    private CublasLtLibrary() {}

    /** The gate of this process. */
    public static NativeLibrary gate() {
        return GATE;
    }

    private static Loaded open() {
        CudaLibrary.requireMachinesDriver("cuBLASLt");
        return SEARCH.load();
    }
}
