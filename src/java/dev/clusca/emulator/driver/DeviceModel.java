package dev.clusca.emulator.driver;

/**
 * The device that the driver pretends to have: limits that a program asks for and that launches are held to.
 *
 * @param major compute capability, first number
 * @param minor compute capability, second number
 * @param multiprocessors how many; they bound cooperative launches and guide programs that size their grids by them
 * @param memoryBytes global memory
 * @param seed of the order in which work of several streams runs
 */
public record DeviceModel(int major, int minor, int multiprocessors, long memoryBytes, long seed) {
    static final String NAME = "clusca emulator (PTX on the CPU)";
    /** CUDA 13.0. */
    static final int DRIVER_VERSION = 13000;
    /** The newest PTX version that a driver for CUDA 13.0 reads, times ten. */
    static final int PTX_VERSION = 90;

    static final int WARP = 32;
    static final int MAX_BLOCK_THREADS = 1024;
    static final int MAX_BLOCK_Z = 64;
    static final int MAX_GRID_YZ = 65535;
    static final int SHARED_PER_BLOCK = 48 << 10;
    /** Of each block's shared memory the system keeps this much. */
    static final int SHARED_RESERVED = 1 << 10;

    static final int CONSTANT_BYTES = 64 << 10;
    static final int REGISTERS = 64 << 10;
    /** Streams may have priorities, which change nothing. */
    static final int LEAST_PRIORITY = 0;

    static final int GREATEST_PRIORITY = -5;

    public DeviceModel {
        if (multiprocessors < 1 || memoryBytes < 1) {
            throw new IllegalArgumentException("an emulated device with " + multiprocessors + " multiprocessors and "
                    + memoryBytes + " bytes; both must be at least 1");
        }
        limits(major, minor);
    }

    /** Compute capability 8.0, 8 multiprocessors, 4 GiB: the least that the kernels are built for, and small enough to fill. */
    public static DeviceModel standard() {
        return new DeviceModel(8, 0, 8, 4L << 30, 0);
    }

    public DeviceModel withCapability(int newMajor, int newMinor) {
        return new DeviceModel(newMajor, newMinor, multiprocessors, memoryBytes, seed);
    }

    public DeviceModel withMultiprocessors(int count) {
        return new DeviceModel(major, minor, count, memoryBytes, seed);
    }

    public DeviceModel withMemory(long bytes) {
        return new DeviceModel(major, minor, multiprocessors, bytes, seed);
    }

    public DeviceModel withSeed(long newSeed) {
        return new DeviceModel(major, minor, multiprocessors, memoryBytes, newSeed);
    }

    /** The table "Technical Specifications per Compute Capability" of the CUDA C++ Programming Guide; sizes in bytes. */
    private record Limits(int sharedPerMultiprocessor, int threads, int blocks) {}

    private static Limits limits(int major, int minor) {
        return switch (major * 10 + minor) {
            case 80 -> new Limits(164 << 10, 2048, 32);
            case 86 -> new Limits(100 << 10, 1536, 16);
            case 89 -> new Limits(100 << 10, 1536, 24);
            case 90 -> new Limits(228 << 10, 2048, 32);
            case 100 -> new Limits(228 << 10, 2048, 32);
            case 120 -> new Limits(100 << 10, 1536, 24);
            default ->
                throw new IllegalArgumentException("compute capability " + major + "." + minor
                        + "; the emulator knows 8.0, 8.6, 8.9, 9.0, 10.0 and 12.0");
        };
    }

    int sharedPerMultiprocessor() {
        return limits(major, minor).sharedPerMultiprocessor();
    }

    /** Static and dynamic shared memory that a block may have after its kernel asked for it. */
    int sharedPerBlockOptin() {
        return sharedPerMultiprocessor() - SHARED_RESERVED;
    }

    int threadsPerMultiprocessor() {
        return limits(major, minor).threads();
    }

    int blocksPerMultiprocessor() {
        return limits(major, minor).blocks();
    }

    /** How many blocks fit on a multiprocessor by threads and shared memory; registers are unknown, since nothing compiles the PTX. */
    int blocksThatFit(int threads, long sharedBytes) {
        int warps = (threads + WARP - 1) / WARP;
        long byThreads = threadsPerMultiprocessor() / (warps * (long) WARP);
        long byShared = sharedPerMultiprocessor() / (sharedBytes + SHARED_RESERVED);
        return (int) Math.min(blocksPerMultiprocessor(), Math.min(byThreads, byShared));
    }
}
