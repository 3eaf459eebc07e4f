package dev.clusca.emulator.driver;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.LongFunction;

/** What the driver's handles stand for. A handle is never given twice, so that a stale one is found out. */
final class Handles {
    private static final long STEP = 0x10;

    private final Map<Long, Object> objects = new HashMap<>();
    private final Map<Object, Long> handles = new IdentityHashMap<>();
    private long next = 0xC0DE_0000L;

    /** A new handle for an object. */
    long add(Object object) {
        long handle = next;
        next += STEP;
        objects.put(handle, object);
        handles.put(object, handle);
        return handle;
    }

    /** A new object that knows its handle. */
    <T> T addWith(LongFunction<T> maker) {
        T object = maker.apply(next);
        add(object);
        return object;
    }

    /** The living object of a kind behind a handle; the failure is INVALID_HANDLE. */
    <T> T get(long handle, Class<T> kind) {
        return get(handle, kind, Result.INVALID_HANDLE);
    }

    <T> T get(long handle, Class<T> kind, Result otherwise) {
        Object object = objects.get(handle);
        if (!kind.isInstance(object)) {
            String found = object != null
                    ? "a handle of another kind (" + object.getClass().getSimpleName() + ")"
                    : handle == 0 ? "a null handle" : "a handle that was destroyed or never given";
            throw new DriverFailure(
                    otherwise,
                    "found " + found + ", 0x" + Long.toHexString(handle) + "; expected one of a "
                            + kind.getSimpleName());
        }
        return kind.cast(object);
    }

    /** The handle of a living object, 0 when it was removed. */
    long handleOf(Object object) {
        return handles.getOrDefault(object, 0L);
    }

    void remove(long handle) {
        handles.remove(objects.remove(handle));
    }
}
