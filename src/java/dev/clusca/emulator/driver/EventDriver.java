package dev.clusca.emulator.driver;

import dev.clusca.bindings.standin.EventCalls;
import dev.clusca.bindings.standin.HostMemory;

/** Events. The time between two counts pieces of work that finished in between, one a microsecond: it orders, and measures nothing. */
final class EventDriver implements EventCalls {
    private static final int ALL_FLAGS = 7;
    private static final float MILLISECONDS_PER_WORK = 1e-3f;

    private final Driver driver;

    EventDriver(Driver driver) {
        this.driver = driver;
    }

    @Override
    public void cuEventCreate(long eventOut, int flags) {
        EmulatedContext context = driver.context();
        if ((flags & ~ALL_FLAGS) != 0) {
            throw new DriverFailure(
                    Result.INVALID_VALUE, "found event flags " + flags + "; expected a sum of 1, 2 and 4");
        }
        HostMemory.putLong(eventOut, driver.handles().add(new EmulatedEvent(context, flags)));
    }

    @Override
    public void cuEventDestroy_v2(long event) {
        driver.requireInitialized();
        driver.handles().get(event, EmulatedEvent.class);
        driver.handles().remove(event);
    }

    @Override
    public void cuEventRecord(long event, long stream) {
        EmulatedContext context = driver.context();
        EmulatedStream in = context.stream(stream);
        EmulatedEvent found = event(event);
        if (found.context() != context) {
            throw new DriverFailure(Result.INVALID_HANDLE, "the event belongs to another context than the stream");
        }
        if (in.capture() instanceof Capture capture) {
            capture.requireValid();
            found.record(new EmulatedEvent.Captured(capture, capture.frontier(in)));
        } else {
            found.record(context.submit(in, Operation.NOTHING));
        }
    }

    @Override
    public void cuEventRecordWithFlags(long event, long stream, int flags) {
        if (flags != 0) {
            throw new DriverFailure(
                    Result.NOT_SUPPORTED, "found flags " + flags + "; the emulator records events with 0 only");
        }
        cuEventRecord(event, stream);
    }

    @Override
    public void cuEventQuery(long event) {
        EmulatedEvent found = waitable(event, "an event was queried");
        if (found.recorded() instanceof Work work && !work.isDone()) {
            found.context().progress();
            if (!work.isDone()) {
                throw new DriverFailure(Result.NOT_READY, "the event has not been reached");
            }
        }
    }

    @Override
    public void cuEventSynchronize(long event) {
        EmulatedEvent found = waitable(event, "an event was waited for");
        if (found.recorded() instanceof Work work) {
            found.context().finish(work);
        }
    }

    @Override
    public void cuEventElapsedTime(long milliseconds, long start, long end) {
        driver.context();
        long first = finishedAt(event(start));
        long last = finishedAt(event(end));
        HostMemory.putFloat(milliseconds, (last - first) * MILLISECONDS_PER_WORK);
    }

    @Override
    public void cuEventElapsedTime_v2(long milliseconds, long start, long end) {
        cuEventElapsedTime(milliseconds, start, end);
    }

    private EmulatedEvent waitable(long handle, String what) {
        driver.context();
        EmulatedEvent event = event(handle);
        EmulatedEvent.Captured captured = event.captured();
        if (captured != null) {
            throw captured.capture().refuse(Result.CAPTURED_EVENT, what + " that was recorded in it");
        }
        driver.requireNoCapture(what);
        return event;
    }

    private static long finishedAt(EmulatedEvent event) {
        if (event.captured() != null) {
            throw new DriverFailure(Result.CAPTURED_EVENT, "the event was last recorded in a capture");
        }
        Work work = event.recorded();
        if (work == null || !event.hasTiming()) {
            throw new DriverFailure(
                    Result.INVALID_HANDLE,
                    work == null ? "the event was never recorded" : "the event was created without timing (flag 2)");
        }
        if (!work.isDone()) {
            throw new DriverFailure(Result.NOT_READY, "the event has not been reached");
        }
        return work.finishedAt();
    }

    private EmulatedEvent event(long handle) {
        EmulatedEvent event = driver.handles().get(handle, EmulatedEvent.class);
        driver.requireAlive(event.context());
        return event;
    }
}
