package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;

/** Launches {@code kernels/rows.cu}: whole tokens by index. */
final class RowKernels {
    private static final int BLOCK = 256;
    /** Tokens of a block, one a warp. */
    private static final int ROWS = BLOCK / 32;

    private final CudaQueue queue;
    private final Kernels.Typed gatherRows;
    private final Kernels.Typed scatterRows;
    private final Kernels.Typed propagate;

    RowKernels(CudaQueue queue, Kernels kernels) {
        this.queue = queue;
        gatherRows = kernels.typed(
                "rows", "gather_rows", "const A* x", "const s32* index", "B* rows", "s32 R", "s32 N", "s32 K", "s32 C");
        scatterRows = kernels.typed(
                "rows",
                "scatter_rows",
                "const A* rows",
                "const s32* index",
                "B* target",
                "s32 R",
                "s32 N",
                "s32 K",
                "s32 C");
        propagate = kernels.typed(
                "rows",
                "propagate",
                "const A* rows",
                "const s32* index",
                "const s32* labels",
                "B* target",
                "s32 R",
                "s32 N",
                "s32 K",
                "s32 C",
                "f32 ratio");
    }

    void gatherRows(Tensor x, Tensor index, Tensor rows) {
        Kernel kernel = gatherRows.of(x.dtype(), rows.dtype());
        extents(kernel.arguments().tensor(x).tensor(index).tensor(rows), x.shape(), index.shape());
        kernel.launch(queue.stream(), blocks(index.shape().elements(), ROWS), BLOCK);
    }

    void scatterRows(Tensor rows, Tensor index, Tensor target) {
        Kernel kernel = scatterRows.of(rows.dtype(), target.dtype());
        extents(kernel.arguments().tensor(rows).tensor(index).tensor(target), target.shape(), index.shape());
        kernel.launch(queue.stream(), blocks(index.shape().elements(), ROWS), BLOCK);
    }

    void propagate(Tensor rows, Tensor index, Tensor labels, float ratio, Tensor target) {
        Kernel kernel = propagate.of(rows.dtype(), target.dtype());
        extents(
                        kernel.arguments()
                                .tensor(rows)
                                .tensor(index)
                                .tensor(labels)
                                .tensor(target),
                        target.shape(),
                        index.shape())
                .float32(ratio);
        kernel.launch(queue.stream(), blocks(labels.shape().elements(), ROWS), BLOCK);
    }

    /** R, N, K and C, from {@code [R, N, C]} and {@code [R, K]}. */
    private static KernelArguments extents(KernelArguments arguments, Shape tokens, Shape index) {
        return arguments
                .int32(extent("R", tokens.dim(0)))
                .int32(extent("N", tokens.dim(1)))
                .int32(extent("K", index.dim(1)))
                .int32(extent("C", tokens.dim(2)));
    }
}
