package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.StepTable;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Launches {@code kernels/naive.cu}, but for its k-means: a thread for each result. */
final class NaiveKernels {
    static final String FAMILY = "naive";

    private static final int BLOCK = 256;

    private final CudaQueue queue;
    private final Scratch scratch;
    private final Kernels.Typed gemm;
    private final Kernels.Typed gemmResidual;
    private final Kernels.Typed attentionScores;
    private final Kernels.Typed attentionSoftmax;
    private final Kernels.Typed attentionValues;
    private final Kernels.Typed layerNormModulate;
    private final Kernels.Typed qkNormRope;
    private final Kernels.Typed ladderUpdate;
    private final Kernels.Typed forecastResidual;
    private final Kernels.Typed convolve;
    private final Kernels.Typed groupNormMoments;
    private final Kernels.Typed groupNorm;

    NaiveKernels(CudaQueue queue, Kernels kernels, Scratch scratch) {
        this.queue = queue;
        this.scratch = scratch;
        gemm = kernels.typed(
                FAMILY,
                "naive_gemm",
                "const A* a",
                "const A* weight",
                "const f32* bias",
                "any* out",
                "s32 N",
                "s32 K",
                "s32 activation",
                "s32 types");
        gemmResidual = kernels.typed(
                FAMILY,
                "naive_gemm_residual",
                "const A* a",
                "const A* weight",
                "const f32* bias",
                "const any* table",
                "const s32* conditions",
                "const s32* cursor",
                "any* feature",
                "any* x",
                "s32 N",
                "s32 K",
                "s32 tokens",
                "s32 count",
                "s32 chunks",
                "s32 gateChunk",
                "s32 types");
        attentionScores = kernels.typed(
                FAMILY,
                "naive_attention_scores",
                "const A* qkv",
                "f32* scores",
                "s32 N",
                "s32 C",
                "s32 d",
                "f32 scale");
        attentionSoftmax = kernels.typed(FAMILY, "naive_attention_softmax", "f32* scores", "s64 rows", "s32 N");
        attentionValues = kernels.typed(
                FAMILY,
                "naive_attention_values",
                "const f32* scores",
                "const A* qkv",
                "A* out",
                "s32 N",
                "s32 C",
                "s32 d");
        layerNormModulate = kernels.typed(
                FAMILY,
                "naive_layer_norm_modulate",
                "const any* x",
                "const any* table",
                "const s32* conditions",
                "const s32* cursor",
                "any* out",
                "s32 T",
                "s32 C",
                "s32 count",
                "s32 chunks",
                "s32 shiftChunk",
                "s32 scaleChunk",
                "s32 types",
                "f32 epsilon");
        qkNormRope = kernels.typed(
                FAMILY,
                "naive_qk_norm_rope",
                "any* qkv",
                "const f32* queryScale",
                "const f32* keyScale",
                "const f32* rotations",
                "s32 tokens",
                "s32 N",
                "s32 H",
                "s32 d",
                "s32 types",
                "f32 epsilon");
        ladderUpdate = kernels.typed(
                FAMILY,
                "naive_ladder_update",
                "const any* feature",
                "any* ladder",
                "const f32* rows",
                "const s32* cursor",
                "s64 count",
                "s32 planes",
                "s32 types");
        forecastResidual = kernels.typed(
                FAMILY,
                "naive_forecast_residual",
                "const any* ladder",
                "const any* table",
                "const s32* conditions",
                "const f32* rows",
                "const s32* cursor",
                "const f32* retained",
                "any* x",
                "s32 planes",
                "s32 N",
                "s32 C",
                "s32 count",
                "s32 chunks",
                "s32 gateChunk",
                "s32 types",
                "f32 ratio");
        convolve = kernels.typed(
                FAMILY,
                "naive_convolve",
                "const A* x",
                "const A* weight",
                "const f32* bias",
                "const any* residual",
                "any* out",
                "s32 N",
                "s32 h",
                "s32 w",
                "s32 C",
                "s32 size",
                "s32 doubled",
                "s32 types");
        groupNormMoments = kernels.typed(
                FAMILY,
                "naive_group_norm_moments",
                "const any* x",
                "f32* norms",
                "s32 B",
                "s32 pixels",
                "s32 C",
                "s32 groups",
                "s32 types",
                "f32 epsilon");
        groupNorm = kernels.typed(
                FAMILY,
                "naive_group_norm",
                "const any* x",
                "any* out",
                "const f32* norms",
                "const f32* weight",
                "const f32* bias",
                "s32 pixels",
                "s32 C",
                "s32 groups",
                "s32 activation",
                "s32 types");
    }

