package dev.clusca.bindings.dnn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.clusca.bindings.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One of cuDNN's backend descriptors: attributes are set, then it is sealed, and then it can be read and used by others. */
final class Descriptor implements AutoCloseable {
    private final MemorySegment handle;
    private final String what;
    private boolean closed;

    /**
     * @param kind {@code CUDNN_BACKEND_.._DESCRIPTOR}
     * @param what it is, for messages
     */
    Descriptor(int kind, String what) {
        this.what = what;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            CudnnException.check(Cudnn.cudnnBackendCreateDescriptor(kind, out), "cudnnBackendCreateDescriptor", what);
            handle = out.get(ADDRESS, 0);
        }
    }

    MemorySegment handle() {
        return handle;
    }

    Descriptor integers(int attribute, long... values) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, Cudnn.CUDNN_TYPE_INT64(), values.length, arena.allocateFrom(JAVA_LONG, values));
        }
    }

    /** @param type {@code CUDNN_TYPE_..} of the enumeration that the value is from */
    Descriptor code(int attribute, int type, int value) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, type, 1, arena.allocateFrom(JAVA_INT, value));
        }
    }

    Descriptor flag(int attribute, boolean value) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, Cudnn.CUDNN_TYPE_BOOLEAN(), 1, arena.allocateFrom(JAVA_BYTE, (byte) (value ? 1 : 0)));
        }
    }

    Descriptor number(int attribute, float value) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, Cudnn.CUDNN_TYPE_FLOAT(), 1, arena.allocateFrom(JAVA_FLOAT, value));
        }
    }

    Descriptor text(int attribute, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, Cudnn.CUDNN_TYPE_CHAR(), bytes.length, arena.allocateFrom(JAVA_BYTE, bytes));
        }
    }

    Descriptor descriptors(int attribute, List<Descriptor> values) {
        return addresses(
                attribute,
                Cudnn.CUDNN_TYPE_BACKEND_DESCRIPTOR(),
                values.stream().mapToLong(value -> value.handle.address()).toArray());
    }

    Descriptor descriptor(int attribute, Descriptor value) {
        return descriptors(attribute, List.of(value));
    }

    /** @param type {@code CUDNN_TYPE_VOID_PTR}, or of a handle */
    Descriptor addresses(int attribute, int type, long... values) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, type, values.length, arena.allocateFrom(JAVA_LONG, values));
        }
    }

    private Descriptor set(int attribute, int type, long count, MemorySegment values) {
        CudnnException.check(
                Cudnn.cudnnBackendSetAttribute(handle, attribute, type, count, values),
                "cudnnBackendSetAttribute",
                "attribute " + attribute + " of " + what);
        return this;
    }

    /** Lets cuDNN check it; nothing can be set afterwards. */
    Descriptor seal() {
        CudnnException.check(trySeal(), "cudnnBackendFinalize", what);
        return this;
    }

    /** The same, with cuDNN's answer as a status. */
    int trySeal() {
        return Cudnn.cudnnBackendFinalize(handle);
    }

    long[] readIntegers(int attribute, int most) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG, most);
            int count = get(attribute, Cudnn.CUDNN_TYPE_INT64(), most, out);
            return Arrays.copyOf(out.toArray(JAVA_LONG), count);
        }
    }

    int[] readCodes(int attribute, int type, int most) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT, most);
            int count = get(attribute, type, most, out);
            return Arrays.copyOf(out.toArray(JAVA_INT), count);
        }
    }

    /** Has cuDNN fill a descriptor that is not sealed. */
    void fill(int attribute, Descriptor part) {
        try (Arena arena = Arena.ofConfined()) {
            get(attribute, Cudnn.CUDNN_TYPE_BACKEND_DESCRIPTOR(), 1, arena.allocateFrom(ADDRESS, part.handle));
        }
    }

    /** As many descriptors as cuDNN has to give, best first; the caller closes them. */
    List<Descriptor> results(int attribute, int kind, String each) {
        List<Descriptor> results = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            int offered = get(attribute, Cudnn.CUDNN_TYPE_BACKEND_DESCRIPTOR(), 0, MemorySegment.NULL);
            MemorySegment handles = arena.allocate(ADDRESS, Math.max(1, offered));
            for (int i = 0; i < offered; i++) {
                results.add(new Descriptor(kind, each));
                handles.setAtIndex(ADDRESS, i, results.getLast().handle);
            }
            // It offers more than it then finds to work on this machine.
            int given = offered == 0 ? 0 : get(attribute, Cudnn.CUDNN_TYPE_BACKEND_DESCRIPTOR(), offered, handles);
            while (results.size() > given) {
                results.removeLast().close();
            }
            return results;
        } catch (CudnnException e) {
            results.forEach(Descriptor::close);
            throw e;
        }
    }

    private int get(int attribute, int type, int most, MemorySegment values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(JAVA_LONG);
            CudnnException.check(
                    Cudnn.cudnnBackendGetAttribute(handle, attribute, type, most, count, values),
                    "cudnnBackendGetAttribute",
                    "attribute " + attribute + " of " + what);
            return Math.toIntExact(count.get(JAVA_LONG, 0));
        }
    }

    /** Gives it back to cuDNN; what was made with it stays. Closing again does nothing. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Cudnn.cudnnBackendDestroyDescriptor(handle);
        }
    }

    @Override
    public String toString() {
        return what;
    }
}
