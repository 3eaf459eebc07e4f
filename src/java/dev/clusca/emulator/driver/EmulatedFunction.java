package dev.clusca.emulator.driver;

import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.emulator.ptx.Entry;
import dev.clusca.emulator.ptx.Ptx;
import dev.clusca.emulator.ptx.Variable;
import dev.clusca.emulator.report.Dim3;
import dev.clusca.emulator.report.LaunchReport;

/** A kernel of a loaded module, with what the program may ask and set. */
final class EmulatedFunction {
    /** Nothing compiles the PTX, so the registers that a kernel would get are unknown; a number that bounds no launch. */
    private static final int REGISTERS = 32;
    /** From here on ptxas counts what the system keeps of a block's shared memory to the kernel's own, as a driver may; a kernel may have no less for that. */
    private static final int HOPPER = 9;

    private final Driver driver;
    private final DeviceModel device;
    private final long module;
    private final Ptx ptx;
    private final Entry entry;
    private int maxDynamicShared;
    private int carveout = -1;

    EmulatedFunction(Driver driver, long module, Ptx ptx, Entry entry) {
        this.driver = driver;
        this.device = driver.device();
        this.module = module;
        this.ptx = ptx;
        this.entry = entry;
        this.maxDynamicShared = (int) Math.max(0, DeviceModel.SHARED_PER_BLOCK - entry.sharedBytes());
    }

    /** The handle of its module. */
    long module() {
        return module;
    }

    Entry entry() {
        return entry;
    }

    /** One of its parameters; a number beyond the last is an error, by which callers find out how many there are. */
    Variable parameter(long index) {
        if (index < 0 || index >= entry.parameters().size()) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    "found parameter number " + index + "; " + entry.name() + " has "
                            + entry.parameters().size());
        }
        return entry.parameters().get((int) index);
    }

    int attribute(int attribute) {
        if (attribute == Cuda.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK()) {
            return entry.maxThreads();
        }
        if (attribute == Cuda.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES()) {
            return (int) entry.sharedBytes() + (device.major() < HOPPER ? 0 : DeviceModel.SHARED_RESERVED);
        }
        if (attribute == Cuda.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES()) {
            return (int) entry.localBytes();
        }
        if (attribute == Cuda.CU_FUNC_ATTRIBUTE_NUM_REGS()) {
            return REGISTERS;
        }
        if (attribute == Cuda.CU_FUNC_ATTRIBUTE_PTX_VERSION()) {
            return PtxImage.version(ptx.version());
        }
        if (attribute == Cuda.CU_FUNC_ATTRIBUTE_BINARY_VERSION()) {
            return device.major() * 10 + device.minor();
        }
        if (attribute == Cuda.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES()) {
            return maxDynamicShared;
        }
        if (attribute == Cuda.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT()) {
            return carveout;
        }
        if (attribute < 0 || attribute >= Cuda.CU_FUNC_ATTRIBUTE_MAX()) {
            throw new DriverFailure(
                    Result.INVALID_VALUE, "found function attribute " + attribute + ", which CUDA 13 does not have");
        }
        return 0;
    }

    void setAttribute(int attribute, int value) {
        if (attribute == Cuda.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES()) {
            long most = device.sharedPerBlockOptin() - entry.sharedBytes();
            if (value < 0 || value > most) {
                throw new DriverFailure(
                        Result.INVALID_VALUE,
                        value + " bytes of dynamic shared memory for " + entry.name() + "; expected 0 to " + most);
            }
            maxDynamicShared = value;
        } else if (attribute == Cuda.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT()) {
            if (value < -1 || value > 100) {
                throw new DriverFailure(
                        Result.INVALID_VALUE, "a carve-out of " + value + "; expected -1 to 100 percent");
            }
            carveout = value;
        } else {
            throw new DriverFailure(Result.INVALID_VALUE, "function attribute " + attribute + " cannot be set");
        }
    }

    /** Blocks of a size that fit on a multiprocessor. */
    int blocksPerMultiprocessor(int threads, long dynamicShared) {
        if (threads < 1 || threads > entry.maxThreads() || dynamicShared > maxDynamicShared) {
            return 0;
        }
        return device.blocksThatFit(threads, entry.sharedBytes() + dynamicShared);
    }

    /** The most dynamic shared memory that leaves room for so many blocks on a multiprocessor, in bytes. */
    long sharedLeftFor(int blocks) {
        long each = device.sharedPerMultiprocessor() / blocks - DeviceModel.SHARED_RESERVED - entry.sharedBytes();
        return Math.clamp(each, 0, maxDynamicShared);
    }

    /** Refuses a launch that the device would refuse. */
    void check(Operation.LaunchShape shape) {
        Dim3 grid = shape.grid();
        Dim3 block = shape.block();
        boolean inRange = grid.x() > 0
                && inRange(grid.y(), DeviceModel.MAX_GRID_YZ)
                && inRange(grid.z(), DeviceModel.MAX_GRID_YZ)
                && inRange(block.x(), DeviceModel.MAX_BLOCK_THREADS)
                && inRange(block.y(), DeviceModel.MAX_BLOCK_THREADS)
                && inRange(block.z(), DeviceModel.MAX_BLOCK_Z)
                && block.count() <= DeviceModel.MAX_BLOCK_THREADS;
        if (!inRange) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    entry.name() + " was launched with a grid of " + grid + " blocks of " + block
                            + " threads; expected at least 1 in each dimension, at most (2147483647,65535,65535) blocks of (1024,1024,64)"
                            + " threads, 1024 in all");
        }
        if (block.count() > entry.maxThreads()) {
            throw new DriverFailure(
                    Result.LAUNCH_OUT_OF_RESOURCES,
                    entry.name() + " was launched with " + block.count()
                            + " threads a block; it was compiled for at most " + entry.maxThreads());
        }
        if (shape.sharedBytes() < 0 || shape.sharedBytes() > maxDynamicShared) {
            throw new DriverFailure(
                    Result.INVALID_VALUE,
                    entry.name() + " was launched with " + Integer.toUnsignedLong(shape.sharedBytes())
                            + " bytes of dynamic shared memory; its limit is " + maxDynamicShared
                            + ", which CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES raises");
        }
        long resident =
                (long) device.multiprocessors() * blocksPerMultiprocessor((int) block.count(), shape.sharedBytes());
        if (shape.cooperative() && grid.count() > resident) {
            throw new DriverFailure(
                    Result.COOPERATIVE_LAUNCH_TOO_LARGE,
                    entry.name() + " was launched with " + grid.count() + " blocks that wait for each other; "
                            + resident + " fit on the device at once");
        }
    }

    private static boolean inRange(int extent, int most) {
        return extent > 0 && extent <= most;
    }

    /**
     * Runs to the end.
     *
     * @throws dev.clusca.emulator.report.FaultException with the report, when something is wrong with the kernel
     */
    void run(Operation.LaunchShape shape, byte[] parameters) {
        if (driver.handles().handleOf(this) == 0) {
            throw new DriverFailure(
                    Result.LAUNCH_FAILED,
                    entry.name()
                            + " was to run after its module was unloaded; unload modules after the last launch of their graphs");
        }
        LaunchReport report = driver.emulator()
                .launch(
                        ptx,
                        entry.name(),
                        shape.grid(),
                        shape.block(),
                        shape.sharedBytes(),
                        parameters,
                        shape.cooperative());
        driver.launched(report);
        report.orThrow();
    }
}
