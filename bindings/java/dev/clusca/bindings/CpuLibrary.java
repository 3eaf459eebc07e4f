package dev.clusca.bindings;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The gate to clusca's own CPU kernels, which the clusca jar carries. They share one OpenMP runtime with oneDNN, so that one is loaded
 * first. Library and Java are built together, so no symbol is checked beforehand: {@link NativeLibrary#downcall} names one that is missing.
 */
public final class CpuLibrary {
    private static final String RESOURCE = "dev/clusca/natives/linux-x86_64/libclusca_cpu.so";
    private static final String REMEDY =
            "build clusca with ./clusca build, which needs gcc, and use the clusca jar it makes";
    private static final NativeLibrary GATE = new NativeLibrary(
            "clusca's CPU kernels",
            CpuLibrary::open,
            Symbols.unchecked("clusca and clusca-bindings in the same version"));

    private CpuLibrary() {}

    /** The gate of this process. */
    public static NativeLibrary gate() {
        return GATE;
    }

    private static Loaded open() {
        NativeResource resource = NativeResource.hashedBeside(RESOURCE, REMEDY);
        OpenMp.load();
        Path library = NativeCache.ofUser()
                .extract("clusca-cpu", version(), List.of(resource))
                .resolve(resource.fileName());
        NativeLoader.load(library);
        return Loaded.only(library);
    }

    /** The version in the jar's manifest; classes that come from a folder have none. */
    static String version() {
        @Nullable String version = CpuLibrary.class.getPackage().getImplementationVersion();
        return version == null ? "dev" : version;
    }
}
