package dev.clusca.backend.cuda;

import dev.clusca.backend.cuda.driver.CudaDriver;

/** A point in a stream, which can be waited for and, if it was made for that, timed. */
public final class CudaEvent implements AutoCloseable {
    private final CudaContext context;
    private final CudaDriver driver;
    private final long handle;
    private final boolean timed;
    private final Resource resource = new Resource("a CUDA event");

    private CudaEvent(CudaContext context, long handle, boolean timed) {
        this.context = context;
        this.driver = context.driver();
        this.handle = handle;
        this.timed = timed;
    }

    /** The context must be current. */
    static CudaEvent create(CudaContext context, boolean timed) {
        return new CudaEvent(context, context.driver().eventCreate(timed), timed);
    }

    /** The driver's {@code CUevent}. */
    public long handle() {
        resource.require();
        return handle;
    }

    /** Moves it to the end of what the stream has been given so far. */
    public void record(CudaStream stream) {
        driver.eventRecord(handle(), stream.handle());
    }

    /** Whether the work before its last record is done; true if there was none. */
    public boolean isReached() {
        return driver.eventIsReached(handle());
    }

    /** Waits until the work before its last record is done. */
    public void synchronize() {
        driver.eventSynchronize(handle());
    }

    /** Milliseconds of device time between two reached events, to half a microsecond. */
    public double millisSince(CudaEvent earlier) {
        if (!timed || !earlier.timed) {
            throw new IllegalStateException(
                    "an event that was made without timing cannot be timed; make it with CudaContext.event(true)");
        }
        return driver.eventElapsed(earlier.handle(), handle());
    }

    @Override
    public void close() {
        if (resource.close()) {
            context.free(() -> driver.eventDestroy(handle));
        }
    }
}
