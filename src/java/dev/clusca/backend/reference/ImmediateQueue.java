package dev.clusca.backend.reference;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.OperationEvent;
import org.jspecify.annotations.Nullable;

/**
 * A queue whose work runs at once, in the caller's thread, yet fails as every queue does: not in the call that enqueued the work but in the next one, and from
 * then on in all.
 */
final class ImmediateQueue {
    private @Nullable BackendException failure;
    private boolean closed;

    /** Runs an operation's work and records its event. */
    void run(String operation, Runnable work) {
        require();
        OperationEvent event = new OperationEvent();
        event.begin();
        try {
            work.run();
        } catch (RuntimeException | OutOfMemoryError e) {
            failure = new BackendException(
                    "the operation " + operation + " failed on the reference backend: " + e.getMessage()
                            + "; the backend cannot go on, open another",
                    e);
        }
        event.end();
        if (event.shouldCommit()) {
            event.backend = ReferenceBackend.NAME;
            event.operation = operation;
            event.commit();
        }
    }

    /** Throws if earlier work failed or the queue was closed. */
    void require() {
        if (closed) {
            throw new IllegalStateException("the reference backend was closed; open another");
        }
        rethrow(failure);
    }

    Backend.Mark mark() {
        require();
        return new Reached(this, System.nanoTime());
    }

    void close() {
        closed = true;
    }

    private static void rethrow(@Nullable BackendException failure) {
        if (failure != null) {
            throw failure.again();
        }
    }

    /** A point that was reached when it was made. */
    private record Reached(ImmediateQueue queue, long nanos) implements Backend.Mark {
        @Override
        public void await() {}

        @Override
        public double millisSince(Backend.Mark earlier) {
            if (!(earlier instanceof Reached e) || e.queue != queue) {
                throw new IllegalArgumentException(
                        "the earlier mark is of another backend; compare marks of one backend");
            }
            return (nanos - e.nanos) * 1e-6;
        }
    }
}
