package dev.clusca.emulator.ptx;

import org.jspecify.annotations.Nullable;

/**
 * Named memory.
 *
 * @param space where it lives
 * @param offset bytes from the start of its space's area: of the parameter buffer, of a block's shared memory, of a thread's local memory, of the module's globals or constants
 * @param size bytes; 0 for {@code .extern .shared name[]}, whose size a launch gives
 * @param align alignment in bytes, a power of two
 * @param initial the bytes it starts with ({@code size} of them), or null where nothing is said
 */
public record Variable(
        String name, Space space, Type type, long offset, long size, int align, byte @Nullable [] initial, int line) {
    public Variable {
        if (Integer.bitCount(align) != 1) {
            throw new PtxException(line, "the alignment of " + name + " is " + align + ", not a power of two");
        }
    }

    Variable at(long newOffset) {
        return new Variable(name, space, type, newOffset, size, align, initial, line);
    }
}
