package dev.clusca.backend.cuda.driver;

/**
 * Launches one function with the arguments at one table of addresses; made once, used by one thread at a time. A launch allocates nothing on the Java heap, and the
 * driver copies the arguments before it returns. Counts are blocks and threads; {@code shared} is dynamic shared memory in bytes.
 */
public interface Launcher {
    /** {@code cuLaunchKernel}. */
    void launch(int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared, long stream);

    /** {@code cuLaunchCooperativeKernel}: all blocks are resident at once and may wait for each other. */
    void launchCooperative(
            int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared, long stream);

    /** {@code cuLaunchKernelEx} with clusters of {@code cluster} neighbouring blocks in x. Needs {@link CudaCapability#CLUSTER_LAUNCH}. */
    void launchClusters(
            int cluster, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int shared, long stream);
}
