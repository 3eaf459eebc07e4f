package dev.clusca.emulator;

import dev.clusca.emulator.machine.Detectors;

/**
 * How the emulator runs kernels.
 *
 * @param deviceBytes memory of the device
 * @param threads host threads that run blocks; with 1, the order of everything follows from the seed
 * @param budget instructions, counted for warps, after which a launch is reported as hanging
 * @param uninitialisedReads whether to report reads of global memory that nobody wrote
 * @param sharedRaces whether to report races in shared memory
 */
public record EmulatorOptions(
        long deviceBytes, int threads, long budget, boolean uninitialisedReads, boolean sharedRaces) {
    /** 8 GiB, two host threads, 2^31 instructions, every detector on. */
    public static final EmulatorOptions DEFAULT = new EmulatorOptions(8L << 30, 2, 1L << 31, true, true);

    public EmulatorOptions {
        if (deviceBytes < 1 || threads < 1 || budget < 1) {
            throw new IllegalArgumentException("memory of " + deviceBytes + " bytes, " + threads
                    + " threads and a budget of " + budget + " instructions were given; each must be at least 1");
        }
    }

    public EmulatorOptions withThreads(int count) {
        return new EmulatorOptions(deviceBytes, count, budget, uninitialisedReads, sharedRaces);
    }

    public EmulatorOptions withBudget(long instructions) {
        return new EmulatorOptions(deviceBytes, threads, instructions, uninitialisedReads, sharedRaces);
    }

    public EmulatorOptions withDeviceBytes(long bytes) {
        return new EmulatorOptions(bytes, threads, budget, uninitialisedReads, sharedRaces);
    }

    Detectors detectors() {
        return new Detectors(uninitialisedReads, sharedRaces, threads, budget);
    }
}
