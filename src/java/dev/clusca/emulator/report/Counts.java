package dev.clusca.emulator.report;

/**
 * What was executed: on one PTX line, or by a whole kernel.
 *
 * @param instructions instructions issued, one for each warp
 * @param lanes the same, one for each active lane
 * @param globalLoadBytes bytes that lanes asked of global memory, cp.async included
 * @param globalStoreBytes bytes that lanes wrote to it
 * @param globalRequests load and store instructions to global memory, one for each warp
 * @param sectors 32-byte sectors that these requests touched
 * @param sharedRequests shared-memory instructions, one for each warp
 * @param wavefronts passes over the shared-memory banks that these took
 * @param extraWavefronts how many of them are due to bank conflicts
 */
public record Counts(
        long instructions,
        long lanes,
        long globalLoadBytes,
        long globalStoreBytes,
        long globalRequests,
        long sectors,
        long sharedRequests,
        long wavefronts,
        long extraWavefronts) {
    public static final Counts ZERO = new Counts(0, 0, 0, 0, 0, 0, 0, 0, 0);

    public long globalBytes() {
        return globalLoadBytes + globalStoreBytes;
    }

    public Counts plus(Counts other) {
        return new Counts(
                instructions + other.instructions,
                lanes + other.lanes,
                globalLoadBytes + other.globalLoadBytes,
                globalStoreBytes + other.globalStoreBytes,
                globalRequests + other.globalRequests,
                sectors + other.sectors,
                sharedRequests + other.sharedRequests,
                wavefronts + other.wavefronts,
                extraWavefronts + other.extraWavefronts);
    }

    /** The same without what was issued: for a step that belongs to an instruction counted already. */
    public Counts withoutInstructions() {
        return new Counts(
                0,
                0,
                globalLoadBytes,
                globalStoreBytes,
                globalRequests,
                sectors,
                sharedRequests,
                wavefronts,
                extraWavefronts);
    }
}
