package dev.clusca.emulator.memory;

import dev.clusca.emulator.report.FaultKind;
import java.util.Arrays;

/**
 * The shared memory of a block and the rules for using it. For each 4-byte word it remembers the last write and the last read, as epoch, warp, lane and bytes; an access
 * races with one of them if they are by different threads, touch the same bytes, one of them writes, and no barrier orders them ({@link Epochs}). So an earlier
 * reader of the same warp may go unnoticed, but what is reported is a race.
 */
public final class SharedMemory {
    private static final int BYTES_BITS = 4;
    private static final int LANE_SHIFT = BYTES_BITS;
    private static final int LANE_MASK = 63;
    private static final int WARP_SHIFT = LANE_SHIFT + 6;
    private static final int WARP_MASK = 63;
    private static final int EPOCH_SHIFT = WARP_SHIFT + 6;

    /** In the place of a lane or a warp: more than one. */
    private static final int SEVERAL = 32;
    /** The most epochs a record can name. */
    static final int MAX_EPOCH = (1 << 32 - EPOCH_SHIFT) - 1;

    private static final int ALL_BYTES = 15;
    private static final int LANES = 32;

    /** The lane, in its place in a record, of each of 32, 64 or 128 words that lanes share evenly; indexed by bytes of a lane / 8. */
    private static final int[][] LANE_OF_WORD = {lanes(1), lanes(2), lanes(4)};

    private static int[] lanes(int wordsPerLane) {
        int[] lanes = new int[LANES * wordsPerLane];
        Arrays.setAll(lanes, word -> word / wordsPerLane << LANE_SHIFT);
        return lanes;
    }

    private final byte[] data;
    private final Written written;
    private final int[] lastWrite;
    private final int[] lastRead;
    private final int[] lastAtomic;
    private int size;
    private boolean checkRaces;
    /** Whether {@link #lastAtomic} holds anything. */
    private boolean atomics;

    public SharedMemory(int capacity) {
        data = new byte[capacity];
        written = new Written(capacity);
        lastWrite = new int[(capacity + 3) / 4];
        lastRead = new int[(capacity + 3) / 4];
        lastAtomic = new int[(capacity + 3) / 4];
    }

    /** Ready for the next block, which has {@code bytes} bytes. */
    public void reset(int bytes, boolean races) {
        Arrays.fill(data, 0, size, (byte) 0xff);
        written.forget(size);
        size = bytes;
        checkRaces = races;
        forgetAccesses();
    }

    /** Forgets who accessed what, where epochs begin anew. */
    void forgetAccesses() {
        Arrays.fill(lastWrite, 0);
        Arrays.fill(lastRead, 0);
        if (atomics) {
            Arrays.fill(lastAtomic, 0);
            atomics = false;
        }
    }

    public int size() {
        return size;
    }

    public byte[] data() {
        return data;
    }

