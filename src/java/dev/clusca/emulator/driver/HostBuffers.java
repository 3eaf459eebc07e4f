package dev.clusca.emulator.driver;

import java.lang.foreign.Arena;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Host memory that is pinned: allocated by the driver, or registered. Copies from and to it run later and touch it then; memory that is not
 * pinned is read and written before a call returns.
 */
final class HostBuffers {
    private static final int PAGE = 4096;

    /** @param arena what keeps memory that the driver allocated; null where the program did */
    private record Buffer(long bytes, int flags, @Nullable Arena arena) {}

    private final TreeMap<Long, Buffer> buffers = new TreeMap<>();

    @SuppressWarnings("MustBeClosedChecker") // the arena lives until the program frees the memory
    long allocate(long bytes, int flags) {
        Arena arena = Arena.ofShared();
        try {
            long address = arena.allocate(bytes, PAGE).address();
            buffers.put(address, new Buffer(bytes, flags, arena));
            return address;
        } catch (OutOfMemoryError e) {
            arena.close();
            throw new DriverFailure(
                    Result.OUT_OF_MEMORY, bytes + " bytes of host memory were asked for: " + e.getMessage());
        }
    }

    void free(long address) {
        Buffer buffer = buffers.get(address);
        if (buffer == null || buffer.arena() == null) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    "0x" + Long.toHexString(address)
                            + " is not the beginning of host memory that this driver allocated");
        }
        buffers.remove(address);
        buffer.arena().close();
    }

    void register(long address, long bytes, int flags) {
        Map.Entry<Long, Buffer> before = buffers.lowerEntry(address + bytes);
        if (before != null && before.getKey() + before.getValue().bytes() > address) {
            throw new DriverFailure(
                    Result.HOST_MEMORY_ALREADY_REGISTERED,
                    "0x" + Long.toHexString(address) + " and " + bytes + " bytes overlap pinned memory at 0x"
                            + Long.toHexString(before.getKey()));
        }
        buffers.put(address, new Buffer(bytes, flags, null));
    }

    void unregister(long address) {
        Buffer buffer = buffers.get(address);
        if (buffer == null || buffer.arena() != null) {
            throw new DriverFailure(
                    Result.HOST_MEMORY_NOT_REGISTERED,
                    "0x" + Long.toHexString(address) + " is not the beginning of registered memory");
        }
        buffers.remove(address);
    }

    boolean isPinned(long address, long bytes) {
        Map.Entry<Long, Buffer> entry = buffers.floorEntry(address);
        return entry != null
                && address + bytes <= entry.getKey() + entry.getValue().bytes();
    }

    /** The flags that the pinned memory around an address was made with. */
    Optional<Integer> flags(long address) {
        return isPinned(address, 1)
                ? Optional.of(buffers.floorEntry(address).getValue().flags())
                : Optional.empty();
    }

    /** Frees what the driver allocated and forgets the rest. */
    void close() {
        buffers.values().forEach(buffer -> {
            if (buffer.arena() != null) {
                buffer.arena().close();
            }
        });
        buffers.clear();
    }
}
