package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.Cuda;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An event: the place in a stream, or in a capture, where it was last recorded. */
final class EmulatedEvent {
    /** Where a capture stood when the event was recorded in it. */
    record Captured(Capture capture, Set<GraphNode> nodes) {}

    private final EmulatedContext context;
    private final int flags;
    private @Nullable Work recorded;
    private @Nullable Captured captured;

    EmulatedEvent(EmulatedContext context, int flags) {
        this.context = context;
        this.flags = flags;
    }

    EmulatedContext context() {
        return context;
    }

    boolean hasTiming() {
        return (flags & Cuda.CU_EVENT_DISABLE_TIMING()) == 0;
    }

    /** The work that reaches it, or null when it was never recorded, or last in a capture. */
    @Nullable
    Work recorded() {
        return recorded;
    }

    @Nullable
    Captured captured() {
        return captured;
    }

    void record(Work work) {
        recorded = work;
        captured = null;
    }

    void record(Captured place) {
        recorded = null;
        captured = place;
    }
}
