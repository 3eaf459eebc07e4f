package dev.clusca.bindings;

import java.util.List;

/** The gate to cuBLAS 12, which JCublas 12 is linked with; a cuBLAS of CUDA 13 does not serve it. It opens without a GPU. */
public final class CublasLibrary {
    private static final String PACKAGES = "CUDA 12 (or: pip install nvidia-cublas-cu12)";

    private static final LibrarySearch SEARCH =
            CudaToolkit.search(List.of("libcublas.so.12"), "clusca.cublas.path", PACKAGES);

    private static final NativeLibrary GATE = new NativeLibrary(
            "cuBLAS 12",
            CublasLibrary::open,
            new Symbols(
                    PACKAGES,
                    List.of(
                            "cublasCreate_v2",
                            "cublasDestroy_v2",
                            "cublasGemmEx",
                            "cublasSetStream_v2",
                            "cublasSetWorkspace_v2"),
                    List.of()));

    private CublasLibrary() {}

    /** The gate of this process. */
    public static NativeLibrary gate() {
        return GATE;
    }

    /** It is linked with the cuBLASLt of its version, which pip puts beside it and tells the dynamic linker nothing of. */
    private static Loaded open() {
        CudaLibrary.requireMachinesDriver("cuBLAS");
        return SEARCH.loadAfter("libcublasLt.so.12");
    }
}
