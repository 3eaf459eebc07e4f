package dev.clusca.backend.cuda;

import dev.clusca.backend.BackendException;
import dev.clusca.backend.cuda.driver.CudaException;
import dev.clusca.bindings.CudaLibrary;
import dev.clusca.bindings.standin.StandInDriver;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The stream of a backend, entered with its context for each piece of work. A kernel's fault spoils the context for good: the call that meets it throws, and from then on every
 * call does, with the same cause.
 */
final class CudaQueue {
    private static final System.Logger LOG = System.getLogger(CudaQueue.class.getName());

    private final CudaStream stream;

    /** The thread that is in a call; arguments are written where the next call writes its own, and a capture takes whatever comes. */
    private final AtomicReference<@Nullable Thread> inside = new AtomicReference<>();

    private @Nullable BackendException failure;
    private boolean closed;

    CudaQueue(CudaStream stream) {
        this.stream = stream;
    }

    CudaContext context() {
        return stream.context();
    }

    CudaStream stream() {
        return stream;
    }

    /** Does what enqueues an operation, with the context current. */
    void submit(String operation, Runnable work) {
        require();
        boolean outermost = enter();
        try (CudaContext.Scope _ = context().enter()) {
            work.run();
        } catch (CudaException e) {
            throw met(operation, e);
        } finally {
            if (outermost) {
                inside.set(null);
            }
        }
    }

    /** Whether this thread was not in a call yet. */
    private boolean enter() {
        Thread current = Thread.currentThread();
        Thread other = inside.compareAndExchange(null, current);
        if (other != null && other != current) {
            throw new IllegalStateException(
                    "thread '" + other.getName()
                            + "' is in a call of this cuda backend, which one thread at a time may use; open a backend for each thread, or let them take turns");
        }
        return other == null;
    }

    /** Refuses what a graph cannot hold; the context must be current. */
    void requireNoCapture(String operation, String remedy) {
        if (stream.isCapturing()) {
            throw new IllegalStateException(
                    operation + " cannot become part of a graph, and the stream is captured into one; " + remedy);
        }
    }

    /** Throws if the backend was closed, or cannot go on. */
    void require() {
        if (closed) {
            throw new IllegalStateException("the cuda backend was closed; open another");
        }
        if (failure != null) {
            throw failure.again();
        }
    }

    /** Waits for the work, refuses all that comes, and frees what the backend holds, in steps that each free something. Closing again does nothing. */
    void close(Runnable... steps) {
        if (closed) {
            return;
        }
        boolean known = failure != null;
        tolerant(() -> {
            try (CudaContext.Scope _ = context().enter()) {
                requireNoCapture("closing the backend", "close it after the capture");
            }
        });
        closed = true;
        tolerant(() -> {
            try (CudaContext.Scope _ = context().enter()) {
                stream.synchronize();
            } catch (CudaException e) {
                BackendException unseen = met("close", e);
                if (!known) {
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "the cuda backend was closed before anyone waited for work that failed",
                            unseen);
                }
            }
        });
        for (Runnable step : steps) {
            tolerant(step);
        }
    }

    /** What a spoilt context held goes with it; the driver refuses to free it piece by piece. */
    private static void tolerant(Runnable step) {
        try {
            step.run();
        } catch (CudaException e) {
            if (!e.isSticky()) {
                throw e;
            }
        }
    }

    private BackendException met(String operation, CudaException e) {
        if (!e.isSticky()) {
            return e;
        }
        String report = CudaLibrary.standIn()
                .flatMap(StandInDriver::lastFailure)
                .map(text -> "\nThe emulator's report: " + text)
                .orElse("");
        BackendException spoilt = new BackendException(
                "work on the cuda backend failed, as " + operation + " met: " + e.getMessage() + report
                        + "\nThe backend cannot go on; a new process can",
                e);
        failure = spoilt;
        return spoilt;
    }
}
