package dev.clusca.bindings;

import dev.clusca.bindings.standin.StandInDriver;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/**
 * The choice of this process's CUDA driver, a stand-in or the machine's. It falls once, before anything probes for a driver: two libraries
 * with the name {@code libcuda.so.1} cannot live in one process.
 */
final class DriverChoice {
    private boolean fallen;
    private Optional<StandInDriver> standIn = Optional.empty();

    /** Makes the choice for a stand-in, or throws when it fell otherwise. */
    synchronized void choose(StandInDriver driver) {
        if (fallen && !standIn.equals(Optional.of(driver))) {
            throw new IllegalStateException("this process already looked for "
                    + (standIn.isPresent() ? "another stand-in driver" : "the machine's CUDA driver")
                    + ". Expected: the choice of a stand-in before the first use of CUDA. Remedy: choose it first thing, or set"
                    + " CLUSCA_EMULATE=1 in the environment.");
        }
        fallen = true;
        standIn = Optional.of(driver);
    }

    /**
     * The stand-in, or nothing for the machine's driver; where nobody chose, the switches of a stand-in on the class path decide.
     *
     * @throws NativeUnavailableException where these mean nothing: the choice is still open then, for nobody should get a driver by mistake
     */
    synchronized Optional<StandInDriver> decide() {
        if (!fallen) {
            standIn = wanted();
            fallen = true;
        }
        return standIn;
    }

    private static Optional<StandInDriver> wanted() {
        try {
            return ServiceLoader.load(StandInDriver.class, DriverChoice.class.getClassLoader()).stream()
                    .map(ServiceLoader.Provider::get)
                    .filter(StandInDriver::isWanted)
                    .findFirst();
        } catch (ServiceConfigurationError e) {
            // The loader packs what a constructor throws; what it says to the user is within.
            if (e.getCause() instanceof NativeUnavailableException reason) {
                throw reason;
            }
            throw e;
        }
    }
}
