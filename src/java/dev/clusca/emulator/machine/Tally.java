package dev.clusca.emulator.machine;

import dev.clusca.emulator.report.Counts;

/** What one host thread has counted, by step. */
public final class Tally {
    private final long[] instructions;
    private final long[] lanes;
    private final long[] loadBytes;
    private final long[] storeBytes;
    private final long[] globalRequests;
    private final long[] sectors;
    private final long[] sharedRequests;
    private final long[] wavefronts;
    private final long[] extraWavefronts;

    Tally(int steps) {
        instructions = new long[steps];
        lanes = new long[steps];
        loadBytes = new long[steps];
        storeBytes = new long[steps];
        globalRequests = new long[steps];
        sectors = new long[steps];
        sharedRequests = new long[steps];
        wavefronts = new long[steps];
        extraWavefronts = new long[steps];
    }

    void step(int step, int mask) {
        instructions[step]++;
        lanes[step] += Integer.bitCount(mask);
    }

    void global(int step, long loaded, long stored, int touchedSectors) {
        loadBytes[step] += loaded;
        storeBytes[step] += stored;
        globalRequests[step]++;
        sectors[step] += touchedSectors;
    }

    void shared(int step, int passes, int extra) {
        sharedRequests[step]++;
        wavefronts[step] += passes;
        extraWavefronts[step] += extra;
    }

    Counts counts(int step) {
        return new Counts(
                instructions[step],
                lanes[step],
                loadBytes[step],
                storeBytes[step],
                globalRequests[step],
                sectors[step],
                sharedRequests[step],
                wavefronts[step],
                extraWavefronts[step]);
    }
}
