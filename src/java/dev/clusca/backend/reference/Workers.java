package dev.clusca.backend.reference;

import dev.clusca.backend.BackendOptions;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Threads that share the items of a loop. Each item is computed wholly by one of them, so results do not depend on their number. */
final class Workers implements AutoCloseable {
    private final ForkJoinPool pool;

    Workers(int threads) {
        this.pool = new ForkJoinPool(threads);
    }

    /** The number of threads that the options ask for: their own, or one per processor. */
    static int threads(BackendOptions options) {
        return options.threads() > 0 ? options.threads() : Runtime.getRuntime().availableProcessors();
    }

    /** Runs {@code body} for 0 to {@code count - 1} and waits for all; the first failure is thrown. */
    void each(int count, IntConsumer body) {
        // Caught here, because a pool throws a copy that lacks the message.
        AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
        IntConsumer guarded = i -> {
            try {
                body.accept(i);
            } catch (RuntimeException e) {
                failure.compareAndSet(null, e);
            }
        };
        // A parallel stream that is started inside a pool runs on that pool's threads.
        pool.submit(() -> IntStream.range(0, count).parallel().forEach(guarded)).join();
        RuntimeException first = failure.get();
        if (first != null) {
            throw first;
        }
    }

    @Override
    public void close() {
        pool.shutdown();
    }
}
