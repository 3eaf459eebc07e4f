package dev.clusca.bindings;

import java.nio.file.Path;

/** The gate to cuBLASLt, NVIDIA's matrix products. It opens without a GPU. */
public final class CublasLtLibrary {
    private static final String PACKAGES = "CUDA 13 (or: pip install nvidia-cublas)";

    private static final LibrarySearch SEARCH =
            CudaToolkit.search("libcublasLt.so.13", "clusca.cublaslt.path", PACKAGES);

    private static final NativeLibrary GATE =
            new NativeLibrary("cuBLASLt", CublasLtLibrary::open, Symbols.listedFor("cublaslt", PACKAGES));

    private CublasLtLibrary() {}

    /** The gate of this process. */
    public static NativeLibrary gate() {
        return GATE;
    }

    private static Path open() {
        CudaLibrary.requireMachinesDriver("cuBLASLt");
        return SEARCH.load();
    }
}
