package dev.clusca.bindings.standin;

/** Driver calls about contexts and the stack of current contexts that each thread has. See {@link DriverCalls} for what all have in common. */
public interface ContextCalls {
    void cuDevicePrimaryCtxRetain(long contextOut, int device);

    void cuDevicePrimaryCtxRelease_v2(int device);

    void cuDevicePrimaryCtxReset_v2(int device);

    void cuDevicePrimaryCtxGetState(int device, long flags, long active);

    void cuDevicePrimaryCtxSetFlags_v2(int device, int flags);

    void cuCtxCreate_v2(long contextOut, int flags, int device);

    void cuCtxDestroy_v2(long context);

    void cuCtxGetCurrent(long contextOut);

    void cuCtxSetCurrent(long context);

    void cuCtxPushCurrent_v2(long context);

    void cuCtxPopCurrent_v2(long contextOut);

    void cuCtxGetDevice(long deviceOut);

    void cuCtxGetApiVersion(long context, long version);

    void cuCtxGetFlags(long flags);

    void cuCtxGetLimit(long pvalue, int limit);

    void cuCtxSetLimit(int limit, long value);

    void cuCtxGetCacheConfig(long config);

    void cuCtxSetCacheConfig(int config);

    void cuCtxGetStreamPriorityRange(long leastPriority, long greatestPriority);

    void cuCtxSynchronize();
}
