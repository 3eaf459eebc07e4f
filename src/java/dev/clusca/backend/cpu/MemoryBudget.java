package dev.clusca.backend.cpu;

import dev.clusca.backend.BackendException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Linux grants memory that it does not have and kills the process when it is touched, so what is asked for is held against what is free. */
final class MemoryBudget {
    /** Asking how much memory is free takes some 100 microseconds; smaller pieces ask when they are as much together. */
    private static final long ASK_FROM = 32L << 20;

    /** What the JVM itself still takes meanwhile: its heap and compiled code grow. */
    private static final long RESERVE = 128L << 20;

    private final LongSupplier free;
    private final AtomicLong unasked = new AtomicLong();

    /** @param free bytes that this process can take now */
    MemoryBudget(LongSupplier free) {
        this.free = free;
    }

    /**
     * Lets the caller allocate.
     *
     * @param purpose for messages, as in {@code BF16[1152, 4608]}
     * @throws BackendException where the machine, or a limit on the process, has too little
     */
    void take(long bytes, String purpose) {
        if (unasked.addAndGet(bytes) < ASK_FROM) {
            return;
        }
        long pending = unasked.getAndSet(0);
        long available = free.getAsLong() - RESERVE;
        if (bytes > available) {
            throw exceeded(bytes, purpose);
        }
        if (pending > available) {
            throw exceeded(pending, purpose + " and what was allocated just before");
        }
    }

    /** What to throw where the system refuses all the same. */
    BackendException exceeded(long bytes, String purpose) {
        return new BackendException(
                "out of memory: " + mebibytes(bytes) + " MiB are needed for " + purpose
                        + ", and this process can take " + mebibytes(free.getAsLong())
                        + " MiB, of which " + mebibytes(RESERVE)
                        + " stay for the JVM; sample fewer images at a time, use --dtype bf16, close other programs, or raise the limit if one is set");
    }

    private static long mebibytes(long bytes) {
        return (bytes + (1 << 20) - 1) >> 20;
    }
}
