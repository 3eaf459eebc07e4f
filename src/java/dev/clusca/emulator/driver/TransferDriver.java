package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.CUDA_MEMCPY2D_st;
import dev.clusca.bindings.standin.HostMemory;
import dev.clusca.bindings.standin.TransferCalls;
import dev.clusca.emulator.memory.Allocation;
import dev.clusca.emulator.memory.DeviceMemory;
import java.lang.foreign.MemorySegment;

/**
 * Copies and fills. What is not named async runs in the legacy stream, and a copy between host and device is then waited for, but for one from host memory that is not pinned: its bytes are taken during
 * the call, and they may reach the device later ("API synchronization behavior" of the driver's manual), so that a non-blocking stream does not find them. An async copy touches pinned host memory when it
 * runs; from memory that is not pinned the bytes are taken during the call, and to it the call waits.
 */
final class TransferDriver implements TransferCalls {
    private static final int HOST = 1;
    private static final int DEVICE = 2;
    private static final int UNIFIED = 4;

    private final Driver driver;
    private final DeviceMemory memory;

    TransferDriver(Driver driver) {
        this.driver = driver;
        this.memory = driver.memory();
    }

    @Override
    public void cuMemcpyHtoD_v2(long to, long from, long bytes) {
        now(device(to), host(from), bytes, 1);
    }

    @Override
    public void cuMemcpyDtoH_v2(long to, long from, long bytes) {
        now(host(to), device(from), bytes, 1);
    }

    @Override
    public void cuMemcpyDtoD_v2(long to, long from, long bytes) {
        now(device(to), device(from), bytes, 1);
    }

    @Override
    public void cuMemcpyHtoDAsync_v2(long to, long from, long bytes, long stream) {
        later(device(to), host(from), bytes, 1, stream);
    }

    @Override
    public void cuMemcpyDtoHAsync_v2(long to, long from, long bytes, long stream) {
        later(host(to), device(from), bytes, 1, stream);
    }

    @Override
    public void cuMemcpyDtoDAsync_v2(long to, long from, long bytes, long stream) {
        later(device(to), device(from), bytes, 1, stream);
    }

    @Override
    public void cuMemcpy2D_v2(long copy) {
        MemorySegment c = HostMemory.segment(copy, CUDA_MEMCPY2D_st.sizeof());
        now(target(c), source(c), CUDA_MEMCPY2D_st.WidthInBytes(c), CUDA_MEMCPY2D_st.Height(c));
    }

    @Override
    public void cuMemcpy2DAsync_v2(long copy, long stream) {
        MemorySegment c = HostMemory.segment(copy, CUDA_MEMCPY2D_st.sizeof());
        later(target(c), source(c), CUDA_MEMCPY2D_st.WidthInBytes(c), CUDA_MEMCPY2D_st.Height(c), stream);
    }

    private static Operation.Side device(long address) {
        return new Operation.Side(true, address, 0);
    }

    private static Operation.Side host(long address) {
        return new Operation.Side(false, address, 0);
    }

    private Operation.Side source(MemorySegment c) {
        return side(
                CUDA_MEMCPY2D_st.srcMemoryType(c),
                CUDA_MEMCPY2D_st.srcHost(c).address(),
                CUDA_MEMCPY2D_st.srcDevice(c),
                CUDA_MEMCPY2D_st.srcPitch(c),
                CUDA_MEMCPY2D_st.srcY(c),
                CUDA_MEMCPY2D_st.srcXInBytes(c));
    }

    private Operation.Side target(MemorySegment c) {
        return side(
                CUDA_MEMCPY2D_st.dstMemoryType(c),
                CUDA_MEMCPY2D_st.dstHost(c).address(),
                CUDA_MEMCPY2D_st.dstDevice(c),
                CUDA_MEMCPY2D_st.dstPitch(c),
                CUDA_MEMCPY2D_st.dstY(c),
                CUDA_MEMCPY2D_st.dstXInBytes(c));
    }

    private Operation.Side side(int memoryType, long hostAddress, long deviceAddress, long pitch, long y, long x) {
        boolean onDevice = switch (memoryType) {
            case HOST -> false;
            case DEVICE -> true;
            case UNIFIED -> isOnDevice(deviceAddress, 1);
            default ->
                throw new DriverFailure(
                        Result.NOT_SUPPORTED,
                        "a copy of memory type " + memoryType
                                + "; the emulator copies host (1), device (2) and unified (4)" + " memory");
        };
        long base = memoryType == HOST ? hostAddress : deviceAddress;
        return new Operation.Side(onDevice, base + y * pitch + x, pitch);
    }

