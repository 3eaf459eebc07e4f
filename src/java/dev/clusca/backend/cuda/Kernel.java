package dev.clusca.backend.cuda;

import dev.clusca.backend.KernelUse;
import dev.clusca.backend.cuda.driver.CudaCapability;
import dev.clusca.backend.cuda.driver.CudaError;
import dev.clusca.backend.cuda.driver.CudaException;
import dev.clusca.backend.cuda.driver.Launcher;
import dev.clusca.bindings.cuda.Cuda;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A kernel with its arguments: {@code kernel.arguments().tensor(x).int32(n)}, then {@link #launch}. One thread at a time uses it; {@link CudaModule#kernel} gives as many as are needed. A launch
 * makes no garbage, and its arguments may be set anew as soon as it returns. The module's context must be current.
 */
public final class Kernel {
    private static final int MAX_GRID_YZ = 65_535;

    /** Threads of a block on any device; keeps products from overflowing. */
    private static final int MAX_BLOCK = 1024;

    private final CudaContext context;
    private final CudaModule module;
    private final String name;
    private final long function;
    private final int maxThreads;
    private final int staticShared;
    private final KernelArguments arguments;
    private final Launcher launcher;
    private int maxDynamicShared;

    Kernel(
            CudaContext context,
            CudaModule module,
            String name,
            long function,
            int maxThreads,
            int staticShared,
            KernelArguments arguments) {
        this.context = context;
        this.module = module;
        this.name = name;
        this.function = function;
        this.maxThreads = maxThreads;
        this.staticShared = staticShared;
        this.arguments = arguments;
        this.launcher = context.driver().launcher(function, arguments.table());
        // What every device grants without being asked.
        this.maxDynamicShared = Math.max(0, (48 << 10) - staticShared);
    }

    public String name() {
        return name;
    }

    /** The most threads that a block can have. */
    public int maxThreads() {
        return maxThreads;
    }

    /**
     * Lets launches ask for this much dynamic shared memory, in bytes; needed above 48 KiB together with the static part. The driver has the last word: from Hopper on the static part that it tells of may
     * hold what the system reserves, which is no part of what a block may have.
     */
    public Kernel allowSharedMemory(int bytes) {
        module.require();
        if (bytes < 0 || bytes > context.sharedMemoryPerBlock()) {
            throw tooMuchShared(bytes, null);
        }
        try (CudaContext.Scope _ = context.enter()) {
            context.driver()
                    .functionSetAttribute(function, Cuda.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES(), bytes);
        } catch (CudaException e) {
            throw e.is(CudaError.INVALID_VALUE) ? tooMuchShared(bytes, e) : e;
        }
        maxDynamicShared = Math.max(maxDynamicShared, bytes);
        return this;
    }

    private IllegalArgumentException tooMuchShared(int bytes, @Nullable CudaException cause) {
        return new IllegalArgumentException(
                "kernel " + name + ": " + bytes + " bytes of dynamic shared memory; expected at most "
                        + (context.sharedMemoryPerBlock() - staticShared) + " on this device, beside " + staticShared
                        + " static ones",
                cause);
    }

    /** How many blocks are on the device at once, which bounds a cooperative launch. */
    public int residentBlocks(int blockThreads, int dynamicShared) {
        module.require();
        try (CudaContext.Scope _ = context.enter()) {
            return context.multiprocessors()
                    * context.driver().activeBlocksPerMultiprocessor(function, blockThreads, dynamicShared);
        }
    }

    /** The arguments, to be set from the first on. */
    public KernelArguments arguments() {
        module.require();
        return arguments.begin();
    }

    /** Enqueues a launch over a one-dimensional grid. Counts are blocks and threads. */
    public void launch(CudaStream stream, int grid, int block) {
        launch(stream, grid, 1, 1, block, 1, 1, 0);
    }

    /** Enqueues a launch. {@code shared} is dynamic shared memory in bytes. */
    public void launch(
            CudaStream stream, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared) {
        check(gridX, gridY, gridZ, blockX, blockY, blockZ, shared);
        launcher.launch(gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream.handle());
    }

    /** Enqueues a launch whose blocks run all at once and may wait for each other: at most {@link #residentBlocks}. */
    public void launchCooperative(
            CudaStream stream, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared) {
        check(gridX, gridY, gridZ, blockX, blockY, blockZ, shared);
        launcher.launchCooperative(gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream.handle());
    }

    /** Enqueues a launch in clusters of {@code cluster} neighbouring blocks in x, which share their shared memory. */
    public void launchClusters(
            CudaStream stream,
            int cluster,
            int gridX,
            int gridY,
            int gridZ,
            int blockX,
            int blockY,
            int blockZ,
            int shared) {
        check(gridX, gridY, gridZ, blockX, blockY, blockZ, shared);
        if (cluster < 1 || gridX % cluster != 0) {
            throw new IllegalArgumentException("kernel " + name + ": clusters of " + cluster + " blocks over a grid of "
                    + gridX + " in x; expected a divisor of the grid, 1 to 8");
        }
        launcher.launchClusters(cluster, gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream.handle());
    }

    long function() {
        return function;
    }

    /** What it takes, as the manifest says. */
    KernelUse use() {
        return module.entry(name)
                .map(entry -> new KernelUse(name, entry.registers(), entry.staticShared() + entry.dynamicShared()))
                .orElseGet(() -> new KernelUse(name, Map.of(), staticShared));
    }

    /** Other arguments and dimensions for a node of a graph's instance that launches this kernel. */
    void update(
            long instance, long node, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared) {
        check(gridX, gridY, gridZ, blockX, blockY, blockZ, shared);
        context.driver(CudaCapability.KERNEL_NODE_UPDATE)
                .graphExecSetKernel(
                        instance,
                        node,
                        function,
                        gridX,
                        gridY,
                        gridZ,
                        blockX,
                        blockY,
                        blockZ,
                        shared,
                        arguments.table());
    }

    private void check(int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared) {
        module.require();
        if (gridX < 1 || gridY < 1 || gridZ < 1 || gridY > MAX_GRID_YZ || gridZ > MAX_GRID_YZ) {
            throw wrong("a grid of " + gridX + " x " + gridY + " x " + gridZ
                    + " blocks; expected at least 1, and at most " + MAX_GRID_YZ + " in y and z");
        }
        if (blockX < 1
                || blockY < 1
                || blockZ < 1
                || (long) blockX * blockY * Math.min(blockZ, MAX_BLOCK) > maxThreads) {
            throw wrong("blocks of " + blockX + " x " + blockY + " x " + blockZ + " threads; expected 1 to "
                    + maxThreads + ", which it was compiled for");
        }
        if (shared < 0 || shared > maxDynamicShared) {
            throw wrong(shared + " bytes of dynamic shared memory; expected at most " + maxDynamicShared
                    + "; Kernel.allowSharedMemory raises that");
        }
        arguments.complete();
    }

    private IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException(this + ": " + what);
    }

    @Override
    public String toString() {
        return "kernel " + name;
    }
}
