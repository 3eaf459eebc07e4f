package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.PrefixState;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;

/** Launches {@code kernels/prefix.cu}: a cached step as one pass over all layers, and ClusCa's chain on the representatives' rows. */
final class PrefixKernels {
    private static final int BLOCK = 256;
    private static final int PASS_BLOCK = 128;
    /** Elements of a block of the pass: 4 channels of 2 tokens a thread. */
    private static final int PASS_CHANNELS = 4 * PASS_BLOCK;

    private static final int PASS_TOKENS = 2;
    /** What prefix_gather_norm keeps in shared memory. */
    private static final int WIDEST = 4096;

    private static final int MOST_LAYERS = 256;

    private final CudaQueue queue;
    private final Kernels.Typed pass;
    private final Kernels.Typed gather;
    private final Kernels.Typed gatherNorm;
    private final Kernels.Typed refresh;
    private final Kernels.Typed close;
    private final Kernels.Typed materialise;
    private final Kernels.Typed update;

    PrefixKernels(CudaQueue queue, Kernels kernels) {
        this.queue = queue;
        pass = kernels.typed(
                "prefix",
                "prefix_pass",
                "const A* attention",
                "const A* mlp",
                "const B* table",
                "const s32* conditions",
                "const f32* steps",
                "const s32* cursor",
                "const f32* retained",
                "const s32* labels",
                "const s32* representatives",
                "f32* x",
                "f32* rows",
                "s64 stride",
                "s64 tableStride",
                "s32 planes",
                "s32 L",
                "s32 N",
                "s32 C",
                "s32 K",
                "s32 count",
                "s32 chunks",
                "s32 attentionChunk",
                "s32 mlpChunk",
                "f32 ratio");
        gather = kernels.typed(
                "prefix",
                "prefix_gather",
                "const f32* rows",
                "const s32* representatives",
                "const f32* spread",
                "f32* out",
                "s32 layer",
                "s32 R",
                "s32 K",
                "s32 C");
        gatherNorm = kernels.typed(
                "prefix",
                "prefix_gather_norm",
                "const f32* rows",
                "const s32* representatives",
                "const f32* spread",
                "const A* table",
                "const s32* conditions",
                "const s32* cursor",
                "B* out",
                "s32 layer",
                "s32 R",
                "s32 K",
                "s32 C",
                "s32 count",
                "s32 chunks",
                "s32 shiftChunk",
                "s32 scaleChunk",
                "f32 epsilon");
        refresh = kernels.typed(
                "prefix",
                "prefix_refresh",
                "const any* fresh",
                "const s32* representatives",
                "const any* table",
                "const s32* conditions",
                "const s32* cursor",
                "const f32* retained",
                "any* base",
                "f32* propagated",
                "f32* spread",
                "f32* rows",
                "s32 layer",
                "s32 R",
                "s32 N",
                "s32 K",
                "s32 C",
                "s32 count",
                "s32 chunks",
                "s32 gateChunk",
                "s32 types",
                "f32 ratio");
        close = kernels.typed(
                "prefix",
                "prefix_close",
                "const f32* rows",
                "const s32* representatives",
                "const s32* labels",
                "const f32* spread",
                "f32* x",
                "s32 L",
                "s32 N",
                "s32 K",
                "s32 C");
        materialise = kernels.typed(
                "prefix",
                "prefix_materialise",
                "A* base",
                "const f32* propagated",
                "const s32* labels",
                "const s32* cursor",
                "const f32* retained",
                "s64 stride",
                "s32 N",
                "s32 K",
                "s32 C");
        update = kernels.typed(
                "prefix",
                "prefix_update",
                "const A* feature",
                "B* ladder",
                "const f32* propagated",
                "const s32* labels",
                "const f32* steps",
                "const s32* cursor",
                "const f32* retained",
                "s32 planes",
                "s32 N",
                "s32 K",
                "s32 C");
    }

    /** The pass without clusters: what belongs to them is not touched. */
    void forecastPass(CachedLayers layers, Tensor x) {
        KernelArguments arguments =
                begin(layers).pointer(0).pointer(0).pointer(0).tensor(x).pointer(0);
        finish(arguments, layers, 0, 0);
    }

    void pass(CachedLayers layers, PrefixState state, Tensor x) {
        KernelArguments arguments = begin(layers)
                .tensor(state.retained())
                .tensor(state.labels())
                .tensor(state.representatives())
                .tensor(x)
                .tensor(state.rows());
        finish(arguments, layers, state.rows().shape().size(2), state.ratio());
    }

    private KernelArguments begin(CachedLayers layers) {
        return kernel(layers)
                .arguments()
                .tensor(layers.attention())
                .tensor(layers.mlp())
                .tensor(layers.table())
                .tensor(layers.conditions())
                .tensor(layers.steps().rows())
                .tensor(layers.steps().cursor());
    }

    private void finish(KernelArguments arguments, CachedLayers layers, int clusters, float ratio) {
        Shape ladders = layers.mlp().shape();
        Shape table = layers.table().shape();
        int tokens = extent("N", ladders.dim(3));
        int width = extent("C", ladders.dim(4));
        arguments
                .int64(ladders.inner().elements())
                .int64(table.inner().elements())
                .int32(ladders.size(1))
                .int32(ladders.size(0))
                .int32(tokens)
                .int32(width)
                .int32(clusters)
                .int32(table.size(2))
                .int32(table.size(3))
                .int32(layers.attentionGate())
                .int32(layers.mlpGate())
                .float32(ratio);
        int grid = blocks((long) Math.ceilDiv(tokens, PASS_TOKENS) * width, PASS_CHANNELS);
        kernel(layers).launch(queue.stream(), grid, extent("R", ladders.dim(2)), 1, PASS_BLOCK, 1, 1, 0);
    }

