package dev.clusca.emulator.memory;

import dev.clusca.emulator.report.FaultKind;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which warp wrote each word of an allocation last, and which read it: what tells that two warps of a launch met there with no order between them. Not everything is
 * kept, so that some errors are missed: of several readers the last; of reads none of less than a word, and plain ones not before a kernel first wrote to the allocation; of atomics and of writes
 * with a memory order nothing. Reads with one are kept apart, for they race with plain writes alone.
 */
final class WordStamps {
    /** Marks a word whose bytes have stamps of their own. */
    private static final int IN_PARTS = Integer.MAX_VALUE;

    private final Allocation memory;
    private final int[] writes;
    private final int[] reads;
    /** Of reads with a memory order; absent until there is one. */
    private volatile int @Nullable [] orderedReads;
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
     * Notes that a warp reads a range, if it may.
     *
     * @param readOnly whether the read takes the path for what nobody writes in the whole launch, the same warp included
     * @return 0 if it may, otherwise the stamp of the write that forbids it
     */
    int read(int offset, int bytes, boolean readOnly, LaunchStamps.Warp warp) {
        if (warp.isOfThisLaunch(latestWrite)) {
            int end = offset + bytes;
            for (int word = offset >> 2; word << 2 < end; word++) {
                int stamp = writes[word];
                int forbidding = stamp == IN_PARTS
                        ? forbidding(Math.max(offset, word << 2), Math.min(end, word + 1 << 2), readOnly, warp)
                        : forbids(stamp, readOnly, warp) ? stamp : 0;
                if (forbidding != 0) {
                    return forbidding;
                }
            }
        }
        if (isWhole(offset, bytes)) {
            Arrays.fill(reads, offset >> 2, offset + bytes >> 2, warp.stamp());
        }
        return 0;
    }

    private int forbidding(int from, int to, boolean readOnly, LaunchStamps.Warp warp) {
        int[] parts = parts();
        for (int i = from; i < to; i++) {
            if (forbids(parts[i], readOnly, warp)) {
                return parts[i];
            }
        }
        return 0;
    }

    private static boolean forbids(int write, boolean readOnly, LaunchStamps.Warp warp) {
        return readOnly ? warp.isOfThisLaunch(write) : warp.conflicts(write);
    }

