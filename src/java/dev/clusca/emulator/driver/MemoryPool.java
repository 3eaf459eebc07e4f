package dev.clusca.emulator.driver;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The device's memory pool. It keeps nothing back: freed memory is free at once, so what it reserved is what is used. */
final class MemoryPool {
    private final Map<Long, Long> pieces = new HashMap<>();
    private long releaseThreshold;
    private long used;
    private long mostUsed;

    long releaseThreshold() {
        return releaseThreshold;
    }

    void setReleaseThreshold(long bytes) {
        releaseThreshold = bytes;
    }

    long used() {
        return used;
    }

    long mostUsed() {
        return mostUsed;
    }

    void resetMostUsed() {
        mostUsed = used;
    }

    void took(long address, long bytes) {
        pieces.put(address, bytes);
        used += bytes;
        mostUsed = Math.max(mostUsed, used);
    }

    /** Memory that did not come from the pool changes nothing. */
    void gaveBack(long address) {
        @Nullable Long bytes = pieces.remove(address);
        if (bytes != null) {
            used -= bytes;
        }
    }
}
