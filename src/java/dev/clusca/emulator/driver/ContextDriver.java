package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.standin.ContextCalls;
import dev.clusca.bindings.standin.HostMemory;

/** Contexts, and which of them is current. */
final class ContextDriver implements ContextCalls {
    /** The API version of the contexts of CUDA 4 and later. */
    private static final int API_VERSION = 3020;

    private static final long KIB = 1024;

    private final Driver driver;

    ContextDriver(Driver driver) {
        this.driver = driver;
    }

    @Override
    public void cuDevicePrimaryCtxRetain(long contextOut, int device) {
        driver.requireDevice(device);
        HostMemory.putLong(contextOut, driver.primary().retain());
    }

    @Override
    public void cuDevicePrimaryCtxRelease_v2(int device) {
        driver.requireDevice(device);
        driver.primary().release();
    }

    @Override
    public void cuDevicePrimaryCtxReset_v2(int device) {
        driver.requireDevice(device);
        driver.primary().reset();
    }

    @Override
    public void cuDevicePrimaryCtxGetState(int device, long flags, long active) {
        driver.requireDevice(device);
        HostMemory.putInt(flags, driver.primary().flags());
        HostMemory.putInt(active, driver.primary().isActive() ? 1 : 0);
    }

    @Override
    public void cuDevicePrimaryCtxSetFlags_v2(int device, int flags) {
        driver.requireDevice(device);
        driver.primary().setFlags(flags);
    }

    @Override
    public void cuCtxCreate_v2(long contextOut, int flags, int device) {
        driver.requireDevice(device);
        EmulatedContext context = driver.createContext(flags);
        HostMemory.putLong(contextOut, driver.handles().add(context));
        driver.stack().push(context);
    }

    @Override
    public void cuCtxDestroy_v2(long context) {
        EmulatedContext found = context(context);
        driver.stack().remove(found);
        driver.destroyContext(found);
        driver.handles().remove(context);
    }

    @Override
    public void cuCtxGetCurrent(long contextOut) {
        HostMemory.putLong(
                contextOut,
                driver.currentContext().map(driver.handles()::handleOf).orElse(0L));
    }

    @Override
    public void cuCtxSetCurrent(long context) {
        driver.stack().poll();
        if (context != 0) {
            driver.stack().push(context(context));
        }
    }

    @Override
    public void cuCtxPushCurrent_v2(long context) {
        driver.stack().push(context(context));
    }

    @Override
    public void cuCtxPopCurrent_v2(long contextOut) {
        EmulatedContext popped = driver.currentContext()
                .orElseThrow(() -> new DriverFailure(Result.INVALID_CONTEXT, "no context is current on this thread"));
        driver.stack().pop();
        if (contextOut != 0) {
            HostMemory.putLong(contextOut, driver.handles().handleOf(popped));
        }
    }

    @Override
    public void cuCtxGetDevice(long deviceOut) {
        driver.context();
        HostMemory.putInt(deviceOut, 0);
    }

    @Override
    public void cuCtxGetApiVersion(long context, long version) {
        if (context == 0) {
            driver.context();
        } else {
            context(context);
        }
        HostMemory.putInt(version, API_VERSION);
    }

    @Override
    public void cuCtxGetFlags(long flags) {
        HostMemory.putInt(flags, driver.context().flags());
    }

    @Override
    public void cuCtxGetLimit(long pvalue, int limit) {
        HostMemory.putLong(pvalue, driver.context().limits().getOrDefault(limit, usualLimit(limit)));
    }

    @Override
    public void cuCtxSetLimit(int limit, long value) {
        usualLimit(limit);
        driver.context().limits().put(limit, value);
    }

    private static long usualLimit(int limit) {
        if (limit < 0 || limit >= Cuda.CU_LIMIT_MAX()) {
            throw new DriverFailure(Result.INVALID_VALUE, "found limit " + limit + ", which CUDA 13 does not have");
        }
        if (limit == Cuda.CU_LIMIT_STACK_SIZE()) {
            return KIB;
        }
        if (limit == Cuda.CU_LIMIT_PRINTF_FIFO_SIZE()) {
            return KIB * KIB;
        }
        return limit == Cuda.CU_LIMIT_MALLOC_HEAP_SIZE() ? 8 * KIB * KIB : 0;
    }

    @Override
    public void cuCtxGetCacheConfig(long config) {
        driver.context();
        HostMemory.putInt(config, 0);
    }

    /** Accepted and of no effect: there is no cache to divide. */
    @Override
    public void cuCtxSetCacheConfig(int config) {
        driver.context();
    }

    @Override
    public void cuCtxGetStreamPriorityRange(long leastPriority, long greatestPriority) {
        driver.context();
        if (leastPriority != 0) {
            HostMemory.putInt(leastPriority, DeviceModel.LEAST_PRIORITY);
        }
        if (greatestPriority != 0) {
            HostMemory.putInt(greatestPriority, DeviceModel.GREATEST_PRIORITY);
        }
    }

    @Override
    public void cuCtxSynchronize() {
        EmulatedContext context = driver.context();
        context.captures().forEach(capture -> {
            throw capture.refuse(Result.STREAM_CAPTURE_UNSUPPORTED, "the context was synchronised");
        });
        context.synchronize();
    }

    private EmulatedContext context(long handle) {
        driver.requireInitialized();
        return driver.handles().get(handle, EmulatedContext.class, Result.INVALID_CONTEXT);
    }
}
