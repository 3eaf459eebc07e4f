package dev.clusca.bindings.blas;

import static java.lang.foreign.ValueLayout.ADDRESS;

import dev.clusca.bindings.CublasLtLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.ToIntFunction;

/** A handle of cuBLASLt, for the device of the context that is current when it is made. Used by one thread at a time. */
public final class LtHandle implements AutoCloseable {
    private final LtFunctions functions;
    private final MemorySegment handle;
    private boolean closed;

    private LtHandle(LtFunctions functions) {
        this.functions = functions;
        handle = created("cublasLtCreate", "a handle", functions::create);
    }

    /**
     * Of this process's cuBLASLt.
     *
     * @throws dev.clusca.bindings.NativeUnavailableException when that is not available
     * @throws BlasException when it finds no GPU, or none with the context that it needs
     */
    public static LtHandle open() {
        CublasLtLibrary.gate().ensureAvailable();
        return new LtHandle(new LtFunctions(CublasLtLibrary.gate().origin()));
    }

    /** Of the library in a file, whatever this process's is: for a stand-in, which the caller answers for. */
    public static LtHandle of(Path file) {
        return new LtHandle(new LtFunctions(file));
    }

    /**
     * The version of this process's cuBLASLt, as in {@code 13.1.1}; asked without a GPU.
     *
     * @throws dev.clusca.bindings.NativeUnavailableException when it is not available
     */
    public static String version() {
        CublasLtLibrary.gate().ensureAvailable();
        return version(LtFunctions.version(CublasLtLibrary.gate().origin()));
    }

    /** {@code major * 10000 + minor * 100 + patch}, since version 11.10; before that the major counted a thousand. */
    static String version(long number) {
        return number / 10_000 + "." + number / 100 % 100 + "." + number % 100;
    }

    LtFunctions functions() {
        return functions;
    }

    MemorySegment handle() {
        return handle;
    }

    /** What a function wrote to where it was told: a new object. */
    static MemorySegment created(String function, String purpose, ToIntFunction<MemorySegment> creator) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            BlasException.check(creator.applyAsInt(out), function, purpose);
            return out.get(ADDRESS, 0);
        }
    }

    /** Waits for the device. What a spoilt context held goes with it, so a refusal says nothing new. Closing again does nothing. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            functions.destroy(handle);
        }
    }
}
