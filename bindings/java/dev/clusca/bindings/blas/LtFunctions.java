package dev.clusca.bindings.blas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.Calls;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** The functions of one file of cuBLASLt, linked. Statuses are returned as they come. */
final class LtFunctions {
    private final MethodHandle create;
    private final MethodHandle destroy;
    private final MethodHandle descriptionCreate;
    private final MethodHandle descriptionDestroy;
    private final MethodHandle descriptionSet;
    private final MethodHandle layoutCreate;
    private final MethodHandle layoutDestroy;
    private final MethodHandle preferenceCreate;
    private final MethodHandle preferenceDestroy;
    private final MethodHandle preferenceSet;
    private final MethodHandle heuristic;
    private final MethodHandle matmul;

    /** The file stays loaded for the life of the process. */
    LtFunctions(Path file) {
        SymbolLookup lookup = SymbolLookup.libraryLookup(file, Arena.global());
        create = status(lookup, "cublasLtCreate", ADDRESS);
        destroy = status(lookup, "cublasLtDestroy", ADDRESS);
        descriptionCreate = status(lookup, "cublasLtMatmulDescCreate", ADDRESS, JAVA_INT, JAVA_INT);
        descriptionDestroy = status(lookup, "cublasLtMatmulDescDestroy", ADDRESS);
        descriptionSet = status(lookup, "cublasLtMatmulDescSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
        layoutCreate = status(lookup, "cublasLtMatrixLayoutCreate", ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        layoutDestroy = status(lookup, "cublasLtMatrixLayoutDestroy", ADDRESS);
        preferenceCreate = status(lookup, "cublasLtMatmulPreferenceCreate", ADDRESS);
        preferenceDestroy = status(lookup, "cublasLtMatmulPreferenceDestroy", ADDRESS);
        preferenceSet = status(lookup, "cublasLtMatmulPreferenceSetAttribute", ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
        heuristic = status(
                lookup,
                "cublasLtMatmulAlgoGetHeuristic",
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                JAVA_INT,
                ADDRESS,
                ADDRESS);
        matmul = status(
                lookup,
                "cublasLtMatmul",
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                JAVA_LONG,
                ADDRESS);
    }

    private static MethodHandle status(SymbolLookup lookup, String name, MemoryLayout... arguments) {
        return link(lookup, name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static MethodHandle link(SymbolLookup lookup, String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(lookup.findOrThrow(name), type);
    }

    /** What {@code cublasLtGetVersion} answers; nothing else is linked. */
    static long version(Path file) {
        SymbolLookup lookup = SymbolLookup.libraryLookup(file, Arena.global());
        try {
            return (long) link(lookup, "cublasLtGetVersion", FunctionDescriptor.of(JAVA_LONG))
                    .invokeExact();
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    int create(MemorySegment out) {
        return one(create, out);
    }

    int destroy(MemorySegment handle) {
        return one(destroy, handle);
    }

    int descriptionCreate(MemorySegment out, int compute, int scale) {
        try {
            return (int) descriptionCreate.invokeExact(out, compute, scale);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    int descriptionDestroy(MemorySegment description) {
        return one(descriptionDestroy, description);
    }

    int descriptionSet(MemorySegment description, int attribute, MemorySegment value, long bytes) {
        return set(descriptionSet, description, attribute, value, bytes);
    }

    int layoutCreate(MemorySegment out, int type, long rows, long columns, long leading) {
        try {
            return (int) layoutCreate.invokeExact(out, type, rows, columns, leading);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    int layoutDestroy(MemorySegment layout) {
        return one(layoutDestroy, layout);
    }

    int preferenceCreate(MemorySegment out) {
        return one(preferenceCreate, out);
    }

    int preferenceDestroy(MemorySegment preference) {
        return one(preferenceDestroy, preference);
    }

    int preferenceSet(MemorySegment preference, int attribute, MemorySegment value, long bytes) {
        return set(preferenceSet, preference, attribute, value, bytes);
    }

    int heuristic(
            MemorySegment handle,
            MemorySegment description,
            MemorySegment a,
            MemorySegment b,
            MemorySegment c,
            MemorySegment d,
            MemorySegment preference,
            int wanted,
            MemorySegment results,
            MemorySegment count) {
        try {
            return (int) heuristic.invokeExact(handle, description, a, b, c, d, preference, wanted, results, count);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    int matmul(
            MemorySegment handle,
            MemorySegment description,
            MemorySegment alpha,
            MemorySegment a,
            MemorySegment layoutA,
            MemorySegment b,
            MemorySegment layoutB,
            MemorySegment beta,
            MemorySegment c,
            MemorySegment layoutC,
            MemorySegment d,
            MemorySegment layoutD,
            MemorySegment algorithm,
            MemorySegment workspace,
            long workspaceBytes,
            MemorySegment stream) {
        try {
            return (int) matmul.invokeExact(
                    handle,
                    description,
                    alpha,
                    a,
                    layoutA,
                    b,
                    layoutB,
                    beta,
                    c,
                    layoutC,
                    d,
                    layoutD,
                    algorithm,
                    workspace,
                    workspaceBytes,
                    stream);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    private static int one(MethodHandle function, MemorySegment argument) {
        try {
            return (int) function.invokeExact(argument);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    private static int set(
            MethodHandle function, MemorySegment target, int attribute, MemorySegment value, long bytes) {
        try {
            return (int) function.invokeExact(target, attribute, value, bytes);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }
}
