package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.Draws;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;

/** Launches {@code kernels/kmeans.cu} and {@code kernels/draws.cu}: clusters, and the tokens that stand for them. */
final class ClusterKernels {
    private static final int BLOCK = 256;
    /** Tokens that a block assigns at the least. */
    private static final int TOKENS = 8;
    /** What the registers of one multiprocessor hold. */
    private static final int BLOCKS_A_MULTIPROCESSOR = 2;
    /** Words of flags beside one for each batch row. */
    private static final int COUNTERS = 2;
    /** Clusters whose best draw fits into shared memory. */
    private static final int MOST_DRAWN = 4096;

    private final CudaQueue queue;
    private final Scratch scratch;
    private final Kernels.Typed kMeans;
    private final Kernels.Typed drawFirstTokens;
    private final Kernels.Typed drawRepresentatives;
    private int resident;

    ClusterKernels(CudaQueue queue, Kernels kernels, Scratch scratch) {
        this.queue = queue;
        this.scratch = scratch;
        kMeans = kernels.typed(
                "kmeans",
                "kmeans",
                "const A* x",
                "f32* centroids",
                "f32* scratch",
                "s32* labels",
                "s32* iterations",
                "u32* flags",
                "s32 R",
                "s32 N",
                "s32 K",
                "s32 C",
                "s32 maxIterations",
                "s32 together",
                "f32 relative",
                "f32 absolute");
        drawFirstTokens = kernels.typed(
                "draws",
                "draw_first_tokens",
                "const s32* rows",
                "const f32* table",
                "const s32* cursor",
                "s32* tokens",
                "u64 seed",
                "s32 N",
                "s32 K",
                "s32 stream");
        drawRepresentatives = kernels.typed(
                "draws",
                "draw_representatives",
                "const s32* rows",
                "const f32* table",
                "const s32* cursor",
                "const s32* labels",
                "s32* representatives",
                "u64 seed",
                "s32 N",
                "s32 K",
                "s32 stream");
    }

    void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
        Shape shape = x.shape();
        int rows = extent("R", shape.dim(0));
        int tokens = extent("N", shape.dim(1));
        int clusters = centroids.shape().size(1);
        int width = extent("C", shape.dim(2));
        // Items of the two phases, counted in 32 bits by the kernel; blocks beyond them would only wait.
        int assigned = extent("R N / 8", rows * (long) Math.ceilDiv(tokens, TOKENS));
        int updated = extent("R K C / 256", (long) rows * clusters * Math.ceilDiv(width, BLOCK));
        Tensor other = scratch.floats("kMeans", centroids.shape().elements());
        Tensor flags = scratch.flags("kMeans", (long) rows + COUNTERS);
        Kernel kernel = kMeans.of(x.dtype());
        kernel.arguments()
                .tensor(x)
                .tensor(centroids)
                .tensor(other)
                .tensor(labels)
                .tensor(iterations)
                .pointer(flags.address())
                .int32(rows)
                .int32(tokens)
                .int32(clusters)
                .int32(width)
                .int32(options.maxIterations())
                .int32(options.together() ? 1 : 0)
                .float32(options.relative())
                .float32(options.absolute());
        int grid = Math.min(residentBlocks(kernel), Math.max(assigned, updated));
        kernel.launchCooperative(queue.stream(), grid, 1, 1, BLOCK, 1, 1, 0);
    }

    /** The grid waits for itself, so all of it must be on the device at once. */
    private int residentBlocks(Kernel kernel) {
        if (resident == 0) {
            resident = Math.min(
                    kernel.residentBlocks(BLOCK, 0),
                    BLOCKS_A_MULTIPROCESSOR * queue.context().multiprocessors());
        }
        return resident;
    }

    void drawFirstTokens(Draws draws, int count, Tensor tokens) {
        Kernel kernel = drawFirstTokens.of();
        kernel.arguments()
                .tensor(draws.rows())
                .tensor(draws.steps().rows())
                .tensor(draws.steps().cursor())
                .tensor(tokens)
                .int64(draws.seed())
                .int32(count)
                .int32(tokens.shape().size(1))
                .int32(draws.stream());
        kernel.launch(queue.stream(), extent("R", tokens.shape().dim(0)), BLOCK);
    }

    void drawRepresentatives(Draws draws, Tensor labels, Tensor representatives) {
        Shape shape = representatives.shape();
        if (shape.dim(2) > MOST_DRAWN) {
            throw new OperationMissingException("drawRepresentatives: the number of clusters K is " + shape.dim(2)
                    + "; the CUDA kernel draws for up to " + MOST_DRAWN + "; take fewer clusters, or the cpu backend");
        }
        Kernel kernel = drawRepresentatives.of();
        kernel.arguments()
                .tensor(draws.rows())
                .tensor(draws.steps().rows())
                .tensor(draws.steps().cursor())
                .tensor(labels)
                .tensor(representatives)
                .int64(draws.seed())
                .int32(extent("N", labels.shape().dim(1)))
                .int32(shape.size(2))
                .int32(draws.stream());
        kernel.launch(queue.stream(), extent("R", shape.dim(1)), extent("L", shape.dim(0)), 1, BLOCK, 1, 1, 0);
    }
}
