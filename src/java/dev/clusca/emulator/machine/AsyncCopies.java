package dev.clusca.emulator.machine;

import dev.clusca.emulator.memory.Epochs;
import dev.clusca.emulator.memory.SharedMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * The cp.async copies of a warp's lanes that have not been waited for. Their data, read when the copy is issued, reach shared memory only when the lane waits; until
 * then the bytes there may not be touched.
 */
public final class AsyncCopies {
    private final Warp warp;
    private final int[] committed = new int[Warp.LANES];
    private final List<Copy> pending = new ArrayList<>();

    /** One instruction's copies; {@code group[lane]} is the number of the group that the lane's copy joins. */
    private static final class Copy {
        final byte[] data;
        final int bytes;
        final int[] offsets;
        final int[] group;
        int lanes;

        Copy(byte[] data, int bytes, int[] offsets, int[] group, int lanes) {
            this.data = data;
            this.bytes = bytes;
            this.offsets = offsets;
            this.group = group;
            this.lanes = lanes;
        }
    }

    AsyncCopies(Warp warp) {
        this.warp = warp;
    }

    void clear() {
        pending.clear();
    }

    /** Lanes in {@code mask} copy {@code bytes} bytes to their shared offset; lane l's data are at {@code l * bytes} of {@code data}. */
    public void begin(byte[] data, int bytes, int[] offsets, int mask) {
        SharedMemory shared = warp.block().shared();
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            shared.beginAsync(offsets[lane], bytes, lane, warp.block().epochs(), warp.index());
        }
        pending.add(new Copy(data, bytes, offsets.clone(), committed.clone(), mask));
    }

    /** What the lanes issued so far becomes a group. */
    public void commit(int mask) {
        for (int m = mask; m != 0; m &= m - 1) {
            committed[Integer.numberOfTrailingZeros(m)]++;
        }
    }

    /** The lanes wait until at most {@code allowed} of their latest groups are unfinished. */
    public void waitForGroups(int allowed, int mask) {
        land(mask, allowed);
    }

    /** The lanes wait for everything they issued, in groups or not. */
    public void waitForAll(int mask) {
        land(mask, -1);
    }

    /** Those of the lanes that have not waited for all of their copies. */
    int unfinished(int mask) {
        int lanes = 0;
        for (Copy copy : pending) {
            lanes |= copy.lanes & mask;
        }
        return lanes;
    }

    private void land(int mask, int allowed) {
        SharedMemory shared = warp.block().shared();
        Epochs epochs = warp.block().epochs();
        for (Copy copy : pending) {
            for (int m = copy.lanes & mask; m != 0; m &= m - 1) {
                int lane = Integer.numberOfTrailingZeros(m);
                if (copy.group[lane] < committed[lane] - allowed) {
                    shared.land(
                            copy.offsets[lane], copy.data, lane * copy.bytes, copy.bytes, lane, epochs, warp.index());
                    copy.lanes &= ~(1 << lane);
                }
            }
        }
        pending.removeIf(copy -> copy.lanes == 0);
    }
}