    private void now(Operation.Side to, Operation.Side from, long rowBytes, long rows) {
        EmulatedContext context = driver.context();
        if (check(to, from, rowBytes, rows)) {
            boolean staged = to.onDevice() && !isPinned(context, from, rowBytes, rows);
            Operation copy = staged
                    ? Operation.Staged.take(memory, to, from, rowBytes, rows)
                    : new Operation.Copy(memory, to, from, rowBytes, rows);
            Work work = context.submit(context.legacyStream(), copy);
            driver.requireNoCapture("a copy that is not async was made");
            if (!staged && (!to.onDevice() || !from.onDevice())) {
                context.finish(work);
            }
        }
    }

    private void later(Operation.Side to, Operation.Side from, long rowBytes, long rows, long stream) {
        EmulatedContext context = driver.context();
        if (!check(to, from, rowBytes, rows)) {
            return;
        }
        EmulatedStream in = context.stream(stream);
        Operation copy = new Operation.Copy(memory, to, from, rowBytes, rows);
        if (isPinned(context, to, rowBytes, rows) && isPinned(context, from, rowBytes, rows)) {
            context.enqueue(in, copy);
            return;
        }
        if (in.capture() instanceof Capture capture) {
            throw capture.refuse(
                    Result.STREAM_CAPTURE_UNSUPPORTED,
                    "host memory that is not pinned was copied (allocate it with cuMemHostAlloc or register it)");
        }
        if (to.onDevice()) {
            context.enqueue(in, Operation.Staged.take(memory, to, from, rowBytes, rows));
        } else {
            context.enqueue(in, copy);
            context.synchronize(in);
        }
    }

    private static boolean isPinned(EmulatedContext context, Operation.Side side, long rowBytes, long rows) {
        return side.onDevice() || context.hostBuffers().isPinned(side.address(), (rows - 1) * side.pitch() + rowBytes);
    }

    /** Refuses a copy outside of allocations; false for a copy of nothing. */
    private boolean check(Operation.Side to, Operation.Side from, long rowBytes, long rows) {
        if (rowBytes == 0 || rows == 0) {
            return false;
        }
        for (Operation.Side side : new Operation.Side[] {to, from}) {
            if (rowBytes < 0 || rows < 0 || rows > 1 && side.pitch() < rowBytes) {
                throw new DriverFailure(
                        Result.INVALID_VALUE,
                        "a copy of " + rows + " rows of " + rowBytes + " bytes, " + side.pitch()
                                + " bytes apart; expected rows that do not overlap");
            }
            if (side.onDevice()) {
                requireOnDevice(side.address(), (rows - 1) * side.pitch() + rowBytes);
            } else if (side.address() == 0) {
                throw new DriverFailure(Result.INVALID_VALUE, "a copy from or to a null pointer on the host");
            }
        }
        return true;
    }

    @Override
    public void cuMemsetD8_v2(long to, int pattern, long count) {
        fill(to, pattern, 1, count, 0);
    }

    @Override
    public void cuMemsetD16_v2(long to, int pattern, long count) {
        fill(to, pattern, 2, count, 0);
    }

    @Override
    public void cuMemsetD32_v2(long to, int pattern, long count) {
        fill(to, pattern, 4, count, 0);
    }

    @Override
    public void cuMemsetD8Async(long to, int pattern, long count, long stream) {
        fill(to, pattern, 1, count, stream);
    }

    @Override
    public void cuMemsetD16Async(long to, int pattern, long count, long stream) {
        fill(to, pattern, 2, count, stream);
    }

    @Override
    public void cuMemsetD32Async(long to, int pattern, long count, long stream) {
        fill(to, pattern, 4, count, stream);
    }

    private void fill(long to, int pattern, int width, long count, long stream) {
        EmulatedContext context = driver.context();
        EmulatedStream in = context.stream(stream);
        if (count == 0) {
            return;
        }
        if (to % width != 0) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    "0x" + Long.toHexString(to) + " is filled by " + width + " bytes and no multiple of that");
        }
        if (count < 0 || count > Long.MAX_VALUE / width) {
            throw new DriverFailure(Result.INVALID_VALUE, "a fill of " + Long.toUnsignedString(count) + " elements");
        }
        requireOnDevice(to, count * width);
        context.enqueue(in, new Operation.Fill(memory, to, pattern, width, count));
    }

    private void requireOnDevice(long address, long bytes) {
        if (!isOnDevice(address, bytes)) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    bytes + " bytes at 0x" + Long.toHexString(address) + " do not lie in one allocation of the device");
        }
    }

    private boolean isOnDevice(long address, long bytes) {
        Allocation allocation = memory.find(address);
        return allocation != null && bytes <= Integer.MAX_VALUE && allocation.holds(address, (int) bytes);
    }
}
