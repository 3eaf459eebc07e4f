package dev.clusca.backend.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * The calls of the CUDA driver that clusca makes, on raw handles: a handle of one provider is good for the other, and for other users of the same driver.
 *
 * <p>A method is named after the driver's function, in words, and fails with a {@link CudaException} that names it. Contexts are current per thread, as the driver has it: but for the
 * device's methods and those of contexts, a call works on the context that is current in the calling thread. Device memory is an address; host memory that takes part in a copy is an address
 * too, which the caller keeps alive until the copy is done. A stream of 0 is the legacy default stream. Any number of threads may call.
 */
public interface CudaDriver {
    /** {@code jcuda} or {@code ffm}. */
    String name();

    /** What this provider can do on the driver that is loaded; a device may lack it still. */
    Set<CudaCapability> capabilities();

    /** The FFM provider, which does all that the driver can: this one, or one beside it on the same handles. */
    CudaDriver ffm();

    /** {@code cuDriverGetVersion}: the newest CUDA version that the driver supports, 1000 x major + 10 x minor. */
    int driverVersion();

    /** {@code cuDeviceGetCount}. */
    int deviceCount();

    /** {@code cuDeviceGetName} of a device, counted from 0. */
    String deviceName(int device);

    /** {@code cuDeviceTotalMem}, in bytes. */
    long deviceTotalMemory(int device);

    /** {@code cuDeviceGetAttribute} for a {@code CUdevice_attribute}. */
    int deviceAttribute(int device, int attribute);

    /** {@code cuDevicePrimaryCtxRetain}: a context that all users of the device in this process share. */
    long primaryContextRetain(int device);

    /** {@code cuDevicePrimaryCtxRelease}. */
    void primaryContextRelease(int device);

    /** {@code cuCtxGetCurrent}: the context of this thread, 0 for none. */
    long contextCurrent();

    /** {@code cuCtxGetDevice}: the device of the current context. */
    int contextDevice();

    /** {@code cuCtxPushCurrent}. */
    void contextPush(long context);

    /** {@code cuCtxPopCurrent}. */
    long contextPop();

    /** {@code cuCtxSynchronize}: waits for all work of the current context. */
    void contextSynchronize();

    /**
     * {@code cuModuleLoadDataEx}; the compiler's log stands in the message when it fails.
     *
     * @param image PTX text with a zero byte behind it, or a cubin, in native memory
     */
    long moduleLoad(MemorySegment image);

    /** {@code cuModuleUnload}. */
    void moduleUnload(long module);

    /** {@code cuModuleGetFunction}. */
    long moduleFunction(long module, String name);

    /** {@code cuFuncGetAttribute} for a {@code CUfunction_attribute}. */
    int functionAttribute(long function, int attribute);

    /** {@code cuFuncSetAttribute}. */
    void functionSetAttribute(long function, int attribute, int value);

    /** {@code cuFuncGetParamInfo}: the offset and size of a parameter. Needs {@link CudaCapability#PARAMETER_INFO}. */
    ParameterPlace functionParameter(long function, int index);

    /** {@code cuOccupancyMaxActiveBlocksPerMultiprocessor}. */
    int activeBlocksPerMultiprocessor(long function, int blockThreads, long dynamicShared);

    /**
     * Prepares launches of a function.
     *
     * @param table native memory with the address of each argument, which the caller keeps alive
     */
    Launcher launcher(long function, MemorySegment table);

    /** {@code cuMemAlloc}. */
    long allocate(long bytes);

    /** {@code cuMemFree}; waits for the device. */
    void free(long address);

    /** {@code cuMemGetInfo} of the current context's device. */
    MemoryInfo memoryInfo();

    /** {@code cuMemHostAlloc}: pinned host memory that every context may use. */
    long hostAllocate(long bytes);

    /** {@code cuMemFreeHost}. */
    void hostFree(long address);

    /** {@code cuMemcpyHtoD}; memory that is not pinned may reach the device after the call returns, and a non-blocking stream does not wait for it. */
    void copyToDevice(long device, long host, long bytes);

    /** {@code cuMemcpyDtoH}. */
    void copyToHost(long host, long device, long bytes);

    /** {@code cuMemcpyDtoD}. */
    void copyOnDevice(long target, long source, long bytes);

