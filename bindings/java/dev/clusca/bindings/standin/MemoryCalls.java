package dev.clusca.bindings.standin;

/** Driver calls that allocate and register memory, of the device and of the host. See {@link DriverCalls} for what all have in common. */
public interface MemoryCalls {
    void cuMemGetInfo_v2(long freeOut, long totalOut);

    void cuMemAlloc_v2(long addressOut, long bytes);

    void cuMemFree_v2(long address);

    void cuMemAllocAsync(long addressOut, long bytes, long stream);

    void cuMemFreeAsync(long address, long stream);

    void cuMemGetAddressRange_v2(long baseOut, long sizeOut, long address);

    void cuMemAllocHost_v2(long addressOut, long bytes);

    void cuMemHostAlloc(long addressOut, long bytes, int flags);

    void cuMemFreeHost(long address);

    void cuMemHostRegister_v2(long address, long bytes, int flags);

    void cuMemHostUnregister(long address);

    void cuMemHostGetFlags(long flags, long address);

    void cuMemPoolTrimTo(long pool, long minBytesToKeep);

    void cuMemPoolGetAttribute(long pool, int attribute, long valueOut);

    void cuMemPoolSetAttribute(long pool, int attribute, long valueIn);

    void cuPointerGetAttribute(long data, int attribute, long address);
}
