package dev.clusca.emulator.memory;

import dev.clusca.emulator.report.FaultKind;
import org.jspecify.annotations.Nullable;

/** A piece of device memory: its bytes, which of them hold a value, and which warps were there last. */
public final class Allocation {
    private static final byte[] NO_BYTES = new byte[0];

    private final long address;
    private final int size;
    private final String label;
    private final Written written;
    private byte[] data;
    private volatile boolean freed;

    /** Absent until a kernel writes here. */
    private volatile @Nullable WordStamps stamps;

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
        stamps = null;
    }

    void forgetStamps() {
        stamps = null;
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

    /**
     * Notes that lanes of a warp read here, each {@code bytes} bytes; refuses where another warp's write is not ordered before.
     *
     * @param readOnly whether they take the path for what nobody writes in the whole launch, the same warp included
     */
    public void recordReads(int[] offsets, int bytes, int mask, boolean readOnly, LaunchStamps.Warp warp) {
        WordStamps known = stamps;
        if (known != null) {
            known.read(offsets, bytes, mask, readOnly, warp);
        }
    }

    /** The same for one range, and only if nothing is wrong; gives whether that was so. */
    public boolean recordReads(int offset, int bytes, boolean readOnly, LaunchStamps.Warp warp) {
        WordStamps known = stamps;
        return known == null || known.read(offset, bytes, readOnly, warp) == 0;
    }

    /** Notes that lanes of a warp read here with a memory order, each {@code bytes} bytes. */
    public void recordOrderedReads(int[] offsets, int bytes, int mask, LaunchStamps.Warp warp) {
        stamps().readOrdered(offsets, bytes, mask, warp);
    }

    /** Notes that lanes of a warp write here, each {@code bytes} bytes; refuses where another warp's access is not ordered before. */
    public void recordWrites(int[] offsets, int bytes, int mask, LaunchStamps.Warp warp) {
        noteValues(offsets, bytes, mask);
        stamps().write(offsets, bytes, mask, warp);
    }

    /** The same for writes that do not race with each other, atomics and those with a memory order: they are held against others and not noted. */
    public void recordOrderedWrites(int[] offsets, int bytes, int mask, LaunchStamps.Warp warp) {
        noteValues(offsets, bytes, mask);
        WordStamps known = stamps;
        if (known != null) {
            known.check(offsets, bytes, mask, warp);
        }
    }

    private void noteValues(int[] offsets, int bytes, int mask) {
        for (int m = mask; m != 0; m &= m - 1) {
            written.set(offsets[Integer.numberOfTrailingZeros(m)], bytes);
        }
    }

    /** As {@link #recordWrites} for one range, and only if this launch has not written there yet, nor another warp read it without order; gives whether that was so. */
    public boolean recordFirstWrites(int offset, int bytes, LaunchStamps.Warp warp) {
        if (!stamps().writeFirst(offset, bytes, warp)) {
            return false;
        }
        written.set(offset, bytes);
        return true;
    }

    private WordStamps stamps() {
        WordStamps known = stamps;
        return known == null ? makeStamps() : known;
    }

    private synchronized WordStamps makeStamps() {
        WordStamps known = stamps;
        if (known == null) {
            known = new WordStamps(this);
            stamps = known;
        }
        return known;
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