    /** Notes and checks the reads of a warp's lanes, {@code bytes} each. */
    public void read(int[] offsets, int bytes, int mask, Epochs epochs, int warp) {
        int missing = written.missing(offsets, bytes, mask);
        if (missing != 0) {
            unwritten(offsets, bytes, Integer.numberOfTrailingZeros(missing));
        }
        if (!checkRaces) {
            return;
        }
        int[] view = epochs.view(warp);
        int own = epochs.now(warp) << EPOCH_SHIFT | warp << WARP_SHIFT;
        int settled = epochs.settled() << EPOCH_SHIFT;
        // What most reads meet, and leave as it is: all of the word was read by several lanes of this warp, or by
        // several warps.
        int byLanes = own | SEVERAL << LANE_SHIFT | ALL_BYTES;
        int byWarps = byLanes & ~(WARP_MASK << WARP_SHIFT) | SEVERAL << WARP_SHIFT;
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int touched = touched(offsets[lane], bytes);
            int end = offsets[lane] + bytes + 3 >> 2;
            int record = own | lane << LANE_SHIFT | touched;
            for (int word = offsets[lane] >> 2; word < end; word++) {
                int write = lastWrite[word];
                if (Integer.compareUnsigned(write, settled) >= 0 && races(write, view, warp, lane, touched)) {
                    race("read", "a write", write, word, lane);
                }
                if (atomics) {
                    refuseAfter(
                            "read", "an atomic", lastAtomic[word], word, view, warp, lane, touched, settled, epochs);
                }
                int read = lastRead[word];
                if (read != byLanes && read != byWarps) {
                    lastRead[word] = joined(read, record, settled);
                }
            }
        }
    }

    /**
     * The same for all 32 lanes at {@code start + lane * step}, where step is 0 or {@code bytes}, and only if nothing is wrong and nothing has to be looked at word by word;
     * gives whether that was so.
     */
    public boolean readRegular(int start, int step, int bytes, Epochs epochs, int warp) {
        int span = step == 0 ? bytes : LANES * bytes;
        if (!written.all(start, span)) {
            return false;
        }
        if (!checkRaces) {
            return true;
        }
        int first = start >> 2;
        int words = span + 3 >> 2;
        int settled = epochs.settled() << EPOCH_SHIFT;
        if (bytes < Integer.BYTES
                || !allBelow(lastWrite, first, words, settled)
                || atomics && !allBelow(lastAtomic, first, words, settled)) {
            return false;
        }
        int own = epochs.now(warp) << EPOCH_SHIFT | warp << WARP_SHIFT | ALL_BYTES;
        if (step == 0) {
            for (int word = first; word < first + words; word++) {
                lastRead[word] = joined(lastRead[word], own | SEVERAL << LANE_SHIFT, settled);
            }
        } else if (allBelow(lastRead, first, words, settled)) {
            fill(lastRead, first, words, own, LANE_OF_WORD[bytes >> 3]);
        } else {
            int shift = Integer.numberOfTrailingZeros(bytes >> 2);
            for (int k = 0; k < words; k++) {
                lastRead[first + k] = joined(lastRead[first + k], own | k >> shift << LANE_SHIFT, settled);
            }
        }
        return true;
    }

    /** As {@link #readRegular}, for writes to {@code start + lane * bytes}. */
    public boolean writeRegular(int start, int bytes, Epochs epochs, int warp) {
        int span = LANES * bytes;
        if (written.anyInFlight(start, span)) {
            return false;
        }
        if (checkRaces) {
            int first = start >> 2;
            int words = span >> 2;
            int settled = epochs.settled() << EPOCH_SHIFT;
            if (bytes < Integer.BYTES
                    || !allBelow(lastWrite, first, words, settled)
                    || !allBelow(lastRead, first, words, settled)
                    || atomics && !allBelow(lastAtomic, first, words, settled)) {
                return false;
            }
            int own = epochs.now(warp) << EPOCH_SHIFT | warp << WARP_SHIFT | ALL_BYTES;
            fill(lastWrite, first, words, own, LANE_OF_WORD[bytes >> 3]);
        }
        written.set(start, span);
        return true;
    }

    /** Whether all records are older than the epoch that {@code limit} begins. */
    private static boolean allBelow(int[] records, int first, int words, int limit) {
        int highest = Integer.MIN_VALUE;
        for (int k = first; k < first + words; k++) {
            highest = Math.max(highest, records[k] ^ Integer.MIN_VALUE);
        }
        return highest < (limit ^ Integer.MIN_VALUE);
    }

    private static void fill(int[] records, int first, int words, int own, int[] lanes) {
        for (int k = 0; k < words; k++) {
            records[first + k] = own | lanes[k];
        }
    }

    /** Notes and checks the writes of a warp's lanes, {@code bytes} each. */
    public void write(int[] offsets, int bytes, int mask, Epochs epochs, int warp) {
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            refuseInFlight(offsets[lane], bytes, lane);
            written.set(offsets[lane], bytes);
        }
        if (checkRaces) {
            recordWrites(offsets, bytes, mask, epochs, warp);
        }
    }

    /** The same for a cp.async that begins: its bytes may not be touched until {@link #land}. */
    public void beginAsync(int offset, int bytes, int lane, Epochs epochs, int warp) {
        refuseInFlight(offset, bytes, lane);
        if (checkRaces) {
            recordWrite(offset, bytes, lane, epochs, warp);
        }
        written.set(offset, bytes, Written.IN_FLIGHT);
    }

    /** The bytes of a cp.async that was waited for. */
    public void land(int offset, byte[] from, int start, int bytes, int lane, Epochs epochs, int warp) {
        System.arraycopy(from, start, data, offset, bytes);
        written.set(offset, bytes);
        if (checkRaces) {
            for (int word = offset >> 2; word < offset + bytes + 3 >> 2; word++) {
                lastWrite[word] = record(epochs, warp, lane, ALL_BYTES);
            }
        }
    }

    /** Notes atomics, and refuses those on bytes without a value, or that a plain access races with. Atomics do not race with each other. */
    public void atomic(int[] offsets, int bytes, int mask, Epochs epochs, int warp) {
        int missing = written.missing(offsets, bytes, mask);
        if (missing != 0) {
            unwritten(offsets, bytes, Integer.numberOfTrailingZeros(missing));
        }
        if (!checkRaces) {
            return;
        }
        atomics = true;
        int[] view = epochs.view(warp);
        int settled = epochs.settled() << EPOCH_SHIFT;
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int touched = touched(offsets[lane], bytes);
            for (int word = offsets[lane] >> 2; word < offsets[lane] + bytes + 3 >> 2; word++) {
                refuseAfter("atomic", "a write", lastWrite[word], word, view, warp, lane, touched, settled, epochs);
                refuseAfter("atomic", "a read", lastRead[word], word, view, warp, lane, touched, settled, epochs);
                lastAtomic[word] = joined(lastAtomic[word], record(epochs, warp, lane, touched), settled);
            }
        }
    }

    private static void refuseAfter(
            String access,
            String earlier,
            int record,
            int word,
            int[] view,
            int warp,
            int lane,
            int touched,
            int settled,
            Epochs epochs) {
        if (Integer.compareUnsigned(record, settled) >= 0
                && (races(record, view, warp, lane, touched) || severalRead(record, touched, epochs))) {
            race(access, earlier, record, word, lane);
        }
    }

    private void recordWrites(int[] offsets, int bytes, int mask, Epochs epochs, int warp) {
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            recordWrite(offsets[lane], bytes, lane, epochs, warp);
        }
    }

    private void recordWrite(int offset, int bytes, int lane, Epochs epochs, int warp) {
        int[] view = epochs.view(warp);
        int touched = touched(offset, bytes);
        int record = record(epochs, warp, lane, touched);
        int settled = epochs.settled() << EPOCH_SHIFT;
        for (int word = offset >> 2; word < offset + bytes + 3 >> 2; word++) {
            int write = lastWrite[word];
            if (Integer.compareUnsigned(write, settled) >= 0 && races(write, view, warp, lane, touched)) {
                race("write", "a write", write, word, lane);
            }
            refuseAfter("write", "a read", lastRead[word], word, view, warp, lane, touched, settled, epochs);
            if (atomics) {
                refuseAfter("write", "an atomic", lastAtomic[word], word, view, warp, lane, touched, settled, epochs);
            }
            lastWrite[word] = joined(write, record, settled);
        }
    }

    private static int record(Epochs epochs, int warp, int lane, int touched) {
        return epochs.now(warp) << EPOCH_SHIFT | warp << WARP_SHIFT | lane << LANE_SHIFT | touched;
    }

    private static boolean races(int record, int[] view, int warp, int lane, int touched) {
        int other = record >>> WARP_SHIFT & WARP_MASK;
        return (record & touched) != 0
                && other != SEVERAL
                && record >>> EPOCH_SHIFT >= view[other]
                && (other != warp || isOfAnotherLane(record, lane, touched));
    }

    /** Lanes that were at a word in one epoch are not told apart; one of them is another, and met for certain by an access to all bytes that they touched. */
    private static boolean isOfAnotherLane(int record, int lane, int touched) {
        int other = record >>> LANE_SHIFT & LANE_MASK;
        return other == SEVERAL ? (record & ALL_BYTES & ~touched) == 0 : other != lane;
    }

    /** Warps that read a word since the last barrier of the whole block are not told apart; one of them is another. */
    private static boolean severalRead(int record, int touched, Epochs epochs) {
        return (record & touched) != 0 && (record >>> WARP_SHIFT & WARP_MASK) == SEVERAL && epochs.onlyFullBarriers();
    }

    /** One record for what was there and what comes, as far as they are in the same epoch. */
    private static int joined(int old, int record, int settled) {
        if (Integer.compareUnsigned(old, settled) < 0 || (old ^ record) >>> LANE_SHIFT == 0 && old != 0) {
            return Integer.compareUnsigned(old, settled) < 0 ? record : record | old & ALL_BYTES;
        }
        if ((old >>> WARP_SHIFT & WARP_MASK) != (record >>> WARP_SHIFT & WARP_MASK)) {
            return record & ~(WARP_MASK << WARP_SHIFT) & ~(LANE_MASK << LANE_SHIFT)
                    | SEVERAL << WARP_SHIFT
                    | SEVERAL << LANE_SHIFT
                    | old & ALL_BYTES;
        }
        if (old >>> EPOCH_SHIFT != record >>> EPOCH_SHIFT) {
            return record;
        }
        return record & ~(LANE_MASK << LANE_SHIFT) | SEVERAL << LANE_SHIFT | old & ALL_BYTES;
    }

    private static int touched(int offset, int bytes) {
        return bytes >= Integer.BYTES ? ALL_BYTES : (1 << bytes) - 1 << (offset & 3);
    }

    private void refuseInFlight(int offset, int bytes, int lane) {
        if (written.anyInFlight(offset, bytes)) {
            throw new AccessFault(
                    FaultKind.ASYNC_IN_FLIGHT, lane, "write of " + bytes + " bytes at shared byte " + offset);
        }
    }

    private void unwritten(int[] offsets, int bytes, int lane) {
        int at = offsets[lane];
        while (written.stateAt(at) == Written.YES) {
            at++;
        }
        boolean inFlight = written.stateAt(at) == Written.IN_FLIGHT;
        throw new AccessFault(
                inFlight ? FaultKind.ASYNC_IN_FLIGHT : FaultKind.UNINITIALISED_SHARED,
                lane,
                "read of " + bytes + " bytes at shared byte " + offsets[lane] + " of " + size);
    }

    private static void race(String access, String earlier, int record, int word, int lane) {
        int warp = record >>> WARP_SHIFT & WARP_MASK;
        int otherLane = record >>> LANE_SHIFT & LANE_MASK;
        String by = warp == SEVERAL
                ? "several warps"
                : otherLane == SEVERAL ? "several lanes of warp " + warp : "lane " + otherLane + " of warp " + warp;
        throw new AccessFault(
                FaultKind.SHARED_RACE,
                lane,
                access + " of shared byte " + word * 4 + " after " + earlier + " by " + by
                        + " with no barrier between");
    }
}