    void gemm(Tensor a, CudaLinear layer, Activation activation, Tensor out) {
        Kernel kernel = gemm.of(layer.dtype());
        kernel.arguments()
                .tensor(a)
                .tensor(layer.weight(WeightLayout.PACKED))
                .pointer(layer.biasAddress())
                .pointer(out.address())
                .int32(layer.outputs())
                .int32(layer.inputs())
                .int32(activation.ordinal())
                .int32(Narrow.OUT.of(out));
        launchRows(kernel, a, layer);
    }

    void gemmResidual(Tensor a, CudaLinear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x) {
        Tensor table = modulation.table();
        Kernel kernel = gemmResidual.of(layer.dtype());
        kernel.arguments()
                .tensor(a)
                .tensor(layer.weight(WeightLayout.PACKED))
                .pointer(layer.biasAddress())
                .pointer(table.address())
                .tensor(modulation.conditions())
                .tensor(modulation.steps().cursor())
                .optional(feature)
                .pointer(x.address())
                .int32(layer.outputs())
                .int32(layer.inputs())
                .int32(extent("N", x.shape().dim(1)))
                .int32(table.shape().size(1))
                .int32(table.shape().size(2))
                .int32(gate)
                .int32(Narrow.TABLE.of(table) | Narrow.FEATURE.of(feature) | Narrow.X.of(x));
        launchRows(kernel, a, layer);
    }

    private void launchRows(Kernel kernel, Tensor a, CudaLinear layer) {
        int rows = extent("the number of rows", a.shape().elements() / layer.inputs());
        kernel.launch(queue.stream(), rows, blocks(layer.outputs(), BLOCK), 1, BLOCK, 1, 1, 0);
    }

    /** Scores of the whole batch lie in scratch memory between the three. */
    void attention(Tensor qkv, int heads, Tensor out) {
        Shape shape = out.shape();
        int rows = extent("R", shape.dim(0));
        int tokens = extent("N", shape.dim(1));
        int width = extent("C", shape.dim(2));
        int d = width / heads;
        long lines = (long) rows * heads * tokens;
        Tensor scores = scratch.floats("attention", lines * tokens);
        Kernel first = attentionScores.of(qkv.dtype());
        first.arguments()
                .tensor(qkv)
                .pointer(scores.address())
                .int32(tokens)
                .int32(width)
                .int32(d)
                .float32((float) (1 / Math.sqrt(d)));
        launch(first, extent("N N", (long) tokens * tokens), heads, rows);
        Kernel second = attentionSoftmax.of();
        second.arguments().pointer(scores.address()).int64(lines).int32(tokens);
        launch(second, lines, 1, 1);
        Kernel third = attentionValues.of(qkv.dtype());
        third.arguments()
                .pointer(scores.address())
                .tensor(qkv)
                .tensor(out)
                .int32(tokens)
                .int32(width)
                .int32(d);
        launch(third, extent("N d", (long) tokens * d), heads, rows);
    }

    void layerNormModulate(Tensor x, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        Shape shape = x.shape();
        Tensor table = modulation.table();
        Kernel kernel = layerNormModulate.of();
        kernel.arguments()
                .pointer(x.address())
                .pointer(table.address())
                .tensor(modulation.conditions())
                .tensor(modulation.steps().cursor())
                .pointer(out.address())
                .int32(extent("T", shape.dim(1)))
                .int32(extent("C", shape.dim(2)))
                .int32(table.shape().size(1))
                .int32(table.shape().size(2))
                .int32(shift)
                .int32(scale)
                .int32(Narrow.X.of(x) | Narrow.TABLE.of(table) | Narrow.OUT.of(out))
                .float32(epsilon);
        launch(kernel, shape.dim(1), extent("R", shape.dim(0)), 1);
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
        Kernel kernel = qkNormRope.of();
        kernel.arguments()
                .pointer(qkv.address())
                .optional(queryScale)
                .optional(keyScale)
                .optional(rotations)
                .int32(tokens)
                .int32(shape.size(1))
                .int32(heads)
                .int32(extent("C", shape.dim(2) / 3) / heads)
                .int32(Narrow.X.of(qkv))
                .float32(epsilon);
        launch(kernel, 2L * tokens * heads, 1, 1);
    }

