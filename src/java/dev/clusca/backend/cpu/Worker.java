package dev.clusca.backend.cpu;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.OperationEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The thread that runs a backend's work, one task after the other. oneDNN and OpenMP keep a team of threads for each thread that calls them, so there is only this one.
 *
 * <p>After a task failed the following ones are skipped. The next call that waits throws the failure; from then on every call does.
 */
final class Worker {
    private static final System.Logger LOG = System.getLogger(Worker.class.getName());

    /** Tasks wait in an array, so that enqueuing makes no garbage; who is that far ahead waits as well. */
    private static final int LONGEST_QUEUE = 4096;

    /** For memory that the worker's thread frees itself, or that is freed after its work was waited for. */
    static final Runnable NOTHING = () -> {};

    /** How long {@link #settle} sleeps before it looks again. */
    private static final long SETTLE_NANOS = 20_000;

    private final BlockingQueue<Task> queue = new ArrayBlockingQueue<>(LONGEST_QUEUE);
    private final Thread thread = new Thread(this::runTasks, "clusca-cpu");

    /** The first failure; written by the worker's thread alone. */
    private volatile @Nullable BackendException failure;

    /** Made while all is well, for a failure that cannot be told: memory has run out, or asking for its message fails. */
    private final BackendException untold = new BackendException(
            "an operation failed on the cpu backend, and so did noting why; the backend cannot go on, open another");

    /** Whether a caller has seen the failure. */
    private volatile boolean surfaced;

    private final AtomicLong enqueued = new AtomicLong();

    /** How many of the enqueued tasks are done; written by the worker's thread alone. */
    private volatile long finished;

    private boolean closed;

    /** Where operations go instead of the queue, while they are recorded. */
    private final AtomicReference<@Nullable Taking> recording = new AtomicReference<>();

    /** Tells whether anyone listens to events; each operation that somebody listens to has its own. */
    private final OperationEvent probe = new OperationEvent();

    /** What the queue holds. */
    private sealed interface Task {}

    private record Operation(String name, Runnable work) implements Task {}

    /**
     * A recording that is being made.
     *
     * @param thread whose operations it takes
     */
    private record Taking(Thread thread, List<Operation> operations) {}

    /** Operations that were recorded, as one task. */
    private record Replay(List<Operation> operations) implements Task {}

    /** Runs even after a failure, and is the last. */
    private record Last(Runnable work) implements Task {}

    /** Reached when the worker comes to it. */
    private static final class Point implements Task, Backend.Mark {
        private final Worker worker;
        private final CountDownLatch reached = new CountDownLatch(1);
        private volatile long nanos;

        Point(Worker worker) {
            this.worker = worker;
        }

