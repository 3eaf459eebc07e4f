package dev.clusca.emulator.memory;

import dev.clusca.emulator.report.FaultKind;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A piece of device memory: its bytes, which of them hold a value, and which block wrote them last. */
public final class Allocation {
    private static final byte[] NO_BYTES = new byte[0];

    private final long address;
    private final int size;
    private final String label;
    private final Written written;
    private byte[] data;
    private volatile boolean freed;

    /** Stamp of the last write of each 4-byte word, absent until a kernel writes here. */
    private volatile int @Nullable [] wordStamps;
    /** Stamps of single bytes, for words that were written in parts; absent until a kernel writes less than a word. */
    private volatile int @Nullable [] byteStamps;

    /** Marks a word whose bytes have stamps of their own. */
    private static final int IN_PARTS = Integer.MAX_VALUE;

    Allocation(long address, int size, String label) {
        this.address = address;
        this.size = size;
        this.label = label;
        this.data = new byte[size];
        this.written = new Written(size);
    }

    /** Its first address on the device. */
    public long address() {
        return address;
    }

    /** Bytes. */
    public int size() {
        return size;
    }

    /** Who asked for it. */
    public String label() {
        return label;
    }

    public boolean isFreed() {
        return freed;
    }

    /** The bytes themselves. */
    public byte[] data() {
        return data;
    }

    Written written() {
        return written;
    }

    void free() {
        freed = true;
        data = NO_BYTES;
        written.complete();
        wordStamps = null;
        byteStamps = null;
    }

    void forgetStamps() {
        wordStamps = null;
        byteStamps = null;
    }

    /** Whether {@code bytes} bytes from a device address lie in this allocation and may be used. */
    public boolean holds(long first, int bytes) {
        return first >= address && first + bytes <= address + size && !freed;
    }

    /** Refuses to read what nobody wrote. */
    public void checkWritten(int[] offsets, int bytes, int mask) {
        int missing = written.missing(offsets, bytes, mask);
        if (missing != 0) {
            int lane = Integer.numberOfTrailingZeros(missing);
            throw new AccessFault(
                    FaultKind.UNINITIALISED_GLOBAL, lane, bytes + " bytes at " + describe(address + offsets[lane]));
        }
    }

    /** The same for one range. */
    public boolean isWritten(int offset, int bytes) {
        return written.all(offset, bytes);
    }

    /** Notes that lanes of a block write here, each {@code bytes} bytes; refuses where another block's write is not ordered before. */
    public void recordWrites(int[] offsets, int bytes, int mask, WriteStamps stamps, WriteStamps.Block block) {
        for (int m = mask; m != 0; m &= m - 1) {
            written.set(offsets[Integer.numberOfTrailingZeros(m)], bytes);
        }
        if (bytes < Integer.BYTES) {
            recordParts(offsets, bytes, mask, stamps, block);
            return;
        }
        int[] words = words();
        int stamp = block.stamp();
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int first = offsets[lane] >> 2;
            for (int word = first; word < first + (bytes >> 2); word++) {
                int last = words[word];
                if (last != stamp) {
                    if (last == IN_PARTS) {
                        checkParts(word << 2, Integer.BYTES, lane, block);
                    } else {
                        check(last, word << 2, lane, block);
                    }
                    words[word] = stamp;
                }
            }
        }
    }

    /**
     * The same for lanes that write {@code bytes} bytes one after the other from {@code start}, and only if this launch has not written there yet; gives whether that was so.
     */
    public boolean recordFirstWrites(int start, int bytes, WriteStamps stamps, WriteStamps.Block block) {
        if (((start | bytes) & Integer.BYTES - 1) != 0) {
            return false;
        }
        int[] words = words();
        int first = start >> 2;
        int end = start + bytes >> 2;
        int latest = 0;
        for (int k = first; k < end; k++) {
            latest = Math.max(latest, words[k]);
        }
        if (stamps.isOfThisLaunch(latest)) {
            return false;
        }
        Arrays.fill(words, first, end, block.stamp());
        written.set(start, bytes);
        return true;
    }

    private void recordParts(int[] offsets, int bytes, int mask, WriteStamps stamps, WriteStamps.Block block) {
        int[] words = words();
        int[] parts = parts();
        int stamp = block.stamp();
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int offset = offsets[lane];
            int last = words[offset >> 2];
            if (last == IN_PARTS) {
                checkParts(offset, bytes, lane, block);
            } else {
                check(last, offset, lane, block);
                int start = offset & -Integer.BYTES;
                Arrays.fill(
                        parts,
                        start,
                        Math.min(start + Integer.BYTES, parts.length),
                        stamps.isOfThisLaunch(last) ? last : 0);
                words[offset >> 2] = IN_PARTS;
            }
            Arrays.fill(parts, offset, offset + bytes, stamp);
        }
    }

    private void checkParts(int offset, int bytes, int lane, WriteStamps.Block block) {
        int[] parts = parts();
        for (int i = offset; i < offset + bytes; i++) {
            check(parts[i], i, lane, block);
        }
    }

    private void check(int stamp, int offset, int lane, WriteStamps.Block block) {
        int other = block.conflict(stamp);
        if (other >= 0) {
            throw new AccessFault(
                    FaultKind.BLOCK_CONFLICT,
                    lane,
                    describe(address + offset) + ", also written by block number " + other + " of the grid");
        }
    }

    private int[] words() {
        int[] words = wordStamps;
        return words == null ? makeWords() : words;
    }

    private synchronized int[] makeWords() {
        int[] words = wordStamps;
        if (words == null) {
            words = new int[(size + Integer.BYTES - 1) / Integer.BYTES];
            wordStamps = words;
        }
        return words;
    }

    private int[] parts() {
        int[] parts = byteStamps;
        return parts == null ? makeParts() : parts;
    }

    private synchronized int[] makeParts() {
        int[] parts = byteStamps;
        if (parts == null) {
            parts = new int[size];
            byteStamps = parts;
        }
        return parts;
    }

    /** An address in words: how far into this allocation, or past its end. */
    public String describe(long target) {
        String name = label + " (" + size + " bytes" + (freed ? ", freed" : "") + ")";
        return target < address + size
                ? "byte " + (target - address) + " of " + name
                : (target - address - size) + " bytes past the end of " + name;
    }

    @Override
    public String toString() {
        return label + " at 0x" + Long.toHexString(address) + ", " + size + " bytes";
    }
}