    /** {@code cuMemcpyHtoDAsync}; memory that is not pinned is copied before the call returns. */
    void copyToDeviceAsync(long device, long host, long bytes, long stream);

    /** {@code cuMemcpyDtoHAsync}. */
    void copyToHostAsync(long host, long device, long bytes, long stream);

    /** {@code cuMemcpyDtoDAsync}. */
    void copyOnDeviceAsync(long target, long source, long bytes, long stream);

    /** {@code cuMemsetD8}. */
    void fill8(long address, byte value, long count);

    /** {@code cuMemsetD32}. */
    void fill32(long address, int value, long count);

    /** {@code cuMemsetD8Async}. */
    void fill8Async(long address, byte value, long count, long stream);

    /** {@code cuMemsetD32Async}. */
    void fill32Async(long address, int value, long count, long stream);

    /** {@code cuStreamCreate} with the flag non-blocking: the legacy default stream neither waits for it nor it for that. */
    long streamCreate();

    /** {@code cuStreamDestroy}. */
    void streamDestroy(long stream);

    /** {@code cuStreamSynchronize}. */
    void streamSynchronize(long stream);

    /** {@code cuStreamQuery}: whether all work is done. */
    boolean streamIsDone(long stream);

    /** {@code cuStreamWaitEvent}: later work of the stream waits for the event's last record. */
    void streamWaitEvent(long stream, long event);

    /** {@code cuStreamBeginCapture}, thread-local: calls of other threads are not affected. */
    void streamBeginCapture(long stream);

    /** {@code cuStreamIsCapturing}: whether it captures, or did until an error ended that. */
    boolean streamIsCapturing(long stream);

    /** {@code cuStreamEndCapture}: the graph. */
    long streamEndCapture(long stream);

    /** {@code cuEventCreate}. */
    long eventCreate(boolean timed);

    /** {@code cuEventDestroy}. */
    void eventDestroy(long event);

    /** {@code cuEventRecord}. */
    void eventRecord(long event, long stream);

    /** {@code cuEventSynchronize}. */
    void eventSynchronize(long event);

    /** {@code cuEventQuery}: whether the last record was reached. */
    boolean eventIsReached(long event);

    /** {@code cuEventElapsedTime}, in milliseconds. */
    float eventElapsed(long start, long end);

    /** {@code cuGraphInstantiateWithFlags}, without flags. */
    long graphInstantiate(long graph);

    /** {@code cuGraphDestroy}. */
    void graphDestroy(long graph);

    /** {@code cuGraphUpload}: brings an instance to the device before its first launch. */
    void graphUpload(long instance, long stream);

    /** {@code cuGraphLaunch}. */
    void graphLaunch(long instance, long stream);

    /** {@code cuGraphExecDestroy}. */
    void graphExecDestroy(long instance);

    /** {@code cuGraphGetNodes} with {@code cuGraphNodeGetType}: the kernel nodes, in the driver's order. Needs {@link CudaCapability#KERNEL_NODE_UPDATE}. */
    long[] graphKernelNodes(long graph);

    /** {@code cuGraphKernelNodeGetParams}: the function that a kernel node launches. Needs {@link CudaCapability#KERNEL_NODE_UPDATE}. */
    long graphNodeFunction(long node);

    /** {@code cuGraphExecKernelNodeSetParams}: other arguments and dimensions for a node of an instance. Needs {@link CudaCapability#KERNEL_NODE_UPDATE}. */
    void graphExecSetKernel(
            long instance,
            long node,
            long function,
            int gridX,
            int gridY,
            int gridZ,
            int blockX,
            int blockY,
            int blockZ,
            int shared,
            MemorySegment table);

    /**
     * {@code cuTensorMapEncodeTiled}. Needs {@link CudaCapability#TENSOR_MAP}.
     *
     * @param target {@link TensorMapSpec#BYTES} of native memory at a multiple of 64
     */
    void tensorMapEncode(MemorySegment target, TensorMapSpec spec);

    /** Bytes of device memory. */
    record MemoryInfo(long free, long total) {}

    /** Where a parameter lies in a function's parameter space, in bytes. */
    record ParameterPlace(long offset, long size) {}
}
