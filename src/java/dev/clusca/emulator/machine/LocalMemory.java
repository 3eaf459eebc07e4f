package dev.clusca.emulator.machine;

import dev.clusca.emulator.memory.AccessFault;
import dev.clusca.emulator.report.FaultKind;
import java.util.Arrays;

/** The local memory of a warp's lanes, one after the other. */
public final class LocalMemory {
    private final int bytesPerLane;
    private final byte[] data;
    private final boolean[] written;

    LocalMemory(int bytesPerLane) {
        this.bytesPerLane = bytesPerLane;
        data = new byte[bytesPerLane * Warp.LANES];
        written = new boolean[data.length];
    }

    void clear() {
        Arrays.fill(written, false);
    }

    public byte[] data() {
        return data;
    }

    /** Where a lane's bytes begin in {@link #data}. */
    public int offset(long address, int bytes, int lane) {
        if (address < 0 || address > bytesPerLane - bytes) {
            throw new AccessFault(
                    FaultKind.OUT_OF_BOUNDS,
                    lane,
                    bytes + " bytes at byte " + address + " of " + bytesPerLane + " of local memory");
        }
        return lane * bytesPerLane + (int) address;
    }

    public void write(int offset, int bytes) {
        Arrays.fill(written, offset, offset + bytes, true);
    }

    public void checkWritten(int offset, int bytes, int lane) {
        for (int k = offset; k < offset + bytes; k++) {
            if (!written[k]) {
                throw new AccessFault(
                        FaultKind.UNINITIALISED_LOCAL,
                        lane,
                        bytes + " bytes at byte " + (offset - lane * bytesPerLane));
            }
        }
    }
}
