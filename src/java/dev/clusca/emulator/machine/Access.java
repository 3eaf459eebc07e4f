package dev.clusca.emulator.machine;

import dev.clusca.emulator.memory.AccessFault;
import dev.clusca.emulator.memory.Allocation;
import dev.clusca.emulator.memory.Epochs;
import dev.clusca.emulator.memory.LaunchStamps;
import dev.clusca.emulator.memory.SharedMemory;
import dev.clusca.emulator.ptx.Space;
import dev.clusca.emulator.report.FaultKind;
import org.jspecify.annotations.Nullable;

/**
 * Turns the addresses of a warp's lanes into a byte array and offsets into it, with every check on the way, and counts the request. One for each host thread. Lanes whose
 * addresses lie in different allocations are served in turn: {@link #open} gives the lanes it took.
 */
public final class Access {
    /** Generic addresses from here on mean shared memory. */
    public static final long SHARED_WINDOW = 0x7f00_0000_0000L;
    /** Generic addresses from here on mean local memory. */
    public static final long LOCAL_WINDOW = 0x7e00_0000_0000L;
    /** Generic addresses from here on mean kernel parameters. */
    public static final long PARAM_WINDOW = 0x7d00_0000_0000L;

    /** A {@link #step} that is none. */
    public static final int IRREGULAR = -1;

    /** What a request does. */
    public enum Kind {
        LOAD,
        /** A load with a memory order of its own, as one that waits for a flag: what another warp writes meanwhile is meant to be seen. */
        ORDERED_LOAD,
        /** A load through the path for memory that nobody writes while the kernel runs ({@code ld.global.nc}). */
        READ_ONLY_LOAD,
        STORE,
        /** A store with a memory order of its own, as one that sets a flag. */
        ORDERED_STORE,
        ATOMIC;

        private boolean isLoad() {
            return this == LOAD || this == ORDERED_LOAD || this == READ_ONLY_LOAD;
        }

        private boolean isStore() {
            return this == STORE || this == ORDERED_STORE;
        }
    }

    private final Worker worker;
    private final Sectors sectors = new Sectors();
    private final Banks banks = new Banks();
    private final int[] offsets = new int[Warp.LANES];
    private byte[] data = new byte[0];
    private Object lock = this;
    private int step = IRREGULAR;

    /** The allocation that each step met last: it is likely to meet it again. */
    private final @Nullable Allocation[] recent;

    Access(Worker worker) {
        this.worker = worker;
        recent = new @Nullable Allocation[worker.program().steps().length];
    }

    /** The bytes that {@link #offsets} index. */
    public byte[] data() {
        return data;
    }

    /** Where each lane's bytes begin; those of lanes that were not asked for are a valid place too. */
    public int[] offsets() {
        return offsets;
    }

    /** The distance from one lane's bytes to the next one's, where it is the same for all 32: 0 or the bytes of a lane; otherwise {@link #IRREGULAR}. */
    public int step() {
        return step;
    }

    /** What to hold while an atomic runs. */
    public Object lock() {
        return lock;
    }

    /** Opens {@code bytes} bytes for each lane in {@code mask}, or for those of them whose memory is the first lane's. */
    public int open(Warp warp, Space space, long[] addresses, int bytes, int mask, Kind kind) {
        step = IRREGULAR;
        int first = Integer.numberOfTrailingZeros(mask);
        return switch (space) {
            case GLOBAL, CONST -> global(warp, addresses, bytes, mask, kind);
            case SHARED -> shared(warp, addresses, 0, bytes, mask, kind);
            case LOCAL -> local(warp, addresses, 0, bytes, mask, kind);
            case PARAM -> parameters(addresses, 0, bytes, mask, kind);
            case GENERIC -> {
                long window = window(addresses[first]);
                int same = 0;
                for (int m = mask; m != 0; m &= m - 1) {
                    int lane = Integer.numberOfTrailingZeros(m);
                    same |= window(addresses[lane]) == window ? 1 << lane : 0;
                }
                if (window == SHARED_WINDOW) {
                    yield shared(warp, addresses, window, bytes, same, kind);
                }
                if (window == LOCAL_WINDOW) {
                    yield local(warp, addresses, window, bytes, same, kind);
                }
                yield window == PARAM_WINDOW
                        ? parameters(addresses, window, bytes, same, kind)
                        : global(warp, addresses, bytes, same, kind);
            }
        };
    }

