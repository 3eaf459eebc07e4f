package dev.clusca.bindings;

import java.util.List;
import java.util.stream.Stream;

/** Where NVIDIA's installers, pip and conda put the libraries of the CUDA toolkit. */
final class CudaToolkit {
    private static final List<String> TOOLKIT = List.of("/usr/local/cuda/lib64", "/usr/local/cuda-*/lib64");

    private static final List<String> PYTHON = List.of(
            "$VIRTUAL_ENV/lib/python3*/site-packages/nvidia/*/lib",
            "$CONDA_PREFIX/lib",
            "$CONDA_PREFIX/lib/python3*/site-packages/nvidia/*/lib",
            "$HOME/.local/lib/python3*/site-packages/nvidia/*/lib",
            "/usr/local/lib/python3*/site-packages/nvidia/*/lib",
            "/usr/local/lib/python3*/dist-packages/nvidia/*/lib",
            "/usr/lib/python3/dist-packages/nvidia/*/lib");

    private CudaToolkit() {}

    /**
     * The search for one of its libraries.
     *
     * @param fileNames each with a version that the bindings fit, the preferred first
     * @param property the system property that names the file or its folder
     * @param packages what to install, to finish the sentence "install ..."
     */
    static LibrarySearch search(List<String> fileNames, String property, String packages) {
        return new LibrarySearch(
                fileNames,
                property,
                Stream.concat(TOOLKIT.stream(), PYTHON.stream()).toList(),
                "install " + packages + ", or name its folder with -D" + property + "=DIR");
    }
}
