package dev.clusca.backend.cuda;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.summingLong;

import dev.clusca.backend.BackendException;
import dev.clusca.backend.cuda.driver.CudaDriver;
import dev.clusca.backend.cuda.driver.CudaDriver.MemoryInfo;
import dev.clusca.backend.cuda.driver.CudaError;
import dev.clusca.backend.cuda.driver.CudaException;
import dev.clusca.bindings.driver.ScopedMemory;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A context's device memory for tensors, each living as long as the arena that the caller gives.
 *
 * <p>The driver's own allocation waits for the device, so memory that is given back is kept for the next request of its size class, up to a bound. What is given back may be handed out again at once:
 * work that uses a tensor must be done, or be ahead in the same stream as all later work, when its arena closes. Any thread may allocate and close.
 */
public final class DeviceMemory {
    private static final System.Logger LOGGER = System.getLogger(DeviceMemory.class.getName());

    /** All addresses are multiples of this, as the driver's are. */
    static final long ALIGNMENT = 256;

    /** The part of a device's memory that may lie idle here. */
    private static final int DEFAULT_FRACTION = 8;

    /** Classes per doubling of the size: at most an eighth is wasted. */
    private static final int CLASSES = 8;

    private static final int SHOWN_HOLDERS = 5;

    private final CudaContext context;
    private final long bound;
    private final Map<Long, Allocation> used = new HashMap<>();
    private final TreeMap<Long, ArrayDeque<Long>> idle = new TreeMap<>();
    private long idleBytes;
    private boolean closed;

    DeviceMemory(CudaContext context, long bound) {
        this.context = context;
        this.bound = bound;
    }

    static long defaultBound(long deviceBytes) {
        return deviceBytes / DEFAULT_FRACTION;
    }

    /**
     * A tensor; its contents are undefined. Its address is a multiple of 256.
     *
     * @throws BackendException if there is not enough memory: what was asked, what is free, who holds most, and what to do
     */
    public Tensor allocate(Arena arena, DType dtype, Shape shape) {
        return Tensor.wrap(allocate(arena, shape.bytes(dtype), dtype + "" + shape), dtype, shape);
    }

    /**
     * Memory for another use.
     *
     * @param purpose for messages, as in {@code "split-K sums"}
     * @return an address with the arena's life and size zero, since Java cannot touch what lies there
     */
    public MemorySegment allocate(Arena arena, long bytes, String purpose) {
        context.require();
        if (bytes < 0) {
            throw new IllegalArgumentException(purpose + ": " + bytes + " bytes; expected at least 0");
        }
        long size = sizeClass(bytes);
        Allocation allocation = Allocation.here(purpose, bytes);
        long address = take(size, allocation);
        try {
            return ScopedMemory.device(address, arena, () -> give(address, size));
        } catch (RuntimeException e) {
            give(address, size);
            throw e;
        }
    }

    /** What is in use now, largest first. */
    public synchronized List<Allocation> allocations() {
        return largestFirst(used.values());
    }

    /** Bytes that lie idle here and that the next request of their size class takes. */
    public synchronized long idleBytes() {
        return idleBytes;
    }

    /** Gives all idle memory back to the device. Waits for the device. */
    public synchronized void trim() {
        try (CudaContext.Scope _ = context.enter()) {
            freeIdle();
        }
    }

    /** The bytes that a request gets. */
    static long sizeClass(long bytes) {
        long atLeast = Math.max(bytes, ALIGNMENT);
        long octave = Long.highestOneBit(atLeast);
        long step = Math.max(octave / CLASSES, ALIGNMENT);
        return Math.ceilDiv(atLeast, step) * step;
    }

    private synchronized long take(long size, Allocation allocation) {
        ArrayDeque<Long> ready = idle.get(size);
        long address;
        if (ready != null && !ready.isEmpty()) {
            address = ready.pop();
            idleBytes -= size;
        } else {
            try (CudaContext.Scope _ = context.enter()) {
                address = fresh(size, allocation);
            }
        }
        used.put(address, allocation);
        return address;
    }

    private long fresh(long size, Allocation allocation) {
        try {
            return context.driver().allocate(size);
        } catch (CudaException e) {
            if (!e.is(CudaError.OUT_OF_MEMORY)) {
                throw e;
            }
        }
        freeIdle();
        try {
            return context.driver().allocate(size);
        } catch (CudaException e) {
            throw e.is(CudaError.OUT_OF_MEMORY) ? outOfMemory(size, allocation, e) : e;
        }
    }

    private BackendException outOfMemory(long size, Allocation asked, CudaException cause) {
        MemoryInfo info = context.driver().memoryInfo();
        Map<String, Long> bySite =
                used.values().stream().collect(groupingBy(Allocation::site, summingLong(Allocation::bytes)));
        String holders = bySite.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(SHOWN_HOLDERS)
                .map(holder -> "\n  " + mebibytes(holder.getValue()) + " MiB from " + holder.getKey())
                .collect(joining());
        return new BackendException(
                "out of device memory: " + asked.purpose() + " needs " + mebibytes(size) + " MiB, the device has "
                        + mebibytes(info.free()) + " MiB free of " + mebibytes(info.total())
                        + "; sample fewer images at a time, use --dtype bf16, or end other programs on this GPU. "
                        + (used.isEmpty() ? "This process holds nothing." : "The largest holders here:" + holders),
                cause);
    }

    private synchronized void give(long address, long size) {
        // After close it is the device's already.
        if (closed) {
            return;
        }
        used.remove(address);
        if (idleBytes + size <= bound) {
            idle.computeIfAbsent(size, _ -> new ArrayDeque<>()).push(address);
            idleBytes += size;
        } else {
            context.free(() -> context.driver().free(address));
        }
    }

    private void freeIdle() {
        idle.values().forEach(addresses -> addresses.forEach(context.driver()::free));
        idle.clear();
        idleBytes = 0;
    }

    /** Frees everything. What is still in use then is a leak, and is logged with where it was asked for. The context must be current. */
    synchronized void close(CudaDriver driver) {
        closed = true;
        if (!used.isEmpty()) {
            LOGGER.log(System.Logger.Level.WARNING, leaks());
        }
        CudaContext.quietly(() -> {
            used.keySet().forEach(driver::free);
            idle.values().forEach(addresses -> addresses.forEach(driver::free));
        });
        used.clear();
        idle.clear();
        idleBytes = 0;
    }

    private String leaks() {
        return used.size() + " pieces of device memory were in use when " + context
                + " was closed; close their arenas first:"
                + largestFirst(used.values()).stream()
                        .map(leak -> "\n  " + leak)
                        .collect(joining());
    }

    private static List<Allocation> largestFirst(Collection<Allocation> allocations) {
        return allocations.stream()
                .sorted(Comparator.comparingLong(Allocation::bytes).reversed())
                .toList();
    }

    private static long mebibytes(long bytes) {
        return Math.ceilDiv(bytes, 1L << 20);
    }
}
