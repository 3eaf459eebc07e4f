package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.Modulation;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Launches {@code kernels/norm.cu}: LayerNorm with modulation, and RMSNorm with rotation of queries and keys. */
final class NormKernels {
    private static final int BLOCK = 256;
    /** Channels that one warp, and that two, hold in registers. */
    private static final int ONE_WARP = 1536;

    private static final int TWO_WARPS = 3072;
    /** Rows a warp that share the modulations in shared memory, where enough blocks are left. */
    private static final int SPAN = 4;
    /** The most heads of a token that share its rotations in registers, where enough blocks are left. */
    private static final int HEADS = 8;

    private final CudaQueue queue;
    private final Kernels.Typed layerNormModulate;
    private final Kernels.Typed qkNormRope;

    NormKernels(CudaQueue queue, Kernels kernels) {
        this.queue = queue;
        layerNormModulate = kernels.typed(
                "norm",
                "layer_norm_modulate",
                "const A* x",
                "const B* table",
                "const s32* conditions",
                "const s32* cursor",
                "C* out",
                "s32 T",
                "s32 C",
                "s32 count",
                "s32 chunks",
                "s32 shiftChunk",
                "s32 scaleChunk",
                "s32 span",
                "f32 epsilon");
        qkNormRope = kernels.typed(
                "norm",
                "qk_norm_rope",
                "A* qkv",
                "const f32* queryScale",
                "const f32* keyScale",
                "const f32* rotations",
                "s32 tokens",
                "s32 N",
                "s32 H",
                "s32 d",
                "s32 span",
                "f32 epsilon");
    }

    void layerNormModulate(Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        Shape shape = x.shape();
        Tensor table = modulation.table();
        int batch = extent("R", shape.dim(0));
        int tokens = extent("T", shape.dim(1));
        int width = extent("C", shape.dim(2));
        int rows = width <= ONE_WARP ? 8 : width <= TWO_WARPS ? 4 : 2;
        int span = (long) blocks(tokens, (long) rows * SPAN) * batch >= Grids.BUSY ? SPAN : 1;
        Kernel kernel = layerNormModulate.of(x.dtype(), table.dtype(), out.dtype());
        kernel.arguments()
                .tensor(x)
                .tensor(table)
                .tensor(modulation.conditions())
                .tensor(modulation.steps().cursor())
                .tensor(out)
                .int32(tokens)
                .int32(width)
                .int32(table.shape().size(1))
                .int32(table.shape().size(2))
                .int32(shift)
                .int32(scale)
                .int32(span)
                .float32(epsilon);
        kernel.launch(queue.stream(), blocks(tokens, (long) rows * span), batch, 1, BLOCK, 1, 1, 0);
    }

    void qkNormRope(
            Tensor qkv,
            int heads,
            @Nullable Tensor queryScale,
            @Nullable Tensor keyScale,
            float epsilon,
            @Nullable Tensor rotations) {
        Shape shape = qkv.shape();
        int tokens = extent("R N", shape.dim(0) * shape.dim(1));
        extent("R N heads", (long) tokens * heads);
        int width = extent("C", shape.dim(2) / 3);
        int d = width / heads;
        int groups = d <= 32 ? 32 : d <= 64 ? 16 : 8;
        int spans = Math.ceilDiv(heads, HEADS);
        int span = blocks((long) tokens * spans, groups) >= Grids.BUSY ? Math.ceilDiv(heads, spans) : 1;
        Kernel kernel = qkNormRope.of(qkv.dtype());
        kernel.arguments()
                .tensor(qkv)
                .optional(queryScale)
                .optional(keyScale)
                .optional(rotations)
                .int32(tokens)
                .int32(shape.size(1))
                .int32(heads)
                .int32(d)
                .int32(span)
                .float32(epsilon);
        int grid = blocks((long) tokens * Math.ceilDiv(heads, span), groups);
        kernel.launch(queue.stream(), grid, 1, 1, BLOCK, 1, 1, 0);
    }
}
