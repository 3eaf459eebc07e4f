package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.standin.HostMemory;
import dev.clusca.bindings.standin.MemoryCalls;
import dev.clusca.emulator.memory.Allocation;
import dev.clusca.emulator.memory.OutOfDeviceMemory;

/** Memory of the device, and pinned memory of the host. */
final class MemoryDriver implements MemoryCalls {
    /** {@code CU_POINTER_ATTRIBUTE_*}: what is asked most. */
    private static final int POINTER_CONTEXT = 1;

    private static final int POINTER_MEMORY_TYPE = 2;
    private static final int POINTER_DEVICE_POINTER = 3;
    private static final int POINTER_HOST_POINTER = 4;
    private static final int POINTER_DEVICE_ORDINAL = 9;

    private static final int MEMORY_TYPE_HOST = 1;
    private static final int MEMORY_TYPE_DEVICE = 2;

    private final Driver driver;

    MemoryDriver(Driver driver) {
        this.driver = driver;
    }

    @Override
    public void cuMemGetInfo_v2(long freeOut, long totalOut) {
        driver.context();
        long total = driver.memory().capacity();
        HostMemory.putLong(freeOut, total - driver.memory().used());
        HostMemory.putLong(totalOut, total);
    }

    @Override
    public void cuMemAlloc_v2(long addressOut, long bytes) {
        EmulatedContext context = driver.context();
        driver.requireNoCapture("memory was allocated");
        HostMemory.putLong(addressOut, allocate(context, bytes, "cuMemAlloc"));
    }

    /** Waits for all work first, as drivers do: memory that is freed may still be in use by what was enqueued. */
    @Override
    public void cuMemFree_v2(long address) {
        EmulatedContext context = driver.context();
        if (address == 0) {
            return;
        }
        driver.requireNoCapture("memory was freed");
        requireAllocated(context, address);
        context.synchronize();
        context.free(driver.memory(), address);
        driver.pool().gaveBack(address);
    }

    /** The memory can be used at once; only its end is ordered by the stream. */
    @Override
    public void cuMemAllocAsync(long addressOut, long bytes, long stream) {
        EmulatedContext context = driver.context();
        Capture capture = context.stream(stream).capture();
        if (capture != null) {
            throw capture.refuse(Result.STREAM_CAPTURE_UNSUPPORTED, "memory was allocated");
        }
        long address = allocate(context, bytes, "cuMemAllocAsync");
        driver.pool().took(address, bytes);
        HostMemory.putLong(addressOut, address);
    }

    @Override
    public void cuMemFreeAsync(long address, long stream) {
        EmulatedContext context = driver.context();
        EmulatedStream in = context.stream(stream);
        if (in.capture() instanceof Capture capture) {
            throw capture.refuse(Result.STREAM_CAPTURE_UNSUPPORTED, "memory was freed");
        }
        requireAllocated(context, address);
        driver.pool().gaveBack(address);
        context.enqueue(in, new Operation.Free(context, driver.memory(), address));
    }

    @Override
    public void cuMemGetAddressRange_v2(long baseOut, long sizeOut, long address) {
        driver.context();
        Allocation allocation = driver.memory().find(address);
        if (allocation == null || !allocation.holds(address, 1)) {
            throw new DriverFailure(Result.NOT_FOUND, "0x" + Long.toHexString(address) + " is no memory of the device");
        }
        if (baseOut != 0) {
            HostMemory.putLong(baseOut, allocation.address());
        }
        if (sizeOut != 0) {
            HostMemory.putLong(sizeOut, allocation.size());
        }
    }

    @Override
    public void cuMemAllocHost_v2(long addressOut, long bytes) {
        cuMemHostAlloc(addressOut, bytes, 0);
    }

    @Override
    public void cuMemHostAlloc(long addressOut, long bytes, int flags) {
        EmulatedContext context = driver.context();
        driver.requireNoCapture("host memory was allocated");
        requireBytes(bytes);
        HostMemory.putLong(addressOut, context.hostBuffers().allocate(bytes, flags));
    }

    @Override
    public void cuMemFreeHost(long address) {
        EmulatedContext context = driver.context();
        driver.requireNoCapture("host memory was freed");
        context.synchronize();
        context.hostBuffers().free(address);
    }

    @Override
    public void cuMemHostRegister_v2(long address, long bytes, int flags) {
        EmulatedContext context = driver.context();
        driver.requireNoCapture("host memory was registered");
        requireBytes(bytes);
        context.hostBuffers().register(address, bytes, flags);
    }

    @Override
    public void cuMemHostUnregister(long address) {
        EmulatedContext context = driver.context();
        driver.requireNoCapture("host memory was unregistered");
        context.synchronize();
        context.hostBuffers().unregister(address);
    }

