package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.standin.HostMemory;
import dev.clusca.bindings.standin.StreamCalls;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Streams, and capturing what is enqueued in them. */
final class StreamDriver implements StreamCalls {
    private final Driver driver;

    StreamDriver(Driver driver) {
        this.driver = driver;
    }

    @Override
    public void cuStreamCreate(long streamOut, int flags) {
        cuStreamCreateWithPriority(streamOut, flags, 0);
    }

    @Override
    public void cuStreamCreateWithPriority(long streamOut, int flags, int priority) {
        EmulatedContext context = driver.context();
        if (flags != Cuda.CU_STREAM_DEFAULT() && flags != Cuda.CU_STREAM_NON_BLOCKING()) {
            throw new DriverFailure(
                    Result.INVALID_VALUE, "found stream flags " + flags + "; expected 0 or 1 (non-blocking)");
        }
        int clamped = Math.clamp(priority, DeviceModel.GREATEST_PRIORITY, DeviceModel.LEAST_PRIORITY);
        HostMemory.putLong(streamOut, context.createStream(driver.handles(), flags, clamped));
    }

    @Override
    public void cuStreamDestroy_v2(long stream) {
        driver.context().destroyStream(stream);
        driver.handles().remove(stream);
    }

    @Override
    public void cuStreamGetCtx(long stream, long contextOut) {
        HostMemory.putLong(
                contextOut,
                driver.handles().handleOf(driver.context().stream(stream).context()));
    }

    @Override
    public void cuStreamGetFlags(long stream, long flags) {
        HostMemory.putInt(flags, driver.context().stream(stream).flags());
    }

    @Override
    public void cuStreamGetPriority(long stream, long priority) {
        HostMemory.putInt(priority, driver.context().stream(stream).priority());
    }

    @Override
    public void cuStreamGetId(long stream, long streamId) {
        HostMemory.putLong(streamId, driver.context().stream(stream).id());
    }

    @Override
    public void cuStreamQuery(long stream) {
        EmulatedContext context = driver.context();
        EmulatedStream found = context.stream(stream);
        requireNotCaptured(found, "a stream was queried");
        if (!context.isIdle(found)) {
            context.progress();
        }
        if (!context.isIdle(found)) {
            throw new DriverFailure(Result.NOT_READY, "the stream has work left");
        }
    }

    @Override
    public void cuStreamSynchronize(long stream) {
        EmulatedContext context = driver.context();
        EmulatedStream found = context.stream(stream);
        requireNotCaptured(found, "a stream was synchronised");
        context.synchronize(found);
    }

    private void requireNotCaptured(EmulatedStream stream, String what) {
        if (stream.capture() instanceof Capture capture) {
            throw capture.refuse(Result.STREAM_CAPTURE_UNSUPPORTED, what);
        }
        stream.context().requireNoImplicitDependency(stream);
        driver.requireNoCapture(what);
    }

    @Override
    public void cuStreamWaitEvent(long stream, long event, int flags) {
        EmulatedContext context = driver.context();
        EmulatedStream found = context.stream(stream);
        EmulatedEvent awaited = driver.handles().get(event, EmulatedEvent.class);
        driver.requireAlive(awaited.context());
        requireNoFlags(flags);
        @Nullable Capture capture = found.capture();
        EmulatedEvent.@Nullable Captured captured = awaited.captured();
        if (captured != null) {
            joinCapture(found, capture, captured);
        } else if (awaited.recorded() instanceof Work work) {
            if (capture != null) {
                throw capture.refuse(
                        Result.STREAM_CAPTURE_ISOLATION,
                        "an event that was recorded outside of the capture was waited for");
            }
            context.submit(found, Operation.NOTHING, work);
        }
    }

    private static void joinCapture(EmulatedStream stream, @Nullable Capture own, EmulatedEvent.Captured captured) {
        Capture other = captured.capture();
        if (other.hasEnded()) {
            throw new DriverFailure(
                    Result.CAPTURED_EVENT,
                    "the event was recorded in a capture that has ended; record it again before waiting for it");
        }
        other.requireValid();
        if (own != null && own != other) {
            own.invalidate();
            throw other.refuse(Result.STREAM_CAPTURE_MERGE, "an event of another capture was waited for");
        }
        if (stream == stream.context().legacyStream()) {
            throw other.refuse(Result.STREAM_CAPTURE_IMPLICIT, "the legacy stream was made to wait for captured work");
        }
        other.join(stream, captured.nodes());
    }

    @Override
    public void cuStreamBeginCapture_v2(long stream, int mode) {
        EmulatedContext context = driver.context();
        EmulatedStream found = context.stream(stream);
        CaptureMode captureMode = CaptureMode.of(mode);
        if (found == context.legacyStream()) {
            throw new DriverFailure(
                    Result.STREAM_CAPTURE_UNSUPPORTED,
                    "the legacy stream cannot be captured; capture in a stream of your own");
        }
        if (found.capture() != null) {
            throw new DriverFailure(Result.ILLEGAL_STATE, "the stream is being captured already");
        }
        Capture capture = new Capture(found, captureMode, new EmulatedGraph(driver.handles()));
        capture.join(found, Set.of());
    }

    @Override
    public void cuStreamEndCapture(long stream, long graphOut) {
        EmulatedStream found = driver.context().stream(stream);
        HostMemory.putLong(graphOut, 0);
        @Nullable Capture capture = found.capture();
        if (capture == null) {
            throw new DriverFailure(Result.ILLEGAL_STATE, "the stream is not being captured");
        }
        if (capture.origin() != found) {
            throw capture.refuse(Result.STREAM_CAPTURE_UNMATCHED, "a stream was ended that joined");
        }
        if (!capture.isOfThisThread() && capture.mode() != CaptureMode.RELAXED) {
            throw new DriverFailure(
                    Result.STREAM_CAPTURE_WRONG_THREAD, "another thread began this capture, and not in relaxed mode");
        }
        capture.end();
        if (capture.isInvalid() || !capture.isJoined()) {
            capture.graph().destroy();
            capture.requireValid();
            throw new DriverFailure(
                    Result.STREAM_CAPTURE_UNJOINED,
                    "work in another stream joined the capture and nothing waits for it; record an event there and wait for it in the"
                            + " first stream before the end");
        }
        HostMemory.putLong(graphOut, driver.handles().add(capture.graph()));
    }

    @Override
    public void cuStreamIsCapturing(long stream, long captureStatus) {
        EmulatedStream found = driver.context().stream(stream);
        @Nullable Capture capture = found.capture();
        int status = Cuda.CU_STREAM_CAPTURE_STATUS_NONE();
        if (capture != null) {
            status = capture.isInvalid()
                    ? Cuda.CU_STREAM_CAPTURE_STATUS_INVALIDATED()
                    : Cuda.CU_STREAM_CAPTURE_STATUS_ACTIVE();
        }
        HostMemory.putInt(captureStatus, status);
    }

    @Override
    public void cuThreadExchangeStreamCaptureMode(long mode) {
        CaptureMode next = CaptureMode.of(HostMemory.getInt(mode));
        HostMemory.putInt(mode, driver.exchangeCaptureMode(next).ordinal());
    }

    private static void requireNoFlags(int flags) {
        if (flags != 0) {
            throw new DriverFailure(
                    Result.NOT_SUPPORTED, "found flags " + flags + "; the emulator waits for events with 0 only");
        }
    }
}
