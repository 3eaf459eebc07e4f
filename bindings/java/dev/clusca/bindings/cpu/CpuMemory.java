package dev.clusca.bindings.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.Calls;
import dev.clusca.bindings.CpuLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * Memory for tensors, aligned to 64 bytes, large pieces in huge pages. {@code Arena.allocate} would count it against the JVM's limit of direct memory, and clear it
 * first.
 */
public final class CpuMemory {
    private CpuMemory() {}

    private static final class Allocate {
        static final MethodHandle HANDLE =
                CpuLibrary.gate().downcall("clusca_cpu_allocate", FunctionDescriptor.of(ADDRESS, JAVA_LONG));
    }

    private static final class Free {
        static final MethodHandle HANDLE =
                CpuLibrary.gate().downcall("clusca_cpu_free", FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG));
    }

    /**
     * Memory that is freed with the arena, its contents undefined; null if the system has not that much.
     *
     * @param settle runs before it is freed: waits for native code that may still use it, which an arena does not know of
     * @param freed runs when it is freed, which is at once where the arena cannot take it
     */
    public static @Nullable MemorySegment allocate(Arena arena, long bytes, Runnable settle, Runnable freed) {
        MemorySegment memory;
        try {
            memory = (MemorySegment) Allocate.HANDLE.invokeExact(bytes);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
        if (memory.equals(MemorySegment.NULL)) {
            return null;
        }
        try {
            return memory.reinterpret(bytes, arena, whole -> {
                settle.run();
                free(whole, bytes, freed);
            });
        } catch (RuntimeException e) {
            free(memory, bytes, freed);
            throw e;
        }
    }

    private static void free(MemorySegment memory, long bytes, Runnable freed) {
        try {
            Free.HANDLE.invokeExact(memory, bytes);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
        freed.run();
    }
}
