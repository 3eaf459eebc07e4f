package dev.clusca.backend.cuda.driver;

import static dev.clusca.backend.cuda.driver.CudaException.check;

import dev.clusca.backend.cuda.driver.JCudaHandles.Function;
import dev.clusca.backend.cuda.driver.JCudaHandles.HostAddress;
import dev.clusca.backend.cuda.driver.JCudaHandles.Stream;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * Launches through JCuda with one pointer to the table of the arguments' addresses. A {@code Pointer} for each argument, as JCuda's samples have it, costs twenty times as much and makes garbage.
 */
final class JCudaLauncher implements Launcher {
    private final JCudaDriverProvider driver;
    private final Function function;
    private final HostAddress table;

    /** For streams that JCuda did not create, and what JCuda cannot do. */
    private final Launcher foreign;

    private long lastHandle;
    private @Nullable Stream lastStream;

    JCudaLauncher(JCudaDriverProvider driver, Function function, HostAddress table, Launcher foreign) {
        this.driver = driver;
        this.function = function;
        this.table = table;
        this.foreign = foreign;
        this.lastStream = driver.stream(0);
    }

    @Override
    public void launch(int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared, long on) {
        Stream stream = stream(on);
        if (stream == null) {
            foreign.launch(gridX, gridY, gridZ, blockX, blockY, blockZ, shared, on);
            return;
        }
        int code;
        try {
            code = JCudaDriver.cuLaunchKernel(
                    function, gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream, table, null);
        } catch (jcuda.CudaException e) {
            code = JCudaDriverProvider.codeOf(e);
        }
        check("cuLaunchKernel", code);
    }

    @Override
    public void launchCooperative(
            int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared, long on) {
        Stream stream = stream(on);
        if (stream == null) {
            foreign.launchCooperative(gridX, gridY, gridZ, blockX, blockY, blockZ, shared, on);
            return;
        }
        int code;
        try {
            code = JCudaDriver.cuLaunchCooperativeKernel(
                    function, gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream, table);
        } catch (jcuda.CudaException e) {
            code = JCudaDriverProvider.codeOf(e);
        }
        check("cuLaunchCooperativeKernel", code);
    }

    @Override
    public void launchClusters(
            int cluster, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared, long on) {
        foreign.launchClusters(cluster, gridX, gridY, gridZ, blockX, blockY, blockZ, shared, on);
    }

    /** A destroyed stream's handle may come back with another object, whose value is the same: the last one stays good. */
    private @Nullable Stream stream(long handle) {
        if (handle != lastHandle) {
            lastStream = driver.stream(handle);
            lastHandle = handle;
        }
        return lastStream;
    }
}
