package dev.clusca.emulator.memory;

import dev.clusca.emulator.report.FaultKind;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The global memory of the emulated device. Addresses are never used twice, and unused space lies between allocations, so that a stray access meets nothing.
 * Allocation and freeing may happen on any thread; a kernel must not run on what is being freed.
 */
public final class DeviceMemory {
    /** Every allocation begins at a multiple of this, as cuMemAlloc promises. */
    public static final int ALIGNMENT = 256;

    private static final long FIRST_ADDRESS = 0x7_0000_0000L;
    private static final long GAP = 4096;
    private static final int MAX_BYTES = Integer.MAX_VALUE - 64;
    private static final int LAST_STAMP = 1 << 30;
    /** How many freed allocations are remembered by name. */
    private static final int REMEMBERED = 4096;

    private final long capacity;
    private long next = FIRST_ADDRESS;
    private long used;
    private int freedCount;
    private int nextStamp = 1;

    /** Sorted by address; replaced as a whole, so that readers need no lock. */
    private volatile Allocation[] allocations = {};

    public DeviceMemory(long capacity) {
        this.capacity = capacity;
    }

    public long capacity() {
        return capacity;
    }

    public synchronized long used() {
        return used;
    }

    /** Allocations that have not been freed. */
    public List<Allocation> live() {
        return Arrays.stream(allocations).filter(a -> !a.isFreed()).toList();
    }

    /**
     * New memory, which holds no value yet.
     *
     * @throws OutOfDeviceMemory where the device has too little left
     */
    public synchronized Allocation allocate(long bytes, String label) {
        if (bytes < 1 || bytes > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "an allocation of " + bytes + " bytes for " + label + "; the emulator gives 1 to " + MAX_BYTES);
        }
        if (bytes > capacity - used) {
            throw new OutOfDeviceMemory(label, bytes, capacity - used);
        }
        Allocation allocation = new Allocation(next, (int) bytes, label);
        next += (bytes + GAP + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        used += bytes;
        Allocation[] grown = Arrays.copyOf(allocations, allocations.length + 1);
        grown[grown.length - 1] = allocation;
        allocations = grown;
        return allocation;
    }

    /** Gives an allocation back; {@code address} must be where it begins. */
    public synchronized void free(long address) {
        Allocation allocation = find(address);
        if (allocation == null || allocation.address() != address || allocation.isFreed()) {
            throw new IllegalArgumentException(
                    "0x" + Long.toHexString(address) + " cannot be freed: " + describe(address));
        }
        used -= allocation.size();
        allocation.free();
        freedCount++;
        if (freedCount > 2 * REMEMBERED) {
            forgetOldest();
        }
    }

    private void forgetOldest() {
        int excess = freedCount - REMEMBERED;
        Allocation[] old = allocations;
        Allocation[] kept = new Allocation[old.length - excess];
        int n = 0;
        for (Allocation allocation : old) {
            if (allocation.isFreed() && excess > 0) {
                excess--;
                freedCount--;
            } else {
                kept[n++] = allocation;
            }
        }
        allocations = kept;
    }

    /** Copies from the host; {@code address} to {@code address + bytes} must lie in one allocation. */
    public void write(long address, MemorySegment from) {
        Allocation to = range(address, from.byteSize(), "write");
        int offset = (int) (address - to.address());
        MemorySegment.copy(from, ValueLayout.JAVA_BYTE, 0, to.data(), offset, (int) from.byteSize());
        hostWrote(to, offset, (int) from.byteSize());
    }

    /** Copies to the host what kernels or the host wrote; bytes that nobody wrote are copied as they are. */
    public void read(long address, MemorySegment to) {
        Allocation from = range(address, to.byteSize(), "read");
        MemorySegment.copy(
                from.data(), (int) (address - from.address()), to, ValueLayout.JAVA_BYTE, 0, (int) to.byteSize());
    }

    /** Copies within the device; whether a byte holds a value goes with it. */
    public void copy(long to, long from, long bytes) {
        Allocation source = range(from, bytes, "copy from");
        Allocation target = range(to, bytes, "copy to");
        int sourceOffset = (int) (from - source.address());
        int targetOffset = (int) (to - target.address());
        System.arraycopy(source.data(), sourceOffset, target.data(), targetOffset, (int) bytes);
        if (source.isWritten(sourceOffset, (int) bytes)) {
            hostWrote(target, targetOffset, (int) bytes);
        } else {
            for (int i = 0; i < bytes; i++) {
                target.written().set(targetOffset + i, 1, source.written().stateAt(sourceOffset + i));
            }
        }
    }

    /** Writes {@code count} times the lowest {@code width} bytes (1, 2 or 4) of {@code pattern}. */
    public void fill(long address, int pattern, int width, long count) {
        Allocation to = range(address, count * width, "fill");
        int offset = (int) (address - to.address());
        byte[] data = to.data();
        for (int i = offset; i < offset + count * width; i += width) {
            for (int b = 0; b < width; b++) {
                data[i + b] = (byte) (pattern >>> 8 * b);
            }
        }
        hostWrote(to, offset, (int) (count * width));
    }

    private static void hostWrote(Allocation allocation, int offset, int bytes) {
        if (bytes == allocation.size()) {
            allocation.written().complete();
        } else {
            allocation.written().set(offset, bytes);
        }
    }

    /** Stamps for a launch that begins now. */
    public synchronized LaunchStamps beginLaunch() {
        if (nextStamp > LAST_STAMP) {
            for (Allocation allocation : allocations) {
                allocation.forgetStamps();
            }
            nextStamp = 1;
        }
        return new LaunchStamps(nextStamp);
    }

    public synchronized void endLaunch(LaunchStamps stamps) {
        nextStamp = Math.max(nextStamp, stamps.next());
    }

    /** The allocation that {@code bytes} bytes at an address belong to, for lane {@code lane} of a kernel. */
    public Allocation access(long address, int bytes, int lane) {
        Allocation allocation = find(address);
        if (allocation == null || !allocation.holds(address, bytes)) {
            FaultKind kind =
                    allocation != null && allocation.isFreed() && address < allocation.address() + allocation.size()
                            ? FaultKind.USE_AFTER_FREE
                            : FaultKind.OUT_OF_BOUNDS;
            throw new AccessFault(
                    kind, lane, bytes + " bytes at 0x" + Long.toHexString(address) + ", " + describe(address));
        }
        return allocation;
    }

    private Allocation range(long address, long bytes, String what) {
        Allocation allocation = find(address);
        if (allocation == null || bytes > MAX_BYTES || !allocation.holds(address, (int) bytes)) {
            throw new IllegalArgumentException("cannot " + what + " " + bytes + " bytes at 0x"
                    + Long.toHexString(address) + ": " + describe(address));
        }
        return allocation;
    }

    /** The last allocation that begins at or before an address, freed ones too; null where there is none. */
    public @Nullable Allocation find(long address) {
        Allocation[] sorted = allocations;
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle].address() <= address) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == 0 ? null : sorted[low - 1];
    }

    private String describe(long address) {
        Allocation nearest = find(address);
        return nearest == null ? "below every allocation" : nearest.describe(address);
    }
}
