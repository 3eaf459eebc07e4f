package dev.clusca.bindings;

import dev.clusca.bindings.standin.StandInDriver;
import java.util.List;
import java.util.Optional;

/**
 * The gate to the CUDA driver, {@code libcuda.so.1}: the machine's, which comes with NVIDIA's display driver and not with the CUDA toolkit, or
 * a stand-in where one was chosen before the gate was first asked.
 */
public final class CudaLibrary {
    private static final LibrarySearch SEARCH = new LibrarySearch(
            List.of("libcuda.so.1"),
            "clusca.cuda.path",
            List.of("/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/run/opengl-driver/lib"),
            "install NVIDIA's driver; in a container, start it with the NVIDIA container toolkit (--gpus all);"
                    + " elsewhere, name the file with -Dclusca.cuda.path=FILE");

    private static final DriverChoice CHOICE = new DriverChoice();

    private static final NativeLibrary GATE = new NativeLibrary(
            "the CUDA driver", CudaLibrary::open, Symbols.listedFor("cuda", "a driver for CUDA 11.4 or newer"));

    private CudaLibrary() {}

    /** The gate of this process. */
    public static NativeLibrary gate() {
        return GATE;
    }

    /**
     * Makes a stand-in the CUDA driver of this process, for good; JCuda finds it as well. Choosing the same one again changes nothing.
     *
     * @throws IllegalStateException when this process already looked for the machine's driver, or has another stand-in
     */
    public static void useStandIn(StandInDriver driver) {
        CHOICE.choose(driver);
    }

    /** The stand-in that is this process's driver, or nothing. When nobody chose one yet its switches are asked; then the choice has fallen. */
    public static Optional<StandInDriver> standIn() {
        return CHOICE.decide();
    }

    /**
     * Keeps a vendor's library from finding a stand-in where it looks for a driver.
     *
     * @throws NativeUnavailableException when this process's driver is a stand-in
     */
    static void requireMachinesDriver(String library) {
        if (standIn().isPresent()) {
            throw new NativeUnavailableException(
                    "the CUDA driver of this process is a stand-in, and the kernels in " + library
                            + " are no PTX that it could run",
                    "a process with the machine's own driver",
                    "use clusca's own kernels under emulation, or unset CLUSCA_EMULATE and remove --emulate and -Dclusca.emulate",
                    null);
        }
    }

    private static Loaded open() {
        return standIn()
                .map(StandInDriver::calls)
                .map(StandInLibrary::open)
                .map(Loaded::only)
                .orElseGet(SEARCH::load);
    }
}
