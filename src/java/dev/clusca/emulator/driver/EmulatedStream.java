package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.Cuda;
import org.jspecify.annotations.Nullable;

/** A stream: work in it runs in order. What it is ordered with beyond that is {@link EmulatedContext}'s to know. */
final class EmulatedStream {
    private final EmulatedContext context;
    private final int flags;
    private final int priority;
    private final long id;
    private @Nullable Work last;
    private @Nullable Capture capture;

    EmulatedStream(EmulatedContext context, int flags, int priority, long id) {
        this.context = context;
        this.flags = flags;
        this.priority = priority;
        this.id = id;
    }

    EmulatedContext context() {
        return context;
    }

    int flags() {
        return flags;
    }

    int priority() {
        return priority;
    }

    long id() {
        return id;
    }

    /** Whether it is ordered with the legacy stream. */
    boolean isBlocking() {
        return (flags & Cuda.CU_STREAM_NON_BLOCKING()) == 0;
    }

    /** The newest work that has not finished, or null. */
    @Nullable
    Work last() {
        if (last != null && last.isDone()) {
            last = null;
        }
        return last;
    }

    void setLast(Work work) {
        last = work;
    }

    @Nullable
    Capture capture() {
        return capture;
    }

    void setCapture(@Nullable Capture newCapture) {
        capture = newCapture;
    }
}
