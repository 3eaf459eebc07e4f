package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Linear;
import dev.clusca.backend.MlpChain;
import dev.clusca.backend.PrefixState;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.stream.Stream;

/** Launches {@code kernels/chain.cu}: all layers of a cached ClusCa step on the representatives' rows, in one kernel. */
final class ChainKernels {
    static final String FAMILY = "chain";

    private static final int BLOCK = 256;
    private static final int MOST_ROWS = 64;
    private static final int MOST_LAYERS = 64;
    private static final int POINTERS = 4;
    /** Channels of a line of k. */
    private static final int LINE = 32;
    /** Columns of a tile, which extents are multiples of. */
    private static final int TILE = 8;

    private static final int ALIGNMENT = 16;
    /** Words that blocks count themselves with. */
    private static final int FLAGS = 2;

    /** Rows of products, of which a panel has one, two or four times as many. */
    private static final int BAND = 16;
    /** Bytes of a row's sums of all warps, which meet in the panel. */
    private static final int MEETING = 1280;
    /** Bytes of a step's weights: 5 tiles, 8 warps. */
    private static final int STEP = 20_480;

    /** What the kernel keeps beside panel and weights (64 bytes), and a little more. */
    private static final int OWN_SHARED = 512;

    private static final int LEAST_STEPS = 2;
    private static final int MOST_STEPS = 7;

    private final CudaQueue queue;
    private final Scratch scratch;
    private final Kernels.Typed kernels;
    private final long[] pointers = new long[POINTERS * MOST_LAYERS];
    private int asked;
    private int resident;

    ChainKernels(CudaQueue queue, Kernels kernels, Scratch scratch) {
        this.queue = queue;
        this.scratch = scratch;
        this.kernels = kernels.typed(
                FAMILY,
                "chain",
                "u64[256] mlps",
                "const s32* representatives",
                "const any* table",
                "const s32* conditions",
                "const s32* cursor",
                "const f32* retained",
                "any* base",
                "f32* propagated",
                "f32* spread",
                "f32* rows",
                "A* normed",
                "A* hidden",
                "f32* parts",
                "u32* flags",
                "s64 stride",
                "s64 tableStride",
                "s32 L",
                "s32 M",
                "s32 tokens",
                "s32 K",
                "s32 C",
                "s32 H",
                "s32 count",
                "s32 chunks",
                "s32 shiftChunk",
                "s32 scaleChunk",
                "s32 gateChunk",
                "s32 depth",
                "s32 types",
                "f32 ratio",
                "f32 epsilon");
    }

    /** What a launch hangs on. */
    private record Extents(int layers, int rows, int width, int hidden) {
        static Extents of(MlpChain chain, PrefixState state) {
            Shape few = state.spread().shape();
            return new Extents(
                    chain.layers(),
                    Math.toIntExact(Math.min(Integer.MAX_VALUE, few.dim(0) * few.dim(1))),
                    few.size(2),
                    chain.fc1().getFirst().outputs());
        }

        boolean fit() {
            return layers <= MOST_LAYERS && rows <= MOST_ROWS && width % TILE == 0 && hidden % TILE == 0;
        }

        /** Lines of k of the first product. */
        int narrow() {
            return Math.ceilDiv(width, LINE);
        }

        /** And of the second. */
        int wide() {
            return Math.ceilDiv(hidden, LINE);
        }

        /** Of k of the second product, each as long as the first product's. */
        int parts() {
            return Math.ceilDiv(wide(), narrow());
        }

        /** Floats of normalised rows, hidden features and parts of the second product. */
        long working() {
            return rows * (lines(narrow() + wide()) / DType.F32.bytes() + (long) parts() * width);
        }

        /** Bytes of a row of so many lines. */
        static long lines(int count) {
            return (long) count * LINE * DType.BF16.bytes();
        }

        /** Bytes of a left operand in shared memory, where the warps' sums meet afterwards. */
        long panel() {
            int height = rows <= BAND ? BAND : rows <= 2 * BAND ? 2 * BAND : MOST_ROWS;
            return Math.max(lines(narrow()), MEETING) * height;
        }

        /** Steps that fit beside the panel. */
        int steps(int shared) {
            return (int) Math.min(MOST_STEPS, Math.floorDiv(shared - panel(), STEP));
        }

