package dev.clusca.bindings.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory that the CUDA driver gave, tied to the life of an arena. */
public final class ScopedMemory {
    private ScopedMemory() {}

    /**
     * An address of device memory. The segment has size zero, since Java cannot touch what lies there.
     *
     * @param release runs once, when the arena is closed, in the thread that closes it
     */
    public static MemorySegment device(long address, Arena arena, Runnable release) {
        return host(address, 0, arena, release);
    }

    /**
     * Host memory that the driver pinned.
     *
     * @param release runs once, when the arena is closed, in the thread that closes it
     */
    public static MemorySegment host(long address, long bytes, Arena arena, Runnable release) {
        return MemorySegment.ofAddress(address).reinterpret(bytes, arena, _ -> release.run());
    }
}
