package dev.clusca.backend.cpu;

import dev.clusca.backend.Activation;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.bindings.cpu.FloatMemory;
import dev.clusca.bindings.dnnl.DnnlEngine;
import dev.clusca.bindings.dnnl.DnnlLayout;
import dev.clusca.bindings.dnnl.DnnlReorder;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;

/** oneDNN's products. Softmax between those of attention is ours. */
final class DnnlProducts implements MatrixProducts {
    /** Unrounded products wait to be rounded or added in pieces of this size, which stay in the cache. */
    private static final long PRODUCT_BYTES = 4L << 20;

    /** Attention works in pieces whose scores take this much. */
    private static final long SCORE_BYTES = 8L << 20;

    /** Convolutions work on pieces of the image whose patches take this much. */
    private static final long PATCH_BYTES = 4L << 20;

    private final DnnlEngine dnnl = new DnnlEngine();
    private final DnnlPrimitives primitives = new DnnlPrimitives(dnnl);
    private final CpuKernels kernels;
    private final Scratch scratch = new Scratch("scratch memory of products");
    private final Scratch weightScratch = new Scratch("scratch memory of attention");
    private final Scratch patchScratch = new Scratch("scratch memory of convolutions");
    private final Scratch sumScratch = new Scratch("scratch memory of sums");