        /** Blocks beyond the tiles of the larger product, and the rows, would only wait. */
        int blocks() {
            return Math.max(Math.max(hidden, width * parts()) / TILE, rows);
        }
    }

    /** Whether there is a kernel for these on this device. */
    boolean takes(MlpChain chain, CachedLayers layers, PrefixState state) {
        Extents e = Extents.of(chain, state);
        return chain.fc1().getFirst().dtype() == DType.BF16
                && e.fit()
                && Stream.of(layers.mlp(), layers.table(), state.rows(), state.propagated(), state.spread())
                        .allMatch(ChainKernels::isAligned)
                && e.steps(sharedMemory()) >= LEAST_STEPS
                && Math.min(queue.context().multiprocessors(), e.blocks()) >= e.parts();
    }

    private static boolean isAligned(Tensor tensor) {
        return tensor.address() % ALIGNMENT == 0;
    }

    /** What a block can have beside the kernel's own. */
    private int sharedMemory() {
        return queue.context().sharedMemoryPerBlock() - OWN_SHARED;
    }

    void chain(MlpChain chain, CachedLayers layers, PrefixState state) {
        Extents e = Extents.of(chain, state);
        Shape ladders = layers.mlp().shape();
        Shape table = layers.table().shape();
        int depth = e.steps(sharedMemory());
        int shared = Math.toIntExact(e.panel() + (long) depth * STEP);
        Tensor working = scratch.floats("prefixChain", e.working());
        long normed = working.address();
        long hidden = normed + e.rows() * Extents.lines(e.narrow());
        long parts = hidden + e.rows() * Extents.lines(e.wide());
        Tensor flags = scratch.flags("prefixChain", FLAGS);
        Kernel kernel = kernels.of(DType.BF16);
        kernel.arguments()
                .words(pointers(chain))
                .tensor(state.representatives())
                .optional(layers.table())
                .tensor(layers.conditions())
                .tensor(layers.steps().cursor())
                .tensor(state.retained())
                .optional(layers.mlp())
                .tensor(state.propagated())
                .tensor(state.spread())
                .tensor(state.rows())
                .pointer(normed)
                .pointer(hidden)
                .pointer(parts)
                .pointer(flags.address())
                .int64(ladders.inner().elements())
                .int64(table.inner().elements())
                .int32(e.layers())
                .int32(e.rows())
                .int32(extent("N", ladders.dim(3)))
                .int32(state.spread().shape().size(1))
                .int32(e.width())
                .int32(e.hidden())
                .int32(table.size(2))
                .int32(table.size(3))
                .int32(chain.shift())
                .int32(chain.scale())
                .int32(layers.mlpGate())
                .int32(depth)
                .int32(Narrow.TABLE.of(layers.table()) | Narrow.LADDER.of(layers.mlp()))
                .float32(state.ratio())
                .float32(chain.epsilon());
        int grid = Math.min(residentBlocks(kernel, shared), e.blocks());
        if (grid < e.parts()) {
            throw new IllegalStateException("prefixChain: " + grid + " blocks of " + kernel
                    + " are resident at once; expected at least " + e.parts()
                    + ", one on each multiprocessor; use --backend cuda, which needs none of them");
        }
        kernel.launchCooperative(queue.stream(), grid, 1, 1, BLOCK, 1, 1, shared);
    }

    /** The grid waits for itself, so all of it must be on the device at once. */
    private int residentBlocks(Kernel kernel, int shared) {
        if (asked != shared) {
            // What is allowed is never lowered: a graph may have been captured with more.
            resident = kernel.allowSharedMemory(sharedMemory()).residentBlocks(BLOCK, shared);
            asked = shared;
        }
        return resident;
    }

    /** Packed weights and biases of the layers, as the kernel's struct has them. */
    private long[] pointers(MlpChain chain) {
        for (int layer = 0; layer < chain.layers(); layer++) {
            put(POINTERS * layer, chain.fc1().get(layer));
            put(POINTERS * layer + 2, chain.fc2().get(layer));
        }
        return pointers;
    }

    private void put(int at, Linear linear) {
        CudaLinear layer = (CudaLinear) linear;
        pointers[at] = layer.weight(WeightLayout.PACKED).address();
        pointers[at + 1] = layer.biasAddress();
    }
}
