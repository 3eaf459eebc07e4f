package dev.clusca.emulator.memory;

/** The emulated device has less memory left than was asked for. */
public final class OutOfDeviceMemory extends RuntimeException {
    private static final long serialVersionUID = 1;

    OutOfDeviceMemory(String label, long asked, long free) {
        super(asked + " bytes were asked for " + label + " and " + free + " are free on the emulated device; "
                + "free something, or give the emulator more in its options");
    }
}
