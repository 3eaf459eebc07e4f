package dev.clusca.bindings;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.cudnn.Cudnn;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The gate to cuDNN 9, NVIDIA's convolutions and attention. It opens without a GPU. */
public final class CudnnLibrary {
    private static final String PACKAGES = "cuDNN 9 for CUDA 13 (or: pip install nvidia-cudnn-cu13)";

    /** What {@code libcudnn.so.9} loads from its own folder when it is first called; where that fails it ends the process. */
    private static final String CORE = "libcudnn_graph.so.9";

    private static final long OLDEST = 90000;

    private static final LibrarySearch SEARCH =
            CudaToolkit.search(List.of("libcudnn.so.9"), "clusca.cudnn.path", PACKAGES);

    private static final NativeLibrary GATE =
            new NativeLibrary("cuDNN", CudnnLibrary::open, Symbols.listedFor("cudnn", PACKAGES));

    private CudnnLibrary() {}

    /** The gate of this process. */
    public static NativeLibrary gate() {
        return GATE;
    }

    /**
     * The version that the library itself reports, as in 92400.
     *
     * @throws NativeUnavailableException when cuDNN is not available
     */
    public static long version() {
        GATE.ensureAvailable();
        return Cudnn.cudnnGetVersion();
    }

    /** A version as people write it: {@code 9.24.0} for 92400. */
    public static String spelled(long version) {
        // Up to cuDNN 8 a major version counted a thousand.
        long major = version < OLDEST ? version / 1000 : version / 10000;
        long rest = version < OLDEST ? version % 1000 : version % 10000;
        return major + "." + rest / 100 + "." + rest % 100;
    }

    private static Loaded open() {
        CudaLibrary.requireMachinesDriver("cuDNN");
        Loaded loaded = SEARCH.load();
        requireCore(loaded.file());
        reported().ifPresent(version -> requireNewEnough(loaded.file(), version));
        return loaded;
    }

    private static void requireCore(Path library) {
        if (!Files.exists(library.resolveSibling(CORE))) {
            throw new NativeUnavailableException(
                    CORE + " does not lie beside " + library + ", and cuDNN ends the process without it",
                    "all libraries of cuDNN in one folder",
                    "install " + PACKAGES + ", or copy all libcudnn*.so.9 together",
                    null);
        }
    }

    /** Nothing where the function is missing: the gate then names it. */
    private static Optional<Long> reported() {
        return SymbolLookup.loaderLookup().find("cudnnGetVersion").map(CudnnLibrary::call);
    }

    private static long call(MemorySegment function) {
        try {
            return (long) Linker.nativeLinker()
                    .downcallHandle(function, FunctionDescriptor.of(JAVA_LONG))
                    .invokeExact();
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    private static void requireNewEnough(Path library, long version) {
        if (version < OLDEST) {
            throw new NativeUnavailableException(
                    library + " is cuDNN " + spelled(version), "cuDNN 9.0 or newer", "install " + PACKAGES, null);
        }
    }
}
