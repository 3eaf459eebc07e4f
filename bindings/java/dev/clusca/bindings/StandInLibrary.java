package dev.clusca.bindings;

import static java.lang.foreign.ValueLayout.ADDRESS;

import dev.clusca.bindings.standin.DriverCalls;
import dev.clusca.bindings.standin.Upcalls;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.List;

/** Loads the stand-in {@code libcuda.so.1}, which the clusca jar carries, and makes it call Java. */
final class StandInLibrary {
    /** In a folder of its own, so that no search for the real driver comes upon it. */
    private static final String RESOURCE = "dev/clusca/natives/linux-x86_64/emulator/libcuda.so.1";

    private static final String REMEDY =
            "build clusca with ./clusca build, which needs gcc, and use the clusca jar it makes";

    private StandInLibrary() {}

    /**
     * Loads the library and installs the calls in it.
     *
     * @throws NativeUnavailableException when the library cannot be had
     */
    static Path open(DriverCalls calls) {
        NativeResource resource = NativeResource.hashedBeside(RESOURCE, REMEDY);
        Path library = NativeCache.ofUser()
                .extract("clusca-emulator", CpuLibrary.version(), List.of(resource))
                .resolve(resource.fileName());
        NativeLoader.load(library);
        install(Upcalls.resolver(calls));
        return library;
    }

    private static void install(MemorySegment resolver) {
        MemorySegment install = SymbolLookup.loaderLookup().findOrThrow("clusca_standin_install");
        try {
            Linker.nativeLinker()
                    .downcallHandle(install, FunctionDescriptor.ofVoid(ADDRESS))
                    .invokeExact(resolver);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }
}
