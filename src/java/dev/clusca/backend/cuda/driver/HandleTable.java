package dev.clusca.backend.cuda.driver;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Objects by the raw handle that they stand for. Reading takes no lock and makes no garbage, unlike a map with boxed keys; writing copies, and is rare.
 *
 * @param <T> the class of the objects
 */
final class HandleTable<T> {
    /** Sorted keys, and the object of each at the same place. */
    private record Entries(long[] keys, Object[] values) {}

    private volatile Entries entries = new Entries(new long[0], new Object[0]);

    /** The object of a handle, if there is one. */
    // Only put writes values, and takes none but T.
    @SuppressWarnings("unchecked")
    @Nullable
    T get(long handle) {
        Entries now = entries;
        int at = Arrays.binarySearch(now.keys, handle);
        return at < 0 ? null : (T) now.values[at];
    }

    /** Keeps an object; a driver gives the handle of what was destroyed to something new, which then takes its place. */
    synchronized void put(long handle, T value) {
        Entries now = entries;
        int at = Arrays.binarySearch(now.keys, handle);
        if (at >= 0) {
            Object[] values = now.values.clone();
            values[at] = value;
            entries = new Entries(now.keys, values);
            return;
        }
        int place = -at - 1;
        int count = now.keys.length;
        long[] keys = Arrays.copyOf(now.keys, count + 1);
        Object[] values = Arrays.copyOf(now.values, count + 1);
        System.arraycopy(now.keys, place, keys, place + 1, count - place);
        System.arraycopy(now.values, place, values, place + 1, count - place);
        keys[place] = handle;
        values[place] = value;
        entries = new Entries(keys, values);
    }

    /** Forgets a handle; nothing happens if it is not there. */
    synchronized void remove(long handle) {
        Entries now = entries;
        int at = Arrays.binarySearch(now.keys, handle);
        if (at < 0) {
            return;
        }
        int count = now.keys.length;
        long[] keys = Arrays.copyOf(now.keys, count - 1);
        Object[] values = Arrays.copyOf(now.values, count - 1);
        System.arraycopy(now.keys, at + 1, keys, at, count - 1 - at);
        System.arraycopy(now.values, at + 1, values, at, count - 1 - at);
        entries = new Entries(keys, values);
    }

    int size() {
        return entries.keys.length;
    }
}
