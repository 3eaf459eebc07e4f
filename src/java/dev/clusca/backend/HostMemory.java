package dev.clusca.backend;

import com.sun.management.OperatingSystemMXBean;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.jspecify.annotations.Nullable;

/** Tensors in the memory of this machine, for the backends that compute there. */
public final class HostMemory {
    /** A cache line, and the widest vector register of x86-64. */
    private static final int ALIGNMENT = 64;

    /** Stands for any thread but the owner of a confined arena; never started. */
    private static final Thread WORKER = Thread.ofPlatform().unstarted(() -> {});

    private HostMemory() {}

    /**
     * A tensor in memory of the arena, aligned to 64 bytes.
     *
     * @throws BackendException if memory does not suffice
     * @throws IllegalArgumentException if only one thread may use the arena's memory
     * @throws IllegalStateException if the arena is closed
     */
    public static Tensor allocate(Arena arena, DType dtype, Shape shape) {
        checkOpen(arena, dtype + "" + shape);
        long bytes = shape.bytes(dtype);
        MemorySegment memory;
        try {
            memory = arena.allocate(bytes, ALIGNMENT);
        } catch (OutOfMemoryError e) {
            throw new BackendException(
                    "no memory for " + dtype + shape + ": " + bytes + " bytes were asked for, " + free()
                            + ", and the JVM says: " + e.getMessage()
                            + ". Use fewer images at a time, or a machine with more memory; what Arena.ofAuto() gives is limited by -XX:MaxDirectMemorySize too, by default to the heap's -Xmx",
                    e);
        }
        Tensor tensor = Tensor.of(memory, dtype, shape);
        String problem = problem(tensor, WORKER);
        if (problem != null) {
            throw new IllegalArgumentException("allocate: " + tensor + " " + problem);
        }
        return tensor;
    }

    /**
     * Checks that an arena can still give memory.
     *
     * @param purpose for the message, as in {@code F32[2, 3]}
     */
    public static void checkOpen(Arena arena, String purpose) {
        if (!arena.scope().isAlive()) {
            throw new IllegalStateException(
                    "no memory for " + purpose + ": the arena that was to give it is closed; give one that is open");
        }
    }

    private static String free() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean machine
                ? machine.getFreeMemorySize() + " are free"
                : "an unknown number is free";
    }

    /** Access to host memory that every thread may use, as a backend with threads of its own needs it. */
    public static CheckedOps.Access shared() {
        return accessibleBy(WORKER);
    }

    /** Access to host memory that one thread may use. */
    static CheckedOps.Access accessibleBy(Thread thread) {
        return tensor -> problem(tensor, thread);
    }

    private static @Nullable String problem(Tensor tensor, Thread thread) {
        if (!tensor.isAccessibleBy(thread)) {
            return "lies in a confined arena, whose memory only the thread that opened it may use; allocate it in Arena.ofShared(), ofAuto() or global()";
        }
        if (!tensor.isHost()) {
            return "is an address without host memory behind it; this backend computes in host memory: allocate the tensor through it";
        }
        return null;
    }
}
