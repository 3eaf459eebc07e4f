package dev.clusca.bindings.standin;

/** Driver calls that enqueue a kernel or a host function. See {@link DriverCalls} for what all have in common. */
public interface LaunchCalls {
    void cuLaunchKernel(
            long function,
            int gridDimX,
            int gridDimY,
            int gridDimZ,
            int blockDimX,
            int blockDimY,
            int blockDimZ,
            int sharedMemBytes,
            long stream,
            long kernelParams,
            long extra);

    void cuLaunchKernelEx(long config, long function, long kernelParams, long extra);

    void cuLaunchCooperativeKernel(
            long function,
            int gridDimX,
            int gridDimY,
            int gridDimZ,
            int blockDimX,
            int blockDimY,
            int blockDimZ,
            int sharedMemBytes,
            long stream,
            long kernelParams);

    void cuLaunchHostFunc(long stream, long callback, long userData);
}