    DnnlProducts(CpuKernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public long packedBytes(int inputs, int outputs, DType dtype) {
        return primitives.packed(inputs, outputs, dtype).bytes();
    }

    @Override
    public void pack(Tensor weight, DType dtype, Tensor packed) {
        int outputs = weight.shape().size(0);
        int inputs = weight.shape().size(1);
        try (DnnlLayout given = DnnlLayout.strided(
                DnnlPrimitives.type(weight.dtype()), new long[] {inputs, outputs}, new long[] {1, inputs})) {
            DnnlReorder.run(dnnl, given, weight.address(), primitives.packed(inputs, outputs, dtype), packed.address());
        }
    }

    @Override
    public void linear(CpuLinear layer, long rows, Activation activation, long a, DType outType, long out) {
        if (layer.dtype() == DType.BF16 || outType == DType.F32) {
            multiply(layer, rows, activation, a, outType, out);
            return;
        }
        // oneDNN has no fast product from F32 to BF16: the sums are rounded afterwards.
        long piece = Math.max(PRODUCT_BYTES / (layer.outputs() * 4L) / 64 * 64, 64);
        long product = scratch.address(Math.min(piece, rows) * layer.outputs() * 4);
        for (long first = 0; first < rows; first += piece) {
            long count = Math.min(piece, rows - first);
            multiply(layer, count, activation, a + first * layer.inputs() * 4, DType.F32, product);
            kernels.cast(
                    new FloatMemory(product, FloatMemory.F32),
                    new FloatMemory(out + first * layer.outputs() * 2, FloatMemory.BF16),
                    count * layer.outputs());
        }
    }

    @Override
    public void residual(Residual r) {
        CpuLinear layer = r.layer();
        long rows = r.batchRows() * r.tokens();
        long piece = Math.max(PRODUCT_BYTES / (layer.outputs() * 4L) / 64 * 64, 64);
        long product = sumScratch.address(Math.min(piece, rows) * layer.outputs() * 4);
        for (long first = 0; first < rows; first += piece) {
            long count = Math.min(piece, rows - first);
            long from = r.a() + first * layer.inputs() * layer.dtype().bytes();
            linear(layer, count, Activation.NONE, from, DType.F32, product);
            kernels.gateResidual(
                    product,
                    first,
                    count,
                    r.batchRows(),
                    r.tokens(),
                    layer.outputs(),
                    r.modulation(),
                    r.gate(),
                    r.feature(),
                    r.x());
        }
    }

    /** Scores of a piece of the batch at a time: whole rows if one fits, else whole heads, else some queries of one head. */
    @Override
    public void attention(Tensor qkv, int heads, Tensor out) {
        long rows = out.shape().dim(0);
        long tokens = out.shape().dim(1);
        int width = out.shape().size(2);
        int headWidth = width / heads;
        // oneDNN 3.13 multiplies batches wrongly when it sums over one element: a single token goes head by head.
        long headBytes = tokens == 1 ? SCORE_BYTES : tokens * tokens * 4;
        long rowPiece = Math.clamp(SCORE_BYTES / (headBytes * heads), 1, rows);
        int headPiece = (int) Math.clamp(SCORE_BYTES / headBytes, 1, heads);
        long queryPiece = headBytes <= SCORE_BYTES ? tokens : Math.clamp(SCORE_BYTES / (tokens * 4), 1, tokens);
        int bytes = qkv.dtype().bytes();
        for (long row = 0; row < rows; row += rowPiece) {
            for (int head = 0; head < heads; head += headPiece) {
                for (long query = 0; query < tokens; query += queryPiece) {
                    DnnlPrimitives.AttentionKey part = new DnnlPrimitives.AttentionKey(
                            qkv.dtype(),
                            Math.min(rowPiece, rows - row),
                            Math.min(headPiece, heads - head),
                            heads,
                            Math.min(queryPiece, tokens - query),
                            tokens,
                            headWidth);
                    long keys = qkv.address() + (row * tokens * 3 * width + width + (long) head * headWidth) * bytes;
                    long queries = keys + (query * 3 - 1) * width * bytes;
                    long target = out.address() + ((row * tokens + query) * width + (long) head * headWidth) * bytes;
                    attend(part, queries, keys, keys + (long) width * bytes, target);
                }
            }
        }
    }

    private void attend(DnnlPrimitives.AttentionKey part, long queries, long keys, long values, long target) {
        DnnlPrimitives.AttentionProducts products = primitives.attention(part);
        long lines = part.rows() * part.heads() * part.queries();
        long elements = lines * part.tokens();
        long scores = scratch.address(elements * 4);
        FloatMemory weights = part.dtype() == DType.F32
                ? new FloatMemory(scores, FloatMemory.F32)
                : new FloatMemory(weightScratch.address(elements * 2), FloatMemory.BF16);
        products.scores().run(queries, keys, 0, scores);
        kernels.softmax(scores, lines, part.tokens(), (float) (1 / Math.sqrt(part.headWidth())), weights);
        products.sums().run(weights.address(), values, 0, target);
    }

    /** As products of patches: oneDNN's convolution has nothing that its product over a piece of the image that stays in the cache lacks. */
    @Override
    public void convolve(Convolution c) {
        CpuLinear layer = c.layer();
        int inputBytes = layer.dtype().bytes();
        DType outType = c.out().type() == FloatMemory.F32 ? DType.F32 : DType.BF16;
        boolean adds = c.residual().address() != 0;
        long piece = Math.max(PATCH_BYTES / ((long) layer.inputs() * inputBytes) / 64 * 64, 64);
        long most = Math.min(piece, c.pixels());
        long patches = patchScratch.address(most * layer.inputs() * inputBytes);
        long sums = adds ? sumScratch.address(most * layer.outputs() * Float.BYTES) : 0;
        for (long first = 0; first < c.pixels(); first += piece) {
            long count = Math.min(piece, c.pixels() - first);
            kernels.unfold(c.x(), c.height(), c.width(), c.channels(), c.size(), c.doubled(), first, count, patches);
            FloatMemory out = at(c.out(), first * layer.outputs());
            if (adds) {
                linear(layer, count, Activation.NONE, patches, DType.F32, sums);
                kernels.addResidual(sums, at(c.residual(), first * layer.outputs()), out, count * layer.outputs());
            } else {
                linear(layer, count, Activation.NONE, patches, outType, out.address());
            }
        }
    }

    private static FloatMemory at(FloatMemory memory, long element) {
        return new FloatMemory(
                memory.address() + element * (memory.type() == FloatMemory.F32 ? Float.BYTES : Short.BYTES),
                memory.type());
    }

    private void multiply(CpuLinear layer, long rows, Activation activation, long a, DType outType, long out) {
        primitives
                .linear(layer, rows, activation, outType)
                .run(a, layer.weights().address(), MatrixProducts.address(layer.bias()), out);
    }

    @Override
    public void close() {
        scratch.close();
        weightScratch.close();
        patchScratch.close();
        sumScratch.close();
        primitives.close();
        dnnl.close();
    }
}
