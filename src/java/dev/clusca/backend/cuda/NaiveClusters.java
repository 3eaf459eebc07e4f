package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;

/** Launches the k-means of {@code kernels/naive.cu}: three kernels an iteration, as many iterations as there may be. Those after a row has settled find nothing to do, so the host need not ask. */
final class NaiveClusters {
    private static final int BLOCK = 256;
    /** Threads that share a token's distances. */
    private static final int WARP = 32;

    private final CudaQueue queue;
    private final Scratch scratch;
    private final Kernels.Typed assign;
    private final Kernels.Typed means;
    private final Kernels.Typed settle;

    NaiveClusters(CudaQueue queue, Kernels kernels, Scratch scratch) {
        this.queue = queue;
        this.scratch = scratch;
        assign = kernels.typed(
                NaiveKernels.FAMILY,
                "naive_kmeans_assign",
                "const A* x",
                "const f32* centroids",
                "s32* labels",
                "const s32* going",
                "s32 N",
                "s32 K",
                "s32 C",
                "s32 together",
                "s32 made");
        means = kernels.typed(
                NaiveKernels.FAMILY,
                "naive_kmeans_means",
                "const A* x",
                "f32* fresh",
                "const s32* labels",
                "const s32* going",
                "s32 N",
                "s32 K",
                "s32 C",
                "s32 together",
                "s32 made");
        settle = kernels.typed(
                NaiveKernels.FAMILY,
                "naive_kmeans_settle",
                "f32* centroids",
                "const f32* fresh",
                "s32* iterations",
                "s32* going",
                "s32 R",
                "s32 K",
                "s32 C",
                "s32 together",
                "s32 made",
                "f32 relative",
                "f32 absolute");
    }

    void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
        Shape shape = x.shape();
        int rows = extent("R", shape.dim(0));
        int tokens = extent("N", shape.dim(1));
        int clusters = centroids.shape().size(1);
        int width = extent("C", shape.dim(2));
        int together = options.together() ? 1 : 0;
        long elements = centroids.shape().elements();
        // The new centroids, and behind them whether each row goes on.
        long fresh = scratch.floats("kMeans", elements + rows).address();
        long going = fresh + elements * DType.F32.bytes();
        for (int made = 1; made <= options.maxIterations(); made++) {
            Kernel first = assign.of(x.dtype());
            first.arguments()
                    .tensor(x)
                    .tensor(centroids)
                    .tensor(labels)
                    .pointer(going)
                    .int32(tokens)
                    .int32(clusters)
                    .int32(width)
                    .int32(together)
                    .int32(made);
            first.launch(queue.stream(), blocks((long) tokens * WARP, BLOCK), rows, 1, BLOCK, 1, 1, 0);
            Kernel second = means.of(x.dtype());
            second.arguments()
                    .tensor(x)
                    .pointer(fresh)
                    .tensor(labels)
                    .pointer(going)
                    .int32(tokens)
                    .int32(clusters)
                    .int32(width)
                    .int32(together)
                    .int32(made);
            second.launch(
                    queue.stream(), blocks(extent("K C", (long) clusters * width), BLOCK), rows, 1, BLOCK, 1, 1, 0);
            Kernel third = settle.of();
            third.arguments()
                    .tensor(centroids)
                    .pointer(fresh)
                    .tensor(iterations)
                    .pointer(going)
                    .int32(rows)
                    .int32(clusters)
                    .int32(width)
                    .int32(together)
                    .int32(made)
                    .float32(options.relative())
                    .float32(options.absolute());
            third.launch(queue.stream(), options.together() ? 1 : rows, BLOCK);
        }
    }
}
