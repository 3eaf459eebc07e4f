package dev.clusca.bindings.standin;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * The memory of the program that calls the stand-in driver, by address, as a real driver sees it. A null pointer is refused with {@link
 * NullAddressException}; any other wrong address ends the process, as it does with a real driver.
 */
public final class HostMemory {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private HostMemory() {}

    /** The {@code bytes} bytes at an address, for as long as the calling program keeps them. */
    public static MemorySegment segment(long address, long bytes) {
        return ALL.asSlice(checked(address), bytes);
    }

    public static int getInt(long address) {
        return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, checked(address));
    }

    public static long getLong(long address) {
        return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, checked(address));
    }

    public static void putInt(long address, int value) {
        ALL.set(ValueLayout.JAVA_INT_UNALIGNED, checked(address), value);
    }

    public static void putLong(long address, long value) {
        ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, checked(address), value);
    }

    public static void putFloat(long address, float value) {
        ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, checked(address), value);
    }

    /** The text that ends at the first zero byte. */
    public static String getText(long address) {
        return ALL.getString(checked(address), StandardCharsets.UTF_8);
    }

    /** Writes as much of a text as fits, and a zero byte. */
    public static void putText(long address, int capacity, String text) {
        if (capacity <= 0) {
            return;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, capacity - 1);
        MemorySegment.copy(bytes, 0, ALL, ValueLayout.JAVA_BYTE, checked(address), length);
        ALL.set(ValueLayout.JAVA_BYTE, address + length, (byte) 0);
    }

    private static long checked(long address) {
        if (address == 0) {
            throw new NullAddressException();
        }
        return address;
    }
}
