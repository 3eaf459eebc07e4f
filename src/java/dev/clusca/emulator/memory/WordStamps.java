package dev.clusca.emulator.memory;

import dev.clusca.emulator.report.FaultKind;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which block wrote each word of an allocation last, and which read it: what tells that two blocks of a launch met there with no order between them. Not everything is
 * kept, so that some errors are missed: of several readers the last; of reads none of less than a word, and none before a kernel first wrote to the allocation; of atomics and
 * of accesses with a memory order nothing, for they do not race with each other.
 */
final class WordStamps {
    /** Marks a word whose bytes have stamps of their own. */
    private static final int IN_PARTS = Integer.MAX_VALUE;

    private final Allocation memory;
    private final int[] writes;
    private final int[] reads;
    /** Stamps of single bytes, for words that were written in parts; absent until a kernel writes less than a word. */
    private volatile int @Nullable [] byteStamps;
    /** Stamp of one of the last writes: where it is of an earlier launch, all are. */
    private int latestWrite;

    WordStamps(Allocation memory) {
        this.memory = memory;
        int words = (memory.size() + Integer.BYTES - 1) / Integer.BYTES;
        writes = new int[words];
        reads = new int[words];
    }

    /**
     * Notes that a block reads a range, if it may; gives whether that is so.
     *
     * @param readOnly whether the read takes the path for what nobody writes in the whole launch, the same block included
     */
    boolean read(int offset, int bytes, boolean readOnly, LaunchStamps.Block block) {
        if (block.isOfThisLaunch(latestWrite)) {
            int end = offset + bytes;
            for (int word = offset >> 2; word << 2 < end; word++) {
                int stamp = writes[word];
                if (stamp == IN_PARTS
                        ? isForbidden(Math.max(offset, word << 2), Math.min(end, word + 1 << 2), readOnly, block)
                        : isForbidden(stamp, readOnly, block)) {
                    return false;
                }
            }
        }
        if (isWhole(offset, bytes)) {
            Arrays.fill(reads, offset >> 2, offset + bytes >> 2, block.stamp());
        }
        return true;
    }

    private boolean isForbidden(int from, int to, boolean readOnly, LaunchStamps.Block block) {
        int[] parts = parts();
        for (int i = from; i < to; i++) {
            if (isForbidden(parts[i], readOnly, block)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isForbidden(int write, boolean readOnly, LaunchStamps.Block block) {
        return readOnly ? block.isOfThisLaunch(write) : block.conflict(write) >= 0;
    }

    /** The same for lanes that read {@code bytes} bytes each; refuses where one of them must not. */
    void read(int[] offsets, int bytes, int mask, boolean readOnly, LaunchStamps.Block block) {
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            if (!read(offsets[lane], bytes, readOnly, block)) {
                throw new AccessFault(
                        readOnly ? FaultKind.STALE_READ : FaultKind.BLOCK_CONFLICT,
                        lane,
                        bytes + " bytes at " + memory.describe(memory.address() + offsets[lane])
                                + (readOnly
                                        ? " were written in this launch"
                                        : ", read with no order after the write of another block"));
            }
        }
    }

    /** Refuses where lanes would write {@code bytes} bytes each with no order after another block's access. */
    void check(int[] offsets, int bytes, int mask, LaunchStamps.Block block) {
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int end = offsets[lane] + bytes;
            for (int word = offsets[lane] >> 2; word << 2 < end; word++) {
                int first = Math.max(offsets[lane], word << 2);
                refuse(block.conflict(reads[word]), "read", first, lane);
                if (writes[word] == IN_PARTS) {
                    int[] parts = parts();
                    for (int i = first; i < Math.min(end, word + 1 << 2); i++) {
                        refuse(block.conflict(parts[i]), "written", i, lane);
                    }
                } else {
                    refuse(block.conflict(writes[word]), "written", first, lane);
                }
            }
        }
    }

    /** The same, and notes that they write. */
    void write(int[] offsets, int bytes, int mask, LaunchStamps.Block block) {
        check(offsets, bytes, mask, block);
        int stamp = block.stamp();
        latestWrite = stamp;
        for (int m = mask; m != 0; m &= m - 1) {
            int offset = offsets[Integer.numberOfTrailingZeros(m)];
            if (bytes < Integer.BYTES) {
                writePart(offset, bytes, stamp, block);
            } else {
                Arrays.fill(writes, offset >> 2, offset + bytes >> 2, stamp);
            }
        }
    }

    private void writePart(int offset, int bytes, int stamp, LaunchStamps.Block block) {
        int[] parts = parts();
        int last = writes[offset >> 2];
        if (last != IN_PARTS) {
            int start = offset & -Integer.BYTES;
            int end = Math.min(start + Integer.BYTES, parts.length);
            Arrays.fill(parts, start, end, block.isOfThisLaunch(last) ? last : 0);
            writes[offset >> 2] = IN_PARTS;
        }
        Arrays.fill(parts, offset, offset + bytes, stamp);
    }

    /** The same for a range, and only if no other block has been there in this launch, nor this one written there; gives whether that was so. */
    boolean writeFirst(int offset, int bytes, LaunchStamps.Block block) {
        if (!isWhole(offset, bytes)) {
            return false;
        }
        int first = offset >> 2;
        int end = offset + bytes >> 2;
        int stamp = block.stamp();
        int latest = 0;
        for (int k = first; k < end; k++) {
            latest = Math.max(latest, writes[k]);
            latest = Math.max(latest, reads[k] == stamp ? 0 : reads[k]);
        }
        if (block.isOfThisLaunch(latest)) {
            return false;
        }
        latestWrite = stamp;
        Arrays.fill(writes, first, end, stamp);
        return true;
    }

    private void refuse(int other, String access, int offset, int lane) {
        if (other >= 0) {
            throw new AccessFault(
                    FaultKind.BLOCK_CONFLICT,
                    lane,
                    memory.describe(memory.address() + offset) + ", also " + access + " by block number " + other
                            + " of the grid");
        }
    }

    private static boolean isWhole(int offset, int bytes) {
        return ((offset | bytes) & Integer.BYTES - 1) == 0;
    }

    private int[] parts() {
        int[] parts = byteStamps;
        return parts == null ? makeParts() : parts;
    }

    private synchronized int[] makeParts() {
        int[] parts = byteStamps;
        if (parts == null) {
            parts = new int[memory.size()];
            byteStamps = parts;
        }
        return parts;
    }
}
