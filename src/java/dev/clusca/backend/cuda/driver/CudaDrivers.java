package dev.clusca.backend.cuda.driver;

import dev.clusca.backend.BackendException;
import dev.clusca.bindings.CudaLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Opens the providers of the driver's calls. */
public final class CudaDrivers {
    /** The system property that chooses the provider: {@code jcuda}, the default where it is on the class path, or {@code ffm}. */
    public static final String PROPERTY = "clusca.cuda.driver";

    private CudaDrivers() {}

    /**
     * Opens the provider that {@value #PROPERTY} names, by default JCuda where a program has it on its class path, after making sure that there is a driver.
     *
     * @throws BackendException if there is no driver, the provider does not load, or the property names none
     */
    public static CudaDriver open() {
        @Nullable String named = System.getProperty(PROPERTY);
        return open(named != null ? named : JCudaClasses.arePresent() ? JCudaDriverProvider.NAME : FfmDriver.NAME);
    }

    /** The names that {@link #open(String)} knows, the preferred first. */
    public static List<String> names() {
        return List.of(JCudaDriverProvider.NAME, FfmDriver.NAME);
    }

    /**
     * Opens a provider by its name.
     *
     * @throws BackendException if there is no driver, the provider does not load, or there is none of that name
     */
    public static CudaDriver open(String name) {
        try {
            // JCuda must never be the one to find out that there is no driver: its classes stay broken afterwards.
            CudaLibrary.gate().ensureAvailable();
            return switch (name) {
                case JCudaDriverProvider.NAME -> {
                    JCudaClasses.require();
                    yield JCudaDriverProvider.open(new FfmDriver());
                }
                case FfmDriver.NAME -> new FfmDriver();
                default ->
                    throw new BackendException("there is no CUDA provider \"" + name + "\"; set -D" + PROPERTY
                            + " to one of " + String.join(", ", names()));
            };
        } catch (NativeUnavailableException e) {
            throw new BackendException(e.getMessage(), e);
        }
    }

    /**
     * The provider itself if it has the capability, else the other one, which works on the same handles.
     *
     * @throws BackendException if the driver that is loaded lacks it
     */
    public static CudaDriver with(CudaDriver driver, CudaCapability capability) {
        CudaDriver able = able(driver, capability);
        require(able, capability);
        return able;
    }

    /** Whether {@link #with} has a provider to give. */
    public static boolean offers(CudaDriver driver, CudaCapability capability) {
        return able(driver, capability).capabilities().contains(capability);
    }

    private static CudaDriver able(CudaDriver driver, CudaCapability capability) {
        return driver.capabilities().contains(capability) ? driver : driver.ffm();
    }

    /** Returns if the provider has the capability. */
    static void require(CudaDriver driver, CudaCapability capability) {
        if (!driver.capabilities().contains(capability)) {
            int version = driver.driverVersion();
            throw new BackendException("this driver, for CUDA " + version / 1000 + "." + version % 1000 / 10
                    + ", does not offer " + capability.meaning() + "; install a driver for " + capability.since()
                    + " or newer");
        }
    }
}