    @Override
    public void cuMemHostGetFlags(long flags, long address) {
        HostMemory.putInt(
                flags,
                driver.context()
                        .hostBuffers()
                        .flags(address)
                        .orElseThrow(() -> new DriverFailure(
                                Result.INVALID_VALUE, "0x" + Long.toHexString(address) + " is no pinned memory")));
    }

    @Override
    public void cuMemPoolTrimTo(long pool, long minBytesToKeep) {
        pool(pool);
    }

    @Override
    public void cuMemPoolGetAttribute(long pool, int attribute, long valueOut) {
        MemoryPool found = pool(pool);
        if (isReuseFlag(attribute)) {
            HostMemory.putInt(valueOut, 1);
        } else if (attribute == Cuda.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD()) {
            HostMemory.putLong(valueOut, found.releaseThreshold());
        } else if (attribute == Cuda.CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT()
                || attribute == Cuda.CU_MEMPOOL_ATTR_USED_MEM_CURRENT()) {
            HostMemory.putLong(valueOut, found.used());
        } else if (attribute == Cuda.CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH()
                || attribute == Cuda.CU_MEMPOOL_ATTR_USED_MEM_HIGH()) {
            HostMemory.putLong(valueOut, found.mostUsed());
        } else {
            throw noAttribute(attribute);
        }
    }

    @Override
    public void cuMemPoolSetAttribute(long pool, int attribute, long valueIn) {
        MemoryPool found = pool(pool);
        if (attribute == Cuda.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD()) {
            found.setReleaseThreshold(HostMemory.getLong(valueIn));
        } else if (attribute == Cuda.CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH()
                || attribute == Cuda.CU_MEMPOOL_ATTR_USED_MEM_HIGH()) {
            found.resetMostUsed();
        } else if (!isReuseFlag(attribute)) {
            throw noAttribute(attribute);
        }
    }

    private static boolean isReuseFlag(int attribute) {
        return attribute >= Cuda.CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES()
                && attribute <= Cuda.CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES();
    }

    private static DriverFailure noAttribute(int attribute) {
        return new DriverFailure(
                Result.INVALID_VALUE,
                "found pool attribute " + attribute + ", which this driver does not have or let be set");
    }

    private MemoryPool pool(long handle) {
        return driver.handles().get(handle, MemoryPool.class);
    }

    @Override
    public void cuPointerGetAttribute(long data, int attribute, long address) {
        EmulatedContext context = driver.context();
        Allocation allocation = driver.memory().find(address);
        boolean onDevice = allocation != null && allocation.holds(address, 1);
        if (!onDevice && !context.hostBuffers().isPinned(address, 1)) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    "0x" + Long.toHexString(address) + " is neither device memory nor pinned memory");
        }
        switch (attribute) {
            case POINTER_CONTEXT -> HostMemory.putLong(data, driver.handles().handleOf(context));
            case POINTER_MEMORY_TYPE -> HostMemory.putInt(data, onDevice ? MEMORY_TYPE_DEVICE : MEMORY_TYPE_HOST);
            case POINTER_DEVICE_POINTER -> HostMemory.putLong(data, requireSide(onDevice, address));
            case POINTER_HOST_POINTER -> HostMemory.putLong(data, requireSide(!onDevice, address));
            case POINTER_DEVICE_ORDINAL -> HostMemory.putInt(data, 0);
            default ->
                throw new DriverFailure(
                        Result.NOT_SUPPORTED, "the emulator does not know pointer attribute " + attribute);
        }
    }

    private static long requireSide(boolean there, long address) {
        if (!there) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    "0x" + Long.toHexString(address)
                            + " is not mapped to the other side: the emulator has no zero-copy memory");
        }
        return address;
    }

    private long allocate(EmulatedContext context, long bytes, String call) {
        requireBytes(bytes);
        try {
            Allocation allocation = driver.memory().allocate(bytes, call + " of " + bytes + " bytes");
            context.allocations().add(allocation.address());
            return allocation.address();
        } catch (OutOfDeviceMemory | OutOfMemoryError e) {
            throw new DriverFailure(Result.OUT_OF_MEMORY, String.valueOf(e.getMessage()));
        } catch (IllegalArgumentException e) {
            // More than the emulator can give in one piece.
            throw new DriverFailure(Result.OUT_OF_MEMORY, String.valueOf(e.getMessage()));
        }
    }

    private static void requireAllocated(EmulatedContext context, long address) {
        if (!context.allocations().contains(address)) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    "0x" + Long.toHexString(address)
                            + " is not the beginning of memory that was allocated in this context and not freed");
        }
    }

    private static void requireBytes(long bytes) {
        if (bytes < 1) {
            throw new DriverFailure(
                    Result.INVALID_VALUE, Long.toUnsignedString(bytes) + " bytes were asked for; expected at least 1");
        }
    }
}
