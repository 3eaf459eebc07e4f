package dev.clusca.bindings.driver;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Objects;

/**
 * The arguments of a kernel in native memory, and the table of their addresses that a launch takes. It lives for as long as somebody refers to it, so a write need not ask whether it still does; with
 * memory that can be closed, setting eight arguments costs half as much as their launch.
 */
public final class ParameterMemory {
    /** Tensor maps are aligned to this, everything else to less. */
    private static final int ALIGNMENT = 128;

    /** To the compiler a constant, of which a write leaves one instruction. Where that goes is checked here. */
    private static final MemorySegment EVERYTHING = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private final MemorySegment block;
    private final MemorySegment table;
    private final long address;
    private final int bytes;

    /**
     * @param bytes of all arguments
     * @param offsets where each begins, below {@code bytes}
     */
    public ParameterMemory(int bytes, int... offsets) {
        Arena arena = Arena.ofAuto();
        this.block = arena.allocate(Math.max(1, bytes), ALIGNMENT);
        this.table = arena.allocate(JAVA_LONG, Math.max(1, offsets.length));
        this.address = block.address();
        this.bytes = bytes;
        for (int i = 0; i < offsets.length; i++) {
            table.setAtIndex(JAVA_LONG, i, address + Objects.checkIndex(offsets[i], bytes));
        }
    }

    /** The addresses of the arguments. Who passes them on must refer to this segment until they have been read. */
    public MemorySegment table() {
        return table;
    }

    /** Sets the 8 bytes at an offset. */
    public void putLong(int offset, long value) {
        EVERYTHING.set(JAVA_LONG_UNALIGNED, address + Objects.checkIndex(offset, bytes - 7), value);
        Reference.reachabilityFence(this);
    }

    /** Sets the 4 bytes at an offset. */
    public void putInt(int offset, int value) {
        EVERYTHING.set(JAVA_INT_UNALIGNED, address + Objects.checkIndex(offset, bytes - 3), value);
        Reference.reachabilityFence(this);
    }

    /** Sets the 4 bytes at an offset. */
    public void putFloat(int offset, float value) {
        EVERYTHING.set(JAVA_FLOAT_UNALIGNED, address + Objects.checkIndex(offset, bytes - 3), value);
        Reference.reachabilityFence(this);
    }

    /** Copies the first {@code count} bytes of a segment to an offset. */
    public void put(int offset, MemorySegment from, int count) {
        MemorySegment.copy(from, 0, block, offset, count);
    }
}