    private static long window(long address) {
        if (address >= SHARED_WINDOW) {
            return SHARED_WINDOW;
        }
        return address >= LOCAL_WINDOW ? LOCAL_WINDOW : address >= PARAM_WINDOW ? PARAM_WINDOW : 0;
    }

    /** How 32 lanes stand: all at one address (0), one behind the other ({@code bytes}), or neither. */
    private static int distance(long[] addresses, int bytes, int mask) {
        if (mask != Warp.ALL) {
            return IRREGULAR;
        }
        long first = addresses[0];
        long same = 0;
        long consecutive = 0;
        for (int lane = 0; lane < Warp.LANES; lane++) {
            long distance = addresses[lane] - first;
            same |= distance;
            consecutive |= distance - (long) lane * bytes;
        }
        return same == 0 ? 0 : consecutive == 0 ? bytes : IRREGULAR;
    }

    private void fillRegular(int start, int distance) {
        step = distance;
        for (int lane = 0; lane < Warp.LANES; lane++) {
            offsets[lane] = start + lane * distance;
        }
    }

    /** {@link #global} for all 32 lanes at a regular distance, and only if nothing is wrong; gives whether that was so. */
    private boolean globalRegular(Warp warp, long first, int distance, int bytes, Kind kind) {
        Allocation allocation = recent[warp.current()];
        int span = distance == 0 ? bytes : Warp.LANES * bytes;
        if (allocation == null || !allocation.holds(first, span)) {
            allocation = worker.launch().memory().find(first);
            recent[warp.current()] = allocation;
        }
        if (allocation == null || (first & bytes - 1) != 0 || !allocation.holds(first, span)) {
            return false;
        }
        int start = (int) (first - allocation.address());
        LaunchStamps.Warp stamp = warp.stamp();
        boolean done = kind.isLoad()
                ? readRegular(allocation, start, span, kind, stamp)
                : distance != 0 && kind == Kind.STORE && allocation.recordFirstWrites(start, span, stamp);
        if (!done) {
            return false;
        }
        fillRegular(start, distance);
        data = allocation.data();
        long moved = (long) Warp.LANES * bytes;
        worker.tally()
                .global(
                        warp.current(),
                        kind.isLoad() ? moved : 0,
                        kind.isStore() ? moved : 0,
                        (start + span - 1 >>> Sectors.SHIFT) - (start >>> Sectors.SHIFT) + 1);
        return true;
    }

    private boolean readRegular(Allocation allocation, int start, int bytes, Kind kind, LaunchStamps.Warp stamp) {
        if (worker.launch().options().uninitialisedReads() && !allocation.isWritten(start, bytes)) {
            return false;
        }
        return kind != Kind.ORDERED_LOAD && allocation.recordReads(start, bytes, kind == Kind.READ_ONLY_LOAD, stamp);
    }

