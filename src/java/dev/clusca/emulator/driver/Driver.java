package dev.clusca.emulator.driver;

import dev.clusca.emulator.Emulator;
import dev.clusca.emulator.memory.DeviceMemory;
import dev.clusca.emulator.report.LaunchReport;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the driver calls share: the device, the handles, the contexts and which of them is current where. */
final class Driver {
    private final DeviceModel device;
    private final Emulator emulator;
    private final Consumer<LaunchReport> onLaunch;
    private final Consumer<DriverFailure> onFault;
    private final Handles handles = new Handles();
    private final MemoryPool pool = new MemoryPool();
    private final long poolHandle = handles.add(pool);
    private final ThreadLocal<Deque<EmulatedContext>> current = ThreadLocal.withInitial(ArrayDeque::new);
    private final ThreadLocal<CaptureMode> captureMode = ThreadLocal.withInitial(() -> CaptureMode.GLOBAL);
    private final Set<EmulatedContext> contexts = new LinkedHashSet<>();
    private final PrimaryContext primary = new PrimaryContext(this);
    private boolean initialized;

    /**
     * @param emulator the machine below, whose memory is the device's
     * @param onLaunch takes the report of every launch
     * @param onFault takes what ends a context
     */
    Driver(DeviceModel device, Emulator emulator, Consumer<LaunchReport> onLaunch, Consumer<DriverFailure> onFault) {
        this.device = device;
        this.emulator = emulator;
        this.onLaunch = onLaunch;
        this.onFault = onFault;
    }

    DeviceModel device() {
        return device;
    }

    DeviceMemory memory() {
        return emulator.memory();
    }

    Emulator emulator() {
        return emulator;
    }

    void launched(LaunchReport report) {
        onLaunch.accept(report);
    }

    Handles handles() {
        return handles;
    }

    MemoryPool pool() {
        return pool;
    }

    long poolHandle() {
        return poolHandle;
    }

    PrimaryContext primary() {
        return primary;
    }

    void initialize() {
        initialized = true;
    }

    void requireInitialized() {
        if (!initialized) {
            throw new DriverFailure(Result.NOT_INITIALIZED, "call cuInit(0) first");
        }
    }

    /** There is one device, number 0. */
    void requireDevice(int number) {
        requireInitialized();
        if (number != 0) {
            throw new DriverFailure(Result.INVALID_DEVICE, "found device " + number + "; the emulator has one, 0");
        }
    }

    /** The calling thread's contexts, the current one first. */
    Deque<EmulatedContext> stack() {
        requireInitialized();
        return current.get();
    }

    /** The calling thread's current context, whatever state it is in. */
    Optional<EmulatedContext> currentContext() {
        return Optional.ofNullable(stack().peek());
    }

    /** The calling thread's current context; the call fails without one, and when one of its kernels failed before. */
    EmulatedContext context() {
        @Nullable EmulatedContext context = stack().peek();
        if (context == null) {
            throw new DriverFailure(
                    Result.INVALID_CONTEXT, "no context is current on this thread; call cuCtxSetCurrent");
        }
        requireAlive(context);
        context.requireSound();
        return context;
    }

    void requireAlive(EmulatedContext context) {
        if (!contexts.contains(context)) {
            throw new DriverFailure(Result.CONTEXT_IS_DESTROYED, "the context was destroyed");
        }
    }

    EmulatedContext createContext(int flags) {
        EmulatedContext context = new EmulatedContext(device.seed() + contexts.size(), flags, onFault);
        contexts.add(context);
        return context;
    }

    /** Ends a context with all that it holds. Work that has not run never will. */
    void destroyContext(EmulatedContext context) {
        contexts.remove(context);
        context.queue().abandon();
        context.modules().forEach(handle -> unload(handle));
        context.allocations().forEach(emulator::free);
        context.hostBuffers().close();
    }

    /** Ends a module and its functions. */
    void unload(long handle) {
        EmulatedModule module = handles.get(handle, EmulatedModule.class);
        module.functionHandles().forEach(handles::remove);
        module.close();
        handles.remove(handle);
    }

    /** Sets the calling thread's capture mode and gives the one before. */
    CaptureMode exchangeCaptureMode(CaptureMode mode) {
        CaptureMode before = captureMode.get();
        captureMode.set(mode);
        return before;
    }

    /**
     * Ends a call that could synchronise, and so is forbidden while a stream is captured, as the thread's and the captures' modes say; the
     * captures that forbid it are invalid afterwards.
     */
    void requireNoCapture(String what) {
        CaptureMode mode = captureMode.get();
        if (mode == CaptureMode.RELAXED) {
            return;
        }
        @Nullable DriverFailure failure = null;
        for (EmulatedContext context : contexts) {
            for (Capture capture : context.captures()) {
                boolean forbids = capture.isOfThisThread()
                        ? capture.mode() != CaptureMode.RELAXED
                        : capture.mode() == CaptureMode.GLOBAL && mode == CaptureMode.GLOBAL;
                if (forbids) {
                    failure = capture.refuse(Result.STREAM_CAPTURE_UNSUPPORTED, what);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
