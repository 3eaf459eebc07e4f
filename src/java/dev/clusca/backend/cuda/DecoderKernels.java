package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.Activation;
import dev.clusca.backend.OperationMissingException;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Launches {@code kernels/decoder.cu}: an autoencoder's convolutions and group norms, and attention with wide heads. */
final class DecoderKernels {
    /** The widest head, in channels. */
    static final int WIDEST_HEAD = 512;

    private static final String FAMILY = "decoder";

    /** A form of the convolution: pixels and outputs of a block. */
    private enum Form {
        LARGE("128x128", 128, 128, 65_536),
        SMALL("64x64", 64, 64, 65_536),
        /** Of colours. */
        NARROW("128x8", 128, 8, 34_816),
        /** In F32. */
        PLAIN("64x64", 64, 64, 0);

        private static final int BLOCK = 128;

        private final String label;
        private final int pixels;
        private final int outputs;
        private final int shared;

        Form(String label, int pixels, int outputs, int shared) {
            this.label = label;
            this.pixels = pixels;
            this.outputs = outputs;
            this.shared = shared;
        }

        int blocksFor(int m, int n) {
            return blocks((long) Math.ceilDiv(m, pixels) * Math.ceilDiv(n, outputs), 1);
        }

        /** Few outputs are narrow; of the other tiles the large ones are taken where they pay. */
        static Form of(DType dtype, int m, int n, int multiprocessors) {
            if (dtype == DType.F32) {
                return PLAIN;
            }
            if (n <= NARROW.outputs) {
                return NARROW;
            }
            return n > SMALL.outputs && ProductKernels.areEnough(LARGE.blocksFor(m, n), multiprocessors)
                    ? LARGE
                    : SMALL;
        }
    }

    /** Threads of a group norm's block, and pixels that a thread takes at a time. */
    private static final int NORM_BLOCK = 256;

    private static final int NORM_PIXELS = 4;
    private static final int VECTOR = 4;
    private static final int VECTOR_BYTES = 16;

    /** Channels of a head that a warp has. */
    private static final int SLICE = 64;

    private static final int WARP = 32;

    private final CudaQueue queue;
    private final Scratch scratch;
    private final Map<Form, Kernels.Typed> convolve = new EnumMap<>(Form.class);
    private final Kernels.Typed groupNormMoments;
    private final Kernels.Typed groupNorm;
    private final Kernels.Typed attention;

    DecoderKernels(CudaQueue queue, Kernels kernels, Scratch scratch) {
        this.queue = queue;
        this.scratch = scratch;
        for (Form form : Form.values()) {
            convolve.put(
                    form,
                    kernels.typed(
                            FAMILY,
                            "convolve_" + form.label,
                            "const A* x",
                            "const A* weight",
                            "const f32* bias",
                            "const any* residual",
                            "any* out",
                            "s32 M",
                            "s32 N",
                            "s32 h",
                            "s32 w",
                            "s32 C",
                            "s32 size",
                            "s32 doubled",
                            "s32 types"));
        }
        groupNormMoments = kernels.typed(
                FAMILY,
                "group_norm_moments",
                "const any* x",
                "f32* parts",
                "f32* norms",
                "u32* arrived",
                "s32 pixels",
                "s32 C",
                "s32 groups",
                "s32 vectors",
                "s32 types",
                "f32 epsilon");
        groupNorm = kernels.typed(
                FAMILY,
                "group_norm",
                "const any* x",
                "any* out",
                "const f32* norms",
                "const f32* weight",
                "const f32* bias",
                "s32 pixels",
                "s32 C",
                "s32 groups",
                "s32 vectors",
                "s32 activation",
                "s32 types");
        attention = kernels.typed(
                FAMILY, "attention_wide", "const A* qkv", "A* out", "s32 N", "s32 C", "s32 d", "f32 scale");
    }

    void convolve(Tensor x, CudaLinear layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        if (layer.layout() != WeightLayout.PACKED) {
            throw new OperationMissingException("convolve: a layer has its weights " + layer.layout()
                    + ", as a library multiplies them, and the CUDA kernels take them " + WeightLayout.PACKED
                    + "; decode with clusca's own products: cuda:own, or cuda without -Dclusca.cuda.gemm");
        }
        Shape shape = x.shape();
        int channels = extent("C", shape.dim(3));
        int n = layer.outputs();
        int m = extent("the number of pixels B h w", out.shape().elements() / n);
        Form form = Form.of(layer.dtype(), m, n, queue.context().multiprocessors());
        Kernel kernel = Objects.requireNonNull(convolve.get(form)).of(layer.dtype());
        kernel.arguments()
                .tensor(x)
                .tensor(layer.weight(WeightLayout.PACKED))
                .pointer(layer.biasAddress())
                .optional(residual)
                .pointer(out.address())
                .int32(m)
                .int32(n)
                .int32(extent("h", shape.dim(1)))
                .int32(extent("w", shape.dim(2)))
                .int32(channels)
                .int32(layer.inputs() == channels ? 1 : 3)
                .int32(doubled ? 1 : 0)
                .int32(Narrow.X.of(residual) | Narrow.OUT.of(out));
        kernel.launch(queue.stream(), form.blocksFor(m, n), 1, 1, Form.BLOCK, 1, 1, form.shared);
    }

