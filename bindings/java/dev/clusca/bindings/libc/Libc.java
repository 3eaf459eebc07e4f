package dev.clusca.bindings.libc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.clusca.bindings.Calls;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/** Calls into the C library of this process. */
public final class Libc {
    private Libc() {}

    private static final class Setenv {
        static final MethodHandle HANDLE = link("setenv", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    }

    private static final class Geteuid {
        static final MethodHandle HANDLE = link("geteuid", FunctionDescriptor.of(JAVA_INT));
    }

    /**
     * Sets a variable in the environment that native code sees, unless it is set already. {@link System#getenv} does not see the change: the
     * JVM copied the environment when it started.
     *
     * @throws IllegalArgumentException when the name is empty or holds {@code =}
     */
    public static void setenvIfUnset(String name, String value) {
        try (Arena arena = Arena.ofConfined()) {
            int result = (int) Setenv.HANDLE.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 0);
            if (result != 0) {
                throw new IllegalArgumentException(
                        "setenv refuses the name \"" + name + "\"; expected one without '='");
            }
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    /** The numeric id of the user whose rights this process has. */
    public static int effectiveUserId() {
        try {
            return (int) Geteuid.HANDLE.invokeExact();
        } catch (Throwable t) {
            throw Calls.rethrow(t);
        }
    }

    private static MethodHandle link(String symbol, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(symbol), type);
    }
}
