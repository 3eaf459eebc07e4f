package dev.clusca.backend.cuda.driver;

import static dev.clusca.backend.cuda.driver.CudaException.check;

import dev.clusca.bindings.cuda.CUlaunchAttribute_st;
import dev.clusca.bindings.cuda.CUlaunchConfig_st;
import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.driver.DriverFunctions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;

/** Launches through {@code java.lang.foreign}, with segments that are made once. */
final class FfmLauncher implements Launcher {
    private static final MemorySegment NONE = MemorySegment.NULL;

    private final MemorySegment function;
    private final MemorySegment table;

    /** The two as numbers. */
    private final long handle;

    private final long address;

    private MemorySegment stream = NONE;
    private @Nullable ClusterConfig clusters;

    private final FfmDriver driver;

    FfmLauncher(FfmDriver driver, long function, MemorySegment table) {
        this.driver = driver;
        this.function = MemorySegment.ofAddress(function);
        this.table = table;
        this.handle = function;
        this.address = table.address();
    }

    @Override
    public void launch(int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared, long on) {
        int code =
                DriverFunctions.launchKernel(handle, gridX, gridY, gridZ, blockX, blockY, blockZ, shared, on, address);
        Reference.reachabilityFence(table);
        check("cuLaunchKernel", code);
    }

    @Override
    public void launchCooperative(
            int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared, long on) {
        int code = Cuda.cuLaunchCooperativeKernel(
                function, gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream(on), table);
        check("cuLaunchCooperativeKernel", code);
    }

    @Override
    public void launchClusters(
            int cluster, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared, long on) {
        ClusterConfig config = clusters;
        if (config == null) {
            CudaDrivers.require(driver, CudaCapability.CLUSTER_LAUNCH);
            config = new ClusterConfig();
            clusters = config;
        }
        config.set(cluster, gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream(on));
        check("cuLaunchKernelEx", Cuda.cuLaunchKernelEx(config.launch, function, table, NONE));
    }

    private MemorySegment stream(long handle) {
        MemorySegment last = stream;
        if (last.address() != handle) {
            last = MemorySegment.ofAddress(handle);
            stream = last;
        }
        return last;
    }

    /** A {@code CUlaunchConfig} with the one attribute that says how large a cluster is. */
    private static final class ClusterConfig {
        private final MemorySegment attribute;
        private final MemorySegment launch;

        ClusterConfig() {
            Arena arena = Arena.ofAuto();
            attribute = CUlaunchAttribute_st.allocate(arena);
            launch = CUlaunchConfig_st.allocate(arena);
            CUlaunchAttribute_st.id(attribute, Cuda.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION());
            CUlaunchConfig_st.attrs(launch, attribute);
            CUlaunchConfig_st.numAttrs(launch, 1);
        }

        void set(
                int cluster,
                int gridX,
                int gridY,
                int gridZ,
                int blockX,
                int blockY,
                int blockZ,
                int shared,
                MemorySegment stream) {
            // The value is a union; the cluster's three extents are ints at its beginning.
            MemorySegment value = CUlaunchAttribute_st.value(attribute);
            value.setAtIndex(ValueLayout.JAVA_INT, 0, cluster);
            value.setAtIndex(ValueLayout.JAVA_INT, 1, 1);
            value.setAtIndex(ValueLayout.JAVA_INT, 2, 1);
            CUlaunchConfig_st.gridDimX(launch, gridX);
            CUlaunchConfig_st.gridDimY(launch, gridY);
            CUlaunchConfig_st.gridDimZ(launch, gridZ);
            CUlaunchConfig_st.blockDimX(launch, blockX);
            CUlaunchConfig_st.blockDimY(launch, blockY);
            CUlaunchConfig_st.blockDimZ(launch, blockZ);
            CUlaunchConfig_st.sharedMemBytes(launch, shared);
            CUlaunchConfig_st.hStream(launch, stream);
        }
    }
}