    void ladderUpdate(Tensor feature, Tensor ladder, StepTable steps) {
        long count = feature.shape().elements();
        Kernel kernel = ladderUpdate.of();
        kernel.arguments()
                .pointer(feature.address())
                .pointer(ladder.address())
                .tensor(steps.rows())
                .tensor(steps.cursor())
                .int64(count)
                .int32(ladder.shape().size(0))
                .int32(Narrow.FEATURE.of(feature) | Narrow.LADDER.of(ladder));
        launch(kernel, count, 1, 1);
    }

    void forecastResidual(Tensor ladder, Modulation modulation, int gate, Tensor x) {
        forecast(ladder, modulation, gate, x, null, 0);
    }

    /**
     * What an MLP adds to x in a prefix pass: order 0 counts for {@code (1 - ratio) a} of the base.
     *
     * @param retained of the prefix state
     */
    void forecastImplicit(Tensor ladder, Modulation modulation, int gate, Tensor x, Tensor retained, float ratio) {
        forecast(ladder, modulation, gate, x, retained, ratio);
    }

    private void forecast(
            Tensor ladder, Modulation modulation, int gate, Tensor x, @Nullable Tensor retained, float ratio) {
        Shape shape = x.shape();
        Tensor table = modulation.table();
        Kernel kernel = forecastResidual.of();
        kernel.arguments()
                .pointer(ladder.address())
                .pointer(table.address())
                .tensor(modulation.conditions())
                .tensor(modulation.steps().rows())
                .tensor(modulation.steps().cursor())
                .optional(retained)
                .pointer(x.address())
                .int32(ladder.shape().size(0))
                .int32(extent("N", shape.dim(1)))
                .int32(extent("C", shape.dim(2)))
                .int32(table.shape().size(1))
                .int32(table.shape().size(2))
                .int32(gate)
                .int32(Narrow.LADDER.of(ladder) | Narrow.TABLE.of(table) | Narrow.X.of(x))
                .float32(ratio);
        launch(kernel, extent("N C", shape.dim(1) * shape.dim(2)), extent("R", shape.dim(0)), 1);
    }

    void convolve(Tensor x, CudaLinear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        Shape shape = x.shape();
        int channels = extent("C", shape.dim(3));
        int n = layer.outputs();
        int pixels = extent("the number of pixels B h w", out.shape().elements() / n);
        Kernel kernel = convolve.of(layer.dtype());
        kernel.arguments()
                .tensor(x)
                .tensor(layer.weight(WeightLayout.PACKED))
                .pointer(layer.biasAddress())
                .optional(residual)
                .pointer(out.address())
                .int32(n)
                .int32(extent("h", shape.dim(1)))
                .int32(extent("w", shape.dim(2)))
                .int32(channels)
                .int32(layer.inputs() == channels ? 1 : 3)
                .int32(doubled ? 1 : 0)
                .int32(Narrow.X.of(residual) | Narrow.OUT.of(out));
        kernel.launch(queue.stream(), pixels, blocks(n, BLOCK), 1, BLOCK, 1, 1, 0);
    }

    /** Means and variances lie in scratch memory between the two. */
    void groupNorm(Tensor x, int groups, Tensor weight, Tensor bias, float epsilon, Activation activation, Tensor out) {
        Shape shape = x.shape();
        int images = extent("B", shape.dim(0));
        int pixels = extent("h w", shape.dim(1) * shape.dim(2));
        int channels = extent("C", shape.dim(3));
        int types = Narrow.X.of(x) | Narrow.OUT.of(out);
        Tensor norms = scratch.floats("groupNorm", 2L * images * groups);
        Kernel first = groupNormMoments.of();
        first.arguments()
                .pointer(x.address())
                .pointer(norms.address())
                .int32(images)
                .int32(pixels)
                .int32(channels)
                .int32(groups)
                .int32(types)
                .float32(epsilon);
        launch(first, (long) images * groups, 1, 1);
        Kernel second = groupNorm.of();
        second.arguments()
                .pointer(x.address())
                .pointer(out.address())
                .pointer(norms.address())
                .tensor(weight)
                .tensor(bias)
                .int32(pixels)
                .int32(channels)
                .int32(groups)
                .int32(activation.ordinal())
                .int32(types);
        launch(second, (long) pixels * channels, images, 1);
    }

    private void launch(Kernel kernel, long threads, int height, int depth) {
        kernel.launch(queue.stream(), blocks(threads, BLOCK), height, depth, BLOCK, 1, 1, 0);
    }
}
