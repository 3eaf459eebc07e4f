package dev.clusca.bindings;

import java.util.List;

/** The gate to cuDNN 9, NVIDIA's convolutions and attention. It opens without a GPU. */
public final class CudnnLibrary {
    private static final String PACKAGES = "cuDNN 9 for CUDA 13 (or: pip install nvidia-cudnn-cu13)";

    private static final LibrarySearch SEARCH =
            CudaToolkit.search(List.of("libcudnn.so.9"), "clusca.cudnn.path", PACKAGES);

    private static final NativeLibrary GATE =
            new NativeLibrary("cuDNN", CudnnLibrary::open, Symbols.listedFor("cudnn", PACKAGES));

    private CudnnLibrary() {}

    /** The gate of this process. */
    public static NativeLibrary gate() {
        return GATE;
    }

    private static Loaded open() {
        CudaLibrary.requireMachinesDriver("cuDNN");
        return SEARCH.load();
    }
}
