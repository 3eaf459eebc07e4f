package dev.clusca.backend.cpu;

import dev.clusca.backend.BackendException;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Linux grants memory that it does not have and kills the process when it is touched, so what is asked for is held against what is free, less what was granted before and not written
 * since: that still counts as free.
 */
final class MemoryBudget {
    /** Asking how much memory is free takes some 100 microseconds; smaller pieces ask when they are as much together. */
    private static final long ASK_FROM = 32L << 20;

    /** What the JVM itself still takes meanwhile: its heap and compiled code grow. */
    private static final long RESERVE = 128L << 20;

    private final LongSupplier free;
    private final Supplier<OptionalLong> written;
    private long granted;
    private long unasked;

    /** The least that was granted and not written, less what the JVM holds: everything was written then, as far as one can tell. */
    private long least = Long.MAX_VALUE;

    /**
     * @param free bytes that this process can take now
     * @param written bytes of memory that this process has written and holds, if the system says; while granted memory is not written, what they grow by is taken for that
     */
    MemoryBudget(LongSupplier free, Supplier<OptionalLong> written) {
        this.free = free;
        this.written = written;
        unwritten();
    }

    /**
     * Lets the caller allocate.
     *
     * @param purpose for messages, as in {@code BF16[1152, 4608]}
     * @throws BackendException where the machine, or a limit on the process, has too little
     */
    synchronized void take(long bytes, String purpose) {
        unasked += bytes;
        if (unasked >= ASK_FROM) {
            unasked = 0;
            if (bytes > free.getAsLong() - RESERVE - unwritten()) {
                throw exceeded(bytes, purpose);
            }
        }
        granted += bytes;
    }

    /** Takes back what was granted: it was freed, or never allocated. */
    synchronized void release(long bytes) {
        granted -= bytes;
    }

    /** What to throw where the system refuses all the same. */
    synchronized BackendException exceeded(long bytes, String purpose) {
        long unwritten = unwritten();
        return new BackendException(
                "out of memory: " + mebibytes(bytes) + " MiB are needed for " + purpose
                        + ", and this process can take " + mebibytes(free.getAsLong())
                        + " MiB, of which " + mebibytes(RESERVE) + " stay for the JVM"
                        + (unwritten > 0
                                ? " and " + mebibytes(unwritten)
                                        + " for what was allocated before and is not written yet"
                                : "")
                        + "; sample fewer images at a time, use --dtype bf16, close other programs, or raise the limit if one is set");
    }

    /** Bytes that were granted and still count as free, because they are not written yet; none where the system does not say. */
    private long unwritten() {
        OptionalLong now = written.get();
        if (now.isEmpty()) {
            return 0;
        }
        long difference = granted - now.getAsLong();
        least = Math.min(least, difference);
        return Math.min(difference - least, granted);
    }

    private static long mebibytes(long bytes) {
        return (bytes + (1 << 20) - 1) >> 20;
    }
}
