package dev.clusca.bindings.standin;

/** Driver calls about events. See {@link DriverCalls} for what all have in common. */
public interface EventCalls {
    void cuEventCreate(long eventOut, int flags);

    void cuEventDestroy_v2(long event);

    void cuEventRecord(long event, long stream);

    void cuEventRecordWithFlags(long event, long stream, int flags);

    void cuEventQuery(long event);

    void cuEventSynchronize(long event);

    void cuEventElapsedTime(long milliseconds, long start, long end);

    void cuEventElapsedTime_v2(long milliseconds, long start, long end);
}