        @Override
        public void await() {
            boolean interrupted = false;
            while (true) {
                try {
                    reached.await();
                    break;
                } catch (InterruptedException e) {
                    // The work cannot be stopped half-way; the caller sees the interrupt when it is done.
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            worker.surface();
        }

        @Override
        public double millisSince(Backend.Mark earlier) {
            if (!(earlier instanceof Point other) || other.worker != worker) {
                throw new IllegalArgumentException(
                        "the earlier mark is of another backend; compare marks of one backend");
            }
            await();
            other.await();
            return (nanos - other.nanos) * 1e-6;
        }
    }

    Worker() {
        thread.setDaemon(true);
        thread.start();
    }

    /** The thread that touches tensors' memory. */
    Thread thread() {
        return thread;
    }

    /** Enqueues work; {@code operation} names it in events and errors. */
    void submit(String operation, Runnable work) {
        require();
        Operation task = new Operation(operation, work);
        Taking taking = recording.get();
        if (taking == null) {
            enqueue(task);
        } else {
            requireOwn(taking);
            taking.operations().add(task);
        }
    }

    /** Enqueues work that may not be recorded. */
    void submitOnce(String operation, Runnable work) {
        requireNoRecording("a " + operation);
        submit(operation, work);
    }

    /** Takes what the work submits into a recording. */
    Backend.Recording record(Runnable work) {
        require();
        List<Operation> operations = new ArrayList<>();
        while (!recording.compareAndSet(null, new Taking(Thread.currentThread(), operations))) {
            requireNoRecording("a recording");
        }
        try {
            work.run();
        } finally {
            recording.set(null);
        }
        Replay replay = new Replay(List.copyOf(operations));
        return new Backend.Recording() {
            private boolean closed;

            @Override
            public void replay() {
                require();
                requireNoRecording("a replay");
                if (closed) {
                    throw new IllegalStateException(
                            "a recording was used after it was closed; keep it open for as long as it is in use");
                }
                enqueue(replay);
            }

            @Override
            public void close() {
                closed = true;
            }
        };
    }

    private void requireNoRecording(String what) {
        Taking taking = recording.get();
        if (taking != null) {
            requireOwn(taking);
            throw new IllegalStateException(
                    what + " cannot be part of a recording; record operations alone, and do this before or after");
        }
    }

    /** Another thread's operations would be replayed with the recording, on memory that may be gone by then. */
    private static void requireOwn(Taking taking) {
        if (taking.thread() != Thread.currentThread()) {
            throw new IllegalStateException(
                    "thread '" + taking.thread().getName()
                            + "' is recording on this cpu backend, which one thread at a time may use; open a backend for each thread, or let them take turns");
        }
    }

    private void enqueue(Task task) {
        enqueued.incrementAndGet();
        boolean interrupted = false;
        while (true) {
            try {
                queue.put(task);
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    Backend.Mark mark() {
        require();
        requireNoRecording("waiting, reading or marking");
        Point point = new Point(this);
        enqueue(point);
        return point;
    }

    /** Waits until all that was enqueued so far has run or was skipped, from any thread, closed or not; whether it failed is not asked. */
    void settle() {
        long last = enqueued.get();
        while (finished < last && thread.isAlive() && Thread.currentThread() != thread) {
            LockSupport.parkNanos(SETTLE_NANOS);
        }
    }

    /** Enqueues work, which may not be recorded, and waits for it. */
    void run(String operation, Runnable work) {
        requireNoRecording(operation);
        submit(operation, work);
        mark().await();
    }

    /** Throws if the backend was closed, or if it failed and a caller knows. */
    void require() {
        if (closed) {
            throw new IllegalStateException("the cpu backend was closed; open another");
        }
        if (surfaced) {
            surface();
        }
    }

    /** Runs what is enqueued and then {@code last}, and ends the thread. Closing again does nothing. */
    void close(Runnable last) {
        if (closed) {
            return;
        }
        requireNoRecording("closing the backend");
        closed = true;
        enqueue(new Last(last));
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        BackendException unseen = failure;
        if (unseen != null && !surfaced) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the cpu backend was closed before anyone waited for work that failed",
                    unseen);
        }
    }

    private void surface() {
        BackendException known = failure;
        if (known != null) {
            surfaced = true;
            throw known.again();
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // this thread alone writes it
    private void runTasks() {
        while (true) {
            Task task;
            try {
                task = queue.take();
            } catch (InterruptedException e) {
                // Nobody but a stranger interrupts this thread; its work goes on.
                continue;
            }
            switch (task) {
                case Operation operation -> run(operation);
                case Replay replay -> {
                    List<Operation> operations = replay.operations();
                    for (int i = 0; i < operations.size(); i++) {
                        run(operations.get(i));
                    }
                }
                case Point point -> {
                    point.nanos = System.nanoTime();
                    point.reached.countDown();
                }
                case Last last -> {
                    last.work().run();
                    return;
                }
            }
            finished++;
        }
    }

    /** Runs an operation, unless one before it failed. Whatever is thrown is the failure: a worker that ended would keep everyone waiting for ever. */
    private void run(Operation operation) {
        if (failure != null) {
            return;
        }
        try {
            perform(operation);
        } catch (Throwable t) {
            failure = failure(operation, t);
        }
    }

    private void perform(Operation operation) {
        OperationEvent event = probe.isEnabled() ? new OperationEvent() : null;
        if (event == null) {
            operation.work().run();
            return;
        }
        event.begin();
        try {
            operation.work().run();
        } finally {
            event.end();
            event.backend = CpuBackend.NAME;
            event.operation = operation.name();
            event.commit();
        }
    }

    private BackendException failure(Operation operation, Throwable cause) {
        try {
            return new BackendException(
                    "the operation " + operation.name() + " failed on the cpu backend: " + cause.getMessage()
                            + "; the backend cannot go on, open another",
                    cause);
        } catch (Throwable _) {
            untold.initCause(cause);
            return untold;
        }
    }
}