    private int global(Warp warp, long[] addresses, int bytes, int mask, Kind kind) {
        int distance = distance(addresses, bytes, mask);
        if (distance >= 0 && globalRegular(warp, addresses[0], distance, bytes, kind)) {
            return mask;
        }
        checkAligned(addresses, bytes, mask);
        int first = Integer.numberOfTrailingZeros(mask);
        Allocation allocation = recent[warp.current()];
        if (allocation == null || !allocation.holds(addresses[first], bytes)) {
            allocation = worker.launch().memory().access(addresses[first], bytes, first);
            recent[warp.current()] = allocation;
        }
        int taken = relative(allocation, addresses, bytes, mask);
        data = allocation.data();
        lock = allocation;
        boolean checked = worker.launch().options().uninitialisedReads();
        int lanes = Integer.bitCount(taken);
        if (!kind.isStore() && checked) {
            allocation.checkWritten(offsets, bytes, taken);
        }
        LaunchStamps.Warp stamp = warp.stamp();
        switch (kind) {
            case LOAD -> allocation.recordReads(offsets, bytes, taken, false, stamp);
            case READ_ONLY_LOAD -> allocation.recordReads(offsets, bytes, taken, true, stamp);
            case ORDERED_LOAD -> allocation.recordOrderedReads(offsets, bytes, taken, stamp);
            case STORE -> allocation.recordWrites(offsets, bytes, taken, stamp);
            case ORDERED_STORE, ATOMIC -> allocation.recordOrderedWrites(offsets, bytes, taken, stamp);
        }
        worker.tally()
                .global(
                        warp.current(),
                        kind.isStore() ? 0 : (long) lanes * bytes,
                        kind.isLoad() ? 0 : (long) lanes * bytes,
                        sectors.count(offsets, taken));
        return taken;
    }

    /** Fills {@link #offsets} for the lanes whose bytes lie in the allocation; gives these lanes. */
    private int relative(Allocation allocation, long[] addresses, int bytes, int mask) {
        long base = allocation.address();
        long room = allocation.size() - bytes;
        long outside = 0;
        int substitute = (int) (addresses[Integer.numberOfTrailingZeros(mask)] - base);
        if (mask == Warp.ALL) {
            for (int lane = 0; lane < Warp.LANES; lane++) {
                long offset = addresses[lane] - base;
                outside |= offset | room - offset;
                offsets[lane] = (int) offset;
            }
            if (outside >= 0) {
                return mask;
            }
        }
        int taken = 0;
        for (int lane = 0; lane < Warp.LANES; lane++) {
            long offset = addresses[lane] - base;
            boolean inside = (mask >>> lane & 1) != 0 && (offset | room - offset) >= 0;
            taken |= inside ? 1 << lane : 0;
            offsets[lane] = inside ? (int) offset : substitute;
        }
        return taken;
    }

    /** Fills {@link #offsets} with the places in shared memory that a cp.async will write, and counts the request. */
    public void openTargets(Warp warp, long[] addresses, int bytes, int mask) {
        place(warp.block().shared(), addresses, 0, bytes, mask);
        countShared(warp, offsets, bytes, mask);
    }

    private void place(SharedMemory shared, long[] addresses, long window, int bytes, int mask) {
        checkAligned(addresses, bytes, mask);
        int substitute = (int) (addresses[Integer.numberOfTrailingZeros(mask)] - window);
        for (int lane = 0; lane < Warp.LANES; lane++) {
            if ((mask >>> lane & 1) == 0) {
                offsets[lane] = substitute;
                continue;
            }
            long offset = addresses[lane] - window;
            if (offset < 0 || offset > shared.size() - bytes) {
                throw new AccessFault(
                        FaultKind.OUT_OF_BOUNDS,
                        lane,
                        bytes + " bytes at byte " + offset + " of " + shared.size() + " of shared memory");
            }
            offsets[lane] = (int) offset;
        }
    }

    private int shared(Warp warp, long[] addresses, long window, int bytes, int mask, Kind kind) {
        SharedMemory shared = warp.block().shared();
        int distance = distance(addresses, bytes, mask);
        if (distance >= 0 && sharedRegular(warp, addresses[0] - window, distance, bytes, kind)) {
            return mask;
        }
        place(shared, addresses, window, bytes, mask);
        Epochs epochs = warp.block().epochs();
        switch (kind) {
            case LOAD, ORDERED_LOAD, READ_ONLY_LOAD -> shared.read(offsets, bytes, mask, epochs, warp.index());
            case STORE, ORDERED_STORE -> shared.write(offsets, bytes, mask, epochs, warp.index());
            case ATOMIC -> shared.atomic(offsets, bytes, mask, epochs, warp.index());
        }
        data = shared.data();
        lock = shared;
        if (kind == Kind.ATOMIC) {
            banks.countAtomic(offsets, bytes, mask);
            worker.tally().shared(warp.current(), banks.passes(), banks.extra());
        } else {
            countShared(warp, offsets, bytes, mask);
        }
        return mask;
    }