    /** The same for lanes that read {@code bytes} bytes each; refuses where one of them must not. */
    void read(int[] offsets, int bytes, int mask, boolean readOnly, LaunchStamps.Warp warp) {
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int forbidding = read(offsets[lane], bytes, readOnly, warp);
            if (forbidding == 0) {
                continue;
            }
            String what = bytes + " bytes at " + memory.describe(memory.address() + offsets[lane]);
            throw readOnly
                    ? new AccessFault(FaultKind.STALE_READ, lane, what + " were written in this launch")
                    : new AccessFault(
                            kind(forbidding, warp),
                            lane,
                            what + ", read with no order after the write of " + warp.describe(forbidding));
        }
    }

    /** Notes reads with a memory order, which a plain write must not follow unordered. */
    void readOrdered(int[] offsets, int bytes, int mask, LaunchStamps.Warp warp) {
        int[] noted = orderedReads;
        if (noted == null) {
            noted = makeOrderedReads();
        }
        for (int m = mask; m != 0; m &= m - 1) {
            int offset = offsets[Integer.numberOfTrailingZeros(m)];
            if (isWhole(offset, bytes)) {
                Arrays.fill(noted, offset >> 2, offset + bytes >> 2, warp.stamp());
            }
        }
    }

    private synchronized int[] makeOrderedReads() {
        int[] noted = orderedReads;
        if (noted == null) {
            noted = new int[reads.length];
            orderedReads = noted;
        }
        return noted;
    }

    /** Refuses where lanes would write {@code bytes} bytes each, under a memory order, with no order after another warp's access. */
    void check(int[] offsets, int bytes, int mask, LaunchStamps.Warp warp) {
        check(offsets, bytes, mask, warp, null);
    }

    /** @param awaited reads that the write must not follow unordered either, if there are any */
    private void check(int[] offsets, int bytes, int mask, LaunchStamps.Warp warp, int @Nullable [] awaited) {
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int end = offsets[lane] + bytes;
            for (int word = offsets[lane] >> 2; word << 2 < end; word++) {
                int first = Math.max(offsets[lane], word << 2);
                refuse(reads[word], "read", first, lane, warp);
                if (awaited != null) {
                    refuse(awaited[word], "read", first, lane, warp);
                }
                // Read once: another thread may be writing a part of the word.
                int last = writes[word];
                if (last == IN_PARTS) {
                    int[] parts = parts();
                    for (int i = first; i < Math.min(end, word + 1 << 2); i++) {
                        refuse(parts[i], "written", i, lane, warp);
                    }
                } else {
                    refuse(last, "written", first, lane, warp);
                }
            }
        }
    }

    /** The same for plain writes, and notes them. */
    void write(int[] offsets, int bytes, int mask, LaunchStamps.Warp warp) {
        check(offsets, bytes, mask, warp, orderedReads);
        int stamp = warp.stamp();
        latestWrite = stamp;
        for (int m = mask; m != 0; m &= m - 1) {
            int offset = offsets[Integer.numberOfTrailingZeros(m)];
            if (bytes < Integer.BYTES) {
                writePart(offset, bytes, stamp, warp);
            } else {
                Arrays.fill(writes, offset >> 2, offset + bytes >> 2, stamp);
            }
        }
    }

    private void writePart(int offset, int bytes, int stamp, LaunchStamps.Warp warp) {
        int[] parts = parts();
        int last = writes[offset >> 2];
        if (last != IN_PARTS) {
            int start = offset & -Integer.BYTES;
            int end = Math.min(start + Integer.BYTES, parts.length);
            Arrays.fill(parts, start, end, warp.isOfThisLaunch(last) ? last : 0);
            writes[offset >> 2] = IN_PARTS;
        }
        Arrays.fill(parts, offset, offset + bytes, stamp);
    }

    /** The same for a range, and only if nobody has written there in this launch, nor another warp read there without order; gives whether that was so. */
    boolean writeFirst(int offset, int bytes, LaunchStamps.Warp warp) {
        if (!isWhole(offset, bytes) || orderedReads != null) {
            return false;
        }
        int first = offset >> 2;
        int end = offset + bytes >> 2;
        int stamp = warp.stamp();
        int latest = 0;
        for (int k = first; k < end; k++) {
            latest = Math.max(latest, writes[k]);
            latest = Math.max(latest, reads[k] == stamp ? 0 : reads[k]);
        }
        if (warp.isOfThisLaunch(latest) && !isReadInOrder(first, end, warp)) {
            return false;
        }
        latestWrite = stamp;
        Arrays.fill(writes, first, end, stamp);
        return true;
    }

    /** Whether nobody has written these words in this launch, and all their readers are ordered before. */
    private boolean isReadInOrder(int first, int end, LaunchStamps.Warp warp) {
        for (int k = first; k < end; k++) {
            if (warp.isOfThisLaunch(writes[k]) || warp.conflicts(reads[k])) {
                return false;
            }
        }
        return true;
    }

    private void refuse(int other, String access, int offset, int lane, LaunchStamps.Warp warp) {
        if (warp.conflicts(other)) {
            throw new AccessFault(
                    kind(other, warp),
                    lane,
                    memory.describe(memory.address() + offset) + ", also " + access + " by " + warp.describe(other)
                            + " with no order between");
        }
    }

    private static FaultKind kind(int other, LaunchStamps.Warp warp) {
        return warp.isOfAnotherBlock(other) ? FaultKind.BLOCK_CONFLICT : FaultKind.GLOBAL_RACE;
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
