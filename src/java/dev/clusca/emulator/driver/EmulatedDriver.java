package dev.clusca.emulator.driver;

import dev.clusca.bindings.CudaLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import dev.clusca.bindings.standin.DriverCalls;
import dev.clusca.bindings.standin.NullAddressException;
import dev.clusca.bindings.standin.StandInDriver;
import dev.clusca.emulator.Emulator;
import dev.clusca.emulator.EmulatorOptions;
import dev.clusca.emulator.memory.Allocation;
import dev.clusca.emulator.report.LaunchReport;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The CUDA driver whose device is the emulator. Chosen before anything looks for a driver, it is this process's {@code libcuda.so.1} for good,
 * for JCuda as for every other caller.
 *
 * <p>{@code CLUSCA_EMULATE=1} in the environment, or {@code -Dclusca.emulate}, chooses it without a line of Java; {@link EmulationSwitches} lists
 * what else can be set.
 */
public final class EmulatedDriver implements StandInDriver {
    private static final System.Logger LOG = System.getLogger(EmulatedDriver.class.getName());

    private final DeviceModel device;
    private final Emulator emulator;
    private final ThreadLocal<Optional<String>> lastFailure = ThreadLocal.withInitial(Optional::empty);
    private volatile Optional<String> fault = Optional.empty();
    private volatile Consumer<LaunchReport> listener = _ -> {};

    /**
     * The driver that the switches describe; for {@link java.util.ServiceLoader}.
     *
     * @throws NativeUnavailableException where these mean nothing
     */
    public EmulatedDriver() {
        this(EmulationSwitches.ofProcess().device());
    }

    private EmulatedDriver(DeviceModel device) {
        this.device = device;
        this.emulator = Emulator.create(device.seed(), EmulatorOptions.DEFAULT.withDeviceBytes(device.memoryBytes()));
    }

    /**
     * Makes a driver for this device the CUDA driver of this process.
     *
     * @throws IllegalStateException when the process already has another, or has looked for the machine's
     */
    public static EmulatedDriver choose(DeviceModel device) {
        EmulatedDriver driver = new EmulatedDriver(device);
        CudaLibrary.useStandIn(driver);
        return driver;
    }

    /**
     * The same for the device that the switches describe.
     *
     * @throws NativeUnavailableException where these mean nothing
     */
    public static EmulatedDriver choose() {
        return choose(EmulationSwitches.ofProcess().device());
    }

    /** This process's emulated driver, or nothing when it uses the machine's; after this question that is settled. */
    public static Optional<EmulatedDriver> ofProcess() {
        return CudaLibrary.standIn().filter(EmulatedDriver.class::isInstance).map(EmulatedDriver.class::cast);
    }

    @Override
    public boolean isWanted() {
        return EmulationSwitches.ofProcess().areOn();
    }

    /** What the emulator said about the latest call of this thread that failed: the whole report, when a kernel was at fault. */
    @Override
    public Optional<String> lastFailure() {
        return lastFailure.get();
    }

    /** The report of the kernel, or copy, that ended a context last; it stays when other calls fail later. */
    public Optional<String> fault() {
        return fault;
    }

    /** The device that it pretends to have. */
    public DeviceModel device() {
        return device;
    }

    /** Device memory that was allocated and not freed: what a program that has ended its work forgot. */
    public List<Allocation> allocations() {
        return emulator.memory().live();
    }

    /** Calls the listener with the report of every launch from now on, on the thread that ran it; it replaces the one before. */
    public void onLaunch(Consumer<LaunchReport> newListener) {
        listener = newListener;
    }

    @Override
    public DriverCalls calls() {
        Driver driver = new Driver(
                device,
                emulator,
                report -> listener.accept(report),
                failure -> fault = Optional.of(String.valueOf(failure.getMessage())));
        return new DriverCalls(
                new DeviceDriver(driver),
                new ContextDriver(driver),
                new ModuleDriver(driver),
                new MemoryDriver(driver),
                new TransferDriver(driver),
                new StreamDriver(driver),
                new EventDriver(driver),
                new LaunchDriver(driver),
                new GraphDriver(driver),
                this::resultOf);
    }

    private int resultOf(String call, Throwable thrown) {
        DriverFailure failure = switch (thrown) {
            case DriverFailure known -> known;
            case NullAddressException e -> new DriverFailure(Result.INVALID_VALUE, String.valueOf(e.getMessage()));
            default -> {
                LOG.log(System.Logger.Level.ERROR, "the emulated driver failed in " + call, thrown);
                yield new DriverFailure(Result.UNKNOWN, "the emulator itself failed: " + thrown);
            }
        };
        lastFailure.set(Optional.of(call + ": " + failure.result().cudaName() + ": " + failure.getMessage()));
        return failure.result().code();
    }
}