    /** {@link #shared} for all 32 lanes at a regular distance, and only if nothing is wrong; gives whether that was so. */
    private boolean sharedRegular(Warp warp, long first, int distance, int bytes, Kind kind) {
        SharedMemory shared = warp.block().shared();
        int span = distance == 0 ? bytes : Warp.LANES * bytes;
        if ((first & bytes - 1) != 0 || first < 0 || first > shared.size() - span) {
            return false;
        }
        int start = (int) first;
        Epochs epochs = warp.block().epochs();
        boolean done = switch (kind) {
            case LOAD, ORDERED_LOAD, READ_ONLY_LOAD -> shared.readRegular(start, distance, bytes, epochs, warp.index());
            case STORE, ORDERED_STORE -> distance != 0 && shared.writeRegular(start, bytes, epochs, warp.index());
            case ATOMIC -> false;
        };
        if (done) {
            fillRegular(start, distance);
            data = shared.data();
            worker.tally().shared(warp.current(), Math.max(1, bytes >> 2), 0);
        }
        return done;
    }

    /** Counts a request to shared memory that does not go through {@link #open}. */
    public void countShared(Warp warp, int[] at, int bytes, int mask) {
        banks.count(at, bytes, mask);
        worker.tally().shared(warp.current(), banks.passes(), banks.extra());
    }

    private int local(Warp warp, long[] addresses, long window, int bytes, int mask, Kind kind) {
        checkAligned(addresses, bytes, mask);
        LocalMemory local = warp.local();
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            int offset = local.offset(addresses[lane] - window, bytes, lane);
            if (!kind.isStore()) {
                local.checkWritten(offset, bytes, lane);
            }
            if (!kind.isLoad()) {
                local.write(offset, bytes);
            }
            offsets[lane] = offset;
        }
        data = local.data();
        return fillOthers(mask);
    }

    private int parameters(long[] addresses, long window, int bytes, int mask, Kind kind) {
        byte[] parameters = worker.launch().parameters();
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            long offset = addresses[lane] - window;
            if (!kind.isLoad()) {
                throw new AccessFault(FaultKind.READ_ONLY, lane, "kernel parameters at byte " + offset);
            }
            if (offset < 0 || offset > parameters.length - bytes) {
                throw new AccessFault(
                        FaultKind.OUT_OF_BOUNDS,
                        lane,
                        bytes + " bytes at byte " + offset + " of " + parameters.length + " of kernel parameters");
            }
            offsets[lane] = (int) offset;
        }
        data = parameters;
        return fillOthers(mask);
    }

    private int fillOthers(int mask) {
        int substitute = offsets[Integer.numberOfTrailingZeros(mask)];
        for (int m = ~mask; m != 0; m &= m - 1) {
            offsets[Integer.numberOfTrailingZeros(m)] = substitute;
        }
        return mask;
    }

    private static void checkAligned(long[] addresses, int bytes, int mask) {
        long low = 0;
        for (int lane = 0; lane < Warp.LANES; lane++) {
            low |= addresses[lane];
        }
        if ((low & bytes - 1) == 0) {
            return;
        }
        for (int m = mask; m != 0; m &= m - 1) {
            int lane = Integer.numberOfTrailingZeros(m);
            if ((addresses[lane] & bytes - 1) != 0) {
                throw new AccessFault(
                        FaultKind.MISALIGNED,
                        lane,
                        "0x" + Long.toHexString(addresses[lane]) + " is no multiple of " + bytes);
            }
        }
    }
}
