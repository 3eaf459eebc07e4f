package dev.clusca.emulator.driver;

import dev.clusca.bindings.standin.HostMemory;
import dev.clusca.emulator.ptx.Entry;
import dev.clusca.emulator.ptx.Variable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The parameters of a launch, copied from the calling program while it calls. */
final class Arguments {
    private static final long END = 0;
    private static final long BUFFER_POINTER = 1;
    private static final long BUFFER_SIZE = 2;

    private Arguments() {}

    /**
     * Copies a kernel's parameters into one buffer, at the offsets and in the sizes of its PTX.
     *
     * @param kernelParams address of a table of the parameters' addresses, or 0
     * @param extra address of a list of keys and values that describe one packed buffer, or 0
     */
    static byte[] copy(Entry entry, long kernelParams, long extra) {
        if (kernelParams != 0 && extra != 0) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    "the parameters of " + entry.name() + " are given twice, by kernelParams and by extra");
        }
        byte[] parameters = new byte[Math.toIntExact(entry.parameterBytes())];
        if (extra != 0) {
            copyPacked(entry, extra, parameters);
        } else {
            copyEach(entry, kernelParams, parameters);
        }
        return parameters;
    }

    private static void copyEach(Entry entry, long table, byte[] to) {
        if (table == 0 && !entry.parameters().isEmpty()) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    entry.name() + " has " + entry.parameters().size() + " parameters and none was given");
        }
        for (int i = 0; i < entry.parameters().size(); i++) {
            Variable parameter = entry.parameters().get(i);
            long from = HostMemory.getLong(table + 8L * i);
            if (from == 0) {
                throw new DriverFailure(
                        Result.INVALID_VALUE,
                        "the address of parameter " + i + " of " + entry.name() + " is a null pointer");
            }
            copy(from, parameter.size(), to, parameter.offset());
        }
    }

    private static void copyPacked(Entry entry, long extra, byte[] to) {
        long buffer = 0;
        long size = -1;
        for (long at = extra; HostMemory.getLong(at) != END; at += 16) {
            long key = HostMemory.getLong(at);
            long value = HostMemory.getLong(at + 8);
            if (key == BUFFER_POINTER) {
                buffer = value;
            } else if (key == BUFFER_SIZE) {
                size = HostMemory.getLong(value);
            } else {
                throw new DriverFailure(
                        Result.INVALID_VALUE,
                        "found key " + key + " in extra; expected 1 (buffer), 2 (its size) or 0 (the end)");
            }
        }
        long needed = entry.parameters().isEmpty()
                ? 0
                : entry.parameters().getLast().offset()
                        + entry.parameters().getLast().size();
        if (size < needed) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    "the packed parameters of " + entry.name() + " are " + size + " bytes; expected at least "
                            + needed);
        }
        copy(buffer, needed, to, 0);
    }

    private static void copy(long from, long bytes, byte[] to, long offset) {
        MemorySegment.copy(HostMemory.segment(from, bytes), ValueLayout.JAVA_BYTE, 0, to, (int) offset, (int) bytes);
    }
}
