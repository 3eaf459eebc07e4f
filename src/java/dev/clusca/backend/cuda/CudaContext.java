package dev.clusca.backend.cuda;

import dev.clusca.backend.BackendException;
import dev.clusca.backend.cuda.driver.CudaCapability;
import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.backend.cuda.driver.CudaException;
import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.driver.ScopedMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A CUDA context: the device's primary one, which all libraries of a process share, or the one that a linking program made current.
 *
 * <p>CUDA keeps the current context per thread of the operating system. Calls that enqueue work (launches, copies, events, graphs) are made often and expect the context to be current already:
 * {@link #enter} it around them. What opens, allocates and closes enters by itself. Virtual threads may close what it gave, and nothing else: one that waits may go on in another thread of the system.
 * Nothing here destroys a context: closing a primary one gives up one claim on it, a program's own stays the program's.
 */
public final class CudaContext implements AutoCloseable {
    private final CudaDriver driver;
    private final int device;
    private final long handle;
    private final boolean retained;
    private final Resource resource;
    private final DeviceMemory memory;
    private final String description;
    private final int sharedPerBlock;
    private final int multiprocessors;

    /** Reasons to keep the primary context: this object while it is open, and each piece of pinned memory. */
    private final AtomicInteger claims = new AtomicInteger(1);

    private CudaContext(CudaDriver driver, int device, long handle, boolean retained) {
        this.driver = driver;
        this.device = device;
        this.handle = handle;
        this.retained = retained;
        String name = driver.deviceName(device);
        int major = driver.deviceAttribute(device, Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR());
        int minor = driver.deviceAttribute(device, Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR());
        int version = driver.driverVersion();
        multiprocessors = driver.deviceAttribute(device, Cuda.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT());
        sharedPerBlock = driver.deviceAttribute(device, Cuda.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN());
        description = String.format(
                Locale.ROOT,
                "%s, compute capability %d.%d, %d multiprocessors, driver for CUDA %d.%d through %s",
                name,
                major,
                minor,
                multiprocessors,
                version / 1000,
                version % 1000 / 10,
                driver.name());
        resource = new Resource("the CUDA context on " + name);
        memory = new DeviceMemory(this, DeviceMemory.defaultBound(driver.deviceTotalMemory(device)));
    }

    /**
     * The primary context of a device.
     *
     * @param device counted from 0, in the driver's order
     * @throws BackendException if there is no such device
     */
    public static CudaContext primary(CudaDriver driver, int device) {
        int count = driver.deviceCount();
        if (device < 0 || device >= count) {
            throw new BackendException("there is no CUDA device " + device + "; the driver has " + count
                    + ", counted from 0; check nvidia-smi and CUDA_VISIBLE_DEVICES");
        }
        long handle = driver.primaryContextRetain(device);
        try {
            return new CudaContext(driver, device, handle, true);
        } catch (RuntimeException e) {
            driver.primaryContextRelease(device);
            throw e;
        }
    }

    /**
     * The context that is current in this thread, which the calling program owns.
     *
     * @throws BackendException if none is
     */
    public static CudaContext current(CudaDriver driver) {
        long handle = driver.contextCurrent();
        if (handle == 0) {
            throw new BackendException("no CUDA context is current in thread \""
                    + Thread.currentThread().getName()
                    + "\"; make the program's context current there first, or take CudaContext.primary");
        }
        return new CudaContext(driver, driver.contextDevice(), handle, false);
    }

    /**
     * Makes it this thread's current context until the result is closed, which brings back the one before.
     *
     * @throws IllegalStateException in a virtual thread
     */
    public Scope enter() {
        resource.require();
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException(
                    "a virtual thread was to use CUDA, which keeps the current context per thread of the operating system, and a virtual thread that waits may go on in another; use a platform thread");
        }
        return push();
    }

    private Scope push() {
        driver.contextPush(handle);
        return driver::contextPop;
    }

    /** The provider of its calls. */
    public CudaDriver driver() {
        resource.require();
        return driver;
    }

    /** A provider with a capability: its own, or one that works on the same handles. */
    public CudaDriver driver(CudaCapability capability) {
        resource.require();
        return CudaDrivers.with(driver, capability);
    }

    /** Whether {@link #driver(CudaCapability)} has a provider to give. */
    public boolean offers(CudaCapability capability) {
        resource.require();
        return CudaDrivers.offers(driver, capability);
    }

    /** The number of its device. */
    public int device() {
        return device;
    }

    /** One line for people: the device, its compute capability, the driver and the provider. */
    public String description() {
        return description;
    }

    /** Streaming multiprocessors of the device. */
    public int multiprocessors() {
        return multiprocessors;
    }

    /** The most dynamic and static shared memory that a block can have, in bytes. */
    public int sharedMemoryPerBlock() {
        return sharedPerBlock;
    }

    /** Device memory for tensors. */
    public DeviceMemory memory() {
        return memory;
    }

    /** A new stream, independent of the legacy default stream. */
    public CudaStream stream() {
        try (Scope _ = enter()) {
            return CudaStream.create(this);
        }
    }

    /** A stream that the calling program owns and keeps open; 0 is the legacy default stream. */
    public CudaStream wrapStream(long stream) {
        resource.require();
        return CudaStream.wrap(this, stream);
    }

    /** A new event. @param timed whether {@link CudaEvent#millisSince} will be asked; others are cheaper */
    public CudaEvent event(boolean timed) {
        try (Scope _ = enter()) {
            return CudaEvent.create(this, timed);
        }
    }

    /** Loads a module of the shipped kernels, or a linking program's own. */
    public CudaModule load(Ptx ptx) {
        try (Scope _ = enter()) {
            return CudaModule.load(this, ptx);
        }
    }

    /**
     * Pinned host memory, which copies run to and from at full speed and without waiting; freed with the arena. Its contents are undefined. It outlives this object if the
     * arena does; a context that the calling program owns must outlive the arena.
     */
    public MemorySegment pinned(Arena arena, long bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException(
                    "pinned memory of " + bytes + " bytes was asked for; expected at least 1");
        }
        try (Scope _ = enter()) {
            long address = driver.hostAllocate(bytes);
            try {
                MemorySegment pinned = ScopedMemory.host(address, bytes, arena, () -> free(address));
                claims.incrementAndGet();
                return pinned;
            } catch (RuntimeException e) {
                driver.hostFree(address);
                throw e;
            }
        }
    }

    private void free(long pinned) {
        driver.contextPush(handle);
        try {
            quietly(() -> driver.hostFree(pinned));
        } finally {
            driver.contextPop();
            giveUpClaim();
        }
    }

    private void giveUpClaim() {
        if (claims.decrementAndGet() == 0 && retained) {
            quietly(() -> driver.primaryContextRelease(device));
        }
    }

    /** Waits for all work of the context. */
    public void synchronize() {
        try (Scope _ = enter()) {
            driver.contextSynchronize();
        }
    }

    /**
     * Frees something in this context, unless the context is closed: then it went with it, or the program that owns the context frees it. A kernel's fault spoils a context for good, and every call fails
     * with it; whoever waited was told, so that freeing goes on in silence.
     */
    void free(Runnable what) {
        if (resource.isOpen()) {
            try (Scope _ = push()) {
                quietly(what);
            }
        }
    }

    /** Runs what a spoilt context keeps from being freed. */
    static void quietly(Runnable what) {
        try {
            what.run();
        } catch (CudaException e) {
            if (!e.isSticky()) {
                throw e;
            }
        }
    }

    void require() {
        resource.require();
    }

    /** Frees its device memory, logging what was never given back, and gives up its claim on a primary context. Closing again does nothing. */
    @Override
    public void close() {
        if (!resource.close()) {
            return;
        }
        driver.contextPush(handle);
        try {
            memory.close(driver);
        } finally {
            driver.contextPop();
            giveUpClaim();
        }
    }

    @Override
    public String toString() {
        return description;
    }

    /** The time in which a context is current in a thread; to be closed by the same thread. */
    @FunctionalInterface
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }
}
