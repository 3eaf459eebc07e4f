package dev.clusca.backend.cuda;

import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * A queue of work on a device, which runs in order. Its context must be current where work is enqueued. A stream that a program brought along is used and never closed.
 */
public final class CudaStream implements AutoCloseable {
    private final CudaContext context;
    private final CudaDriver driver;
    private final long handle;
    private final boolean owned;
    private final Resource resource;

    private CudaStream(CudaContext context, long handle, boolean owned) {
        this.context = context;
        this.driver = context.driver();
        this.handle = handle;
        this.owned = owned;
        this.resource = new Resource("the CUDA stream 0x" + Long.toHexString(handle));
    }

    /** The context must be current. */
    static CudaStream create(CudaContext context) {
        return new CudaStream(context, context.driver().streamCreate(), true);
    }

    static CudaStream wrap(CudaContext context, long handle) {
        return new CudaStream(context, handle, false);
    }

    /** The driver's {@code CUstream}. */
    public long handle() {
        resource.require();
        return handle;
    }

    /** Enqueues a copy of host memory to a tensor; memory that is not pinned is copied before the call returns, pinned memory must stay as it is until the copy is done. */
    public void write(Tensor target, MemorySegment source) {
        requireNative(source, target);
        driver.copyToDeviceAsync(target.address(), source.address(), target.bytes(), handle());
    }

    /** Enqueues a copy of a tensor to host memory, which holds it after {@link #synchronize}. */
    public void read(Tensor source, MemorySegment target) {
        requireNative(target, source);
        driver.copyToHostAsync(target.address(), source.address(), source.bytes(), handle());
    }

    /** Enqueues a copy between tensors of the same number of bytes. */
    public void copy(Tensor target, Tensor source) {
        if (target.bytes() != source.bytes()) {
            throw new IllegalArgumentException("copy: " + target + " has " + target.bytes() + " bytes, " + source
                    + " has " + source.bytes() + "; expected as many");
        }
        driver.copyOnDeviceAsync(target.address(), source.address(), source.bytes(), handle());
    }

    /** Enqueues setting each byte of a tensor. */
    public void fill(Tensor target, byte value) {
        driver.fill8Async(target.address(), value, target.bytes(), handle());
    }

    /** Lets work that is enqueued later wait until what the event recorded is done. */
    public void await(CudaEvent event) {
        driver.streamWaitEvent(handle(), event.handle());
    }

    /** Whether all work is done. */
    public boolean isDone() {
        return driver.streamIsDone(handle());
    }

    /** Whether work goes into a graph instead of being run. */
    public boolean isCapturing() {
        return driver.streamIsCapturing(handle());
    }

    /** Waits until all work is done. */
    public void synchronize() {
        driver.streamSynchronize(handle());
    }

    CudaContext context() {
        return context;
    }

    private static void requireNative(MemorySegment memory, Tensor tensor) {
        if (!memory.isNative() || memory.byteSize() != tensor.bytes()) {
            throw new IllegalArgumentException("a copy of " + tensor + " was given " + memory.byteSize() + " bytes "
                    + (memory.isNative() ? "of native memory" : "in the Java heap") + "; expected " + tensor.bytes()
                    + " bytes of native memory, best from CudaContext.pinned");
        }
    }

    /** Destroys it when its work is done, without waiting for that; a program's own stream stays open. Closing again does nothing. */
    @Override
    public void close() {
        if (resource.close() && owned) {
            context.free(() -> driver.streamDestroy(handle));
        }
    }

    @Override
    public String toString() {
        return resource.toString();
    }
}
