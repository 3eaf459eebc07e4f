package dev.clusca.bindings.standin;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.Calls;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Calls functions of the program that calls the stand-in driver, by address, as a real driver calls them back. */
public final class HostFunctions {
    private HostFunctions() {}

    private static final class HostFunction {
        static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    private static final class SharedMemory {
        static final MethodHandle HANDLE =
                Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
    }

    /** Calls a {@code CUhostFn}. */
    public static void run(long callback, long userData) {
        try {
            HostFunction.HANDLE.invokeExact(at(callback), userData);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /** Asks a {@code CUoccupancyB2DSize} how much dynamic shared memory, in bytes, blocks of a size need. */
    public static long sharedMemoryFor(long callback, int blockSize) {
        try {
            return (long) SharedMemory.HANDLE.invokeExact(at(callback), blockSize);
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    private static MemorySegment at(long function) {
        if (function == 0) {
            throw new NullAddressException();
        }
        return MemorySegment.ofAddress(function);
    }
}