    private Kernel kernel(CachedLayers layers) {
        return pass.of(layers.mlp().dtype(), layers.table().dtype());
    }

    void gather(PrefixState state, int layer, Tensor out) {
        Shape rows = state.rows().shape();
        Kernel kernel = gather.of();
        kernel.arguments()
                .tensor(state.rows())
                .tensor(state.representatives())
                .tensor(state.spread())
                .tensor(out)
                .int32(layer)
                .int32(rows.size(1))
                .int32(rows.size(2))
                .int32(rows.size(3));
        kernel.launch(queue.stream(), blocks(out.shape().elements(), BLOCK), BLOCK);
    }

    /** Whether {@link #gatherNorm} has a kernel for such a state: a row and a flag for each layer fit in its shared memory. */
    static boolean gathersAndNorms(PrefixState state) {
        Shape rows = state.rows().shape();
        return rows.dim(0) <= MOST_LAYERS && rows.dim(3) <= WIDEST;
    }

    void gatherNorm(
            PrefixState state, int layer, Modulation modulation, int shift, int scale, float epsilon, Tensor out) {
        Shape rows = state.rows().shape();
        Tensor table = modulation.table();
        Kernel kernel = gatherNorm.of(table.dtype(), out.dtype());
        kernel.arguments()
                .tensor(state.rows())
                .tensor(state.representatives())
                .tensor(state.spread())
                .tensor(table)
                .tensor(modulation.conditions())
                .tensor(modulation.steps().cursor())
                .tensor(out)
                .int32(layer)
                .int32(rows.size(1))
                .int32(rows.size(2))
                .int32(rows.size(3))
                .int32(table.shape().size(1))
                .int32(table.shape().size(2))
                .int32(shift)
                .int32(scale)
                .float32(epsilon);
        kernel.launch(queue.stream(), extent("R K", rows.dim(1) * rows.dim(2)), BLOCK);
    }

    void refresh(Tensor fresh, CachedLayers layers, PrefixState state, int layer) {
        Tensor base = layers.mlp().slice(layer).slice(0);
        Tensor table = layers.table().slice(layer);
        Kernel kernel = refresh.of();
        kernel.arguments()
                .pointer(fresh.address())
                .tensor(state.representatives())
                .pointer(table.address())
                .tensor(layers.conditions())
                .tensor(layers.steps().cursor())
                .tensor(state.retained())
                .pointer(base.address())
                .tensor(state.propagated())
                .tensor(state.spread())
                .tensor(state.rows())
                .int32(layer)
                .int32(base.shape().size(0))
                .int32(base.shape().size(1))
                .int32(fresh.shape().size(1))
                .int32(base.shape().size(2))
                .int32(table.shape().size(1))
                .int32(table.shape().size(2))
                .int32(layers.mlpGate())
                .int32(Narrow.FEATURE.of(fresh) | Narrow.TABLE.of(table) | Narrow.LADDER.of(base))
                .float32(state.ratio());
        kernel.launch(queue.stream(), blocks(fresh.shape().elements(), BLOCK), BLOCK);
    }

    void close(PrefixState state, Tensor x) {
        Shape rows = state.rows().shape();
        Kernel kernel = close.of();
        kernel.arguments()
                .tensor(state.rows())
                .tensor(state.representatives())
                .tensor(state.labels())
                .tensor(state.spread())
                .tensor(x)
                .int32(rows.size(0))
                .int32(x.shape().size(1))
                .int32(rows.size(2))
                .int32(rows.size(3));
        launchTokens(kernel, x.shape(), 1);
    }

    void materialise(CachedLayers layers, PrefixState state) {
        Shape ladders = layers.mlp().shape();
        Kernel kernel = materialise.of(layers.mlp().dtype());
        kernel.arguments()
                .tensor(layers.mlp())
                .tensor(state.propagated())
                .tensor(state.labels())
                .tensor(layers.steps().cursor())
                .tensor(state.retained())
                .int64(ladders.inner().elements())
                .int32(ladders.size(3))
                .int32(state.rows().shape().size(2))
                .int32(ladders.size(4));
        launchTokens(kernel, Shape.of(ladders.dim(2), ladders.dim(3), ladders.dim(4)), ladders.size(0));
    }

    void update(Tensor feature, CachedLayers layers, PrefixState state, int layer) {
        Tensor ladder = layers.mlp().slice(layer);
        Kernel kernel = update.of(feature.dtype(), ladder.dtype());
        kernel.arguments()
                .tensor(feature)
                .tensor(ladder)
                .tensor(state.propagated().slice(layer))
                .tensor(state.labels())
                .tensor(layers.steps().rows())
                .tensor(layers.steps().cursor())
                .tensor(state.retained())
                .int32(ladder.shape().size(0))
                .int32(feature.shape().size(1))
                .int32(state.rows().shape().size(2))
                .int32(feature.shape().size(2));
        launchTokens(kernel, feature.shape(), 1);
    }

    /** A thread an element of a batch row. */
    private void launchTokens(Kernel kernel, Shape tokens, int depth) {
        int grid = blocks(extent("N C", tokens.dim(1) * tokens.dim(2)), BLOCK);
        kernel.launch(queue.stream(), grid, extent("R", tokens.dim(0)), depth, BLOCK, 1, 1, 0);
    }
}
