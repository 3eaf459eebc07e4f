package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;

/** Launches {@code kernels/ladder.cu}: the Taylor ladder. */
final class LadderKernels {
    private static final int BLOCK = 256;
    /** Elements of a block: 8 a thread. */
    private static final int ELEMENTS = 8 * BLOCK;
    /** The most tokens that a thread walks with a gate in registers. */
    private static final int SPAN = 8;

    private final CudaQueue queue;
    private final Kernels.Typed ladderUpdate;
    private final Kernels.Typed forecastResidual;

    LadderKernels(CudaQueue queue, Kernels kernels) {
        this.queue = queue;
        ladderUpdate = kernels.typed(
                "ladder",
                "ladder_update",
                "const A* feature",
                "B* ladder",
                "const f32* rows",
                "const s32* cursor",
                "s64 count",
                "s32 planes");
        forecastResidual = kernels.typed(
                "ladder",
                "forecast_residual",
                "const A* ladder",
                "const B* table",
                "const s32* conditions",
                "const f32* rows",
                "const s32* cursor",
                "C* x",
                "s32 planes",
                "s32 N",
                "s32 C",
                "s32 count",
                "s32 chunks",
                "s32 gateChunk",
                "s32 span");
    }

    void ladderUpdate(Tensor feature, Tensor ladder, StepTable steps) {
        long count = feature.shape().elements();
        Kernel kernel = ladderUpdate.of(feature.dtype(), ladder.dtype());
        kernel.arguments()
                .tensor(feature)
                .tensor(ladder)
                .tensor(steps.rows())
                .tensor(steps.cursor())
                .int64(count)
                .int32(ladder.shape().size(0));
        kernel.launch(queue.stream(), blocks(count, ELEMENTS), BLOCK);
    }

    void forecastResidual(Tensor ladder, Modulation modulation, int gate, Tensor x) {
        Shape shape = x.shape();
        Tensor table = modulation.table();
        int batch = extent("R", shape.dim(0));
        int tokens = extent("N", shape.dim(1));
        int width = extent("C", shape.dim(2));
        int span = SPAN;
        while (span > 1 && (long) gated(tokens, width, span) * batch < Grids.BUSY) {
            span /= 2;
        }
        Kernel kernel = forecastResidual.of(ladder.dtype(), table.dtype(), x.dtype());
        kernel.arguments()
                .tensor(ladder)
                .tensor(table)
                .tensor(modulation.conditions())
                .tensor(modulation.steps().rows())
                .tensor(modulation.steps().cursor())
                .tensor(x)
                .int32(ladder.shape().size(0))
                .int32(tokens)
                .int32(width)
                .int32(table.shape().size(1))
                .int32(table.shape().size(2))
                .int32(gate)
                .int32(span);
        kernel.launch(queue.stream(), gated(tokens, width, span), batch, 1, BLOCK, 1, 1, 0);
    }

    /** Blocks for one batch row whose threads walk {@code span} tokens each. */
    private static int gated(int tokens, int width, int span) {
        return blocks((long) Math.ceilDiv(tokens, span) * width, ELEMENTS);
    }
}