    void groupNorm(Tensor x, int groups, Tensor weight, Tensor bias, float epsilon, Activation activation, Tensor out) {
        Shape shape = x.shape();
        int images = extent("B", shape.dim(0));
        int pixels = extent("h w", shape.dim(1) * shape.dim(2));
        int channels = extent("C", shape.dim(3));
        boolean vectors =
                channels / groups % VECTOR == 0 && aligned(x) && aligned(weight) && aligned(bias) && aligned(out);
        int types = Narrow.X.of(x) | Narrow.OUT.of(out);
        int columns = channels / groups / (vectors ? VECTOR : 1);
        int held = Math.min(groups, Math.max(1, NORM_BLOCK / columns));
        int lanes = NORM_BLOCK / Math.min(NORM_BLOCK, held * columns);
        int parts = Math.ceilDiv(groups, held);
        int chunks = chunks(pixels, lanes, (long) parts * images);
        long norms = (long) images * groups;
        Tensor floats = scratch.floats("groupNorm", norms * 2 + norms * chunks * 3);
        Kernel first = groupNormMoments.of();
        first.arguments()
                .pointer(x.address())
                .pointer(floats.address() + norms * 2 * Float.BYTES)
                .pointer(floats.address())
                .pointer(scratch.flags("groupNorm", (long) parts * images).address())
                .int32(pixels)
                .int32(channels)
                .int32(groups)
                .int32(vectors ? 1 : 0)
                .int32(types)
                .float32(epsilon);
        first.launch(queue.stream(), chunks, parts, images, NORM_BLOCK, 1, 1, 0);

        int across = channels / (vectors ? VECTOR : 1);
        int slabs = blocks(across, NORM_BLOCK);
        int rows = NORM_BLOCK / Math.min(NORM_BLOCK, across);
        Kernel second = groupNorm.of();
        second.arguments()
                .pointer(x.address())
                .pointer(out.address())
                .pointer(floats.address())
                .tensor(weight)
                .tensor(bias)
                .int32(pixels)
                .int32(channels)
                .int32(groups)
                .int32(vectors ? 1 : 0)
                .int32(activation.ordinal())
                .int32(types);
        second.launch(queue.stream(), chunks(pixels, rows, (long) slabs * images), slabs, images, NORM_BLOCK, 1, 1, 0);
    }

    /** Blocks for the pixels of an image: as many as keep a GPU busy together with the others, where each thread has its pixels. */
    private static int chunks(int pixels, int lanes, long others) {
        return (int) Math.min(blocks(pixels, (long) lanes * NORM_PIXELS), Math.ceilDiv(Grids.BUSY, others));
    }

    private static boolean aligned(Tensor tensor) {
        return tensor.address() % VECTOR_BYTES == 0;
    }

    /** Heads of more channels than {@code attention.cu} takes, up to {@link #WIDEST_HEAD}. */
    void attention(Tensor qkv, int heads, Tensor out) {
        Shape shape = out.shape();
        int rows = extent("R", shape.dim(0));
        int tokens = extent("N", shape.dim(1));
        int width = extent("C", shape.dim(2));
        int d = width / heads;
        boolean bf16 = qkv.dtype() == DType.BF16;
        int warps = Math.ceilDiv(d, SLICE);
        Kernel kernel = attention.of(qkv.dtype());
        kernel.arguments()
                .tensor(qkv)
                .tensor(out)
                .int32(tokens)
                .int32(width)
                .int32(d)
                .float32((float) (1 / Math.sqrt(d)));
        Wide wide = bf16 ? Wide.BF16 : Wide.F32;
        kernel.launch(
                queue.stream(), blocks(tokens, wide.queries), heads, rows, warps * WARP, 1, 1, wide.sharedOf(warps));
    }

    /** What a block of wide attention has: queries, and bytes of shared memory for each warp and for all. */
    private enum Wide {
        BF16(32, 12_288, 2_944),
        F32(16, 9_728, 1_472);

        private final int queries;
        private final int ofAWarp;
        private final int ofAll;

        Wide(int queries, int ofAWarp, int ofAll) {
            this.queries = queries;
            this.ofAWarp = ofAWarp;
            this.ofAll = ofAll;
        }

        int sharedOf(int warps) {
            return warps * ofAWarp + ofAll;
        }
    }
}
