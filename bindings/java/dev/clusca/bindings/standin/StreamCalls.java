package dev.clusca.bindings.standin;

/** Driver calls about streams, and about capturing one into a graph. See {@link DriverCalls} for what all have in common. */
public interface StreamCalls {
    void cuStreamCreate(long streamOut, int flags);

    void cuStreamCreateWithPriority(long streamOut, int flags, int priority);

    void cuStreamDestroy_v2(long stream);

    void cuStreamGetCtx(long stream, long contextOut);

    void cuStreamGetFlags(long stream, long flags);

    void cuStreamGetPriority(long stream, long priority);

    void cuStreamGetId(long stream, long streamId);

    void cuStreamQuery(long stream);

    void cuStreamSynchronize(long stream);

    void cuStreamWaitEvent(long stream, long event, int flags);

    void cuStreamBeginCapture_v2(long stream, int mode);

    void cuStreamEndCapture(long stream, long graphOut);

    void cuStreamIsCapturing(long stream, long captureStatus);

    void cuThreadExchangeStreamCaptureMode(long mode);
}
