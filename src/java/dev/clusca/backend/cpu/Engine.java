package dev.clusca.backend.cpu;

import dev.clusca.backend.Activation;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.bindings.cpu.FloatMemory;
import dev.clusca.bindings.cpu.ModulationMemory;
import dev.clusca.bindings.dnnl.DnnlEngine;
import dev.clusca.bindings.dnnl.DnnlLayout;
import dev.clusca.bindings.dnnl.DnnlReorder;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** What the worker's thread computes with: the kernels, oneDNN, and scratch memory. Made, used and closed by that thread. */
final class Engine implements AutoCloseable {
    /** Unrounded products wait for their epilogue in pieces of this size, which stay in the cache. */
    private static final long PRODUCT_BYTES = 4L << 20;

    /** Attention works in pieces whose scores take this much. */
    private static final long SCORE_BYTES = 8L << 20;

    private final Arena arena = Arena.ofShared();
    private final DnnlEngine dnnl;
    private final Products products;
    private final CpuKernels kernels;
    private final Scratch scratch = new Scratch("scratch memory");
    private final Scratch weightScratch = new Scratch("scratch memory of attention");

    Engine(int threads) {
        CpuKernels.setThreads(threads);
        dnnl = new DnnlEngine();
        products = new Products(dnnl);
        kernels = new CpuKernels(arena);
    }

    CpuKernels kernels() {
        return kernels;
    }

    /** The address of scratch memory; it holds until the next operation asks. */
    long scratch(long bytes) {
        return scratch.address(bytes);
    }

    /** Bytes of a layer's packed weights. */
    long packedBytes(int inputs, int outputs, DType dtype) {
        return products.packed(inputs, outputs, dtype).bytes();
    }

    /** Packs weights {@code [outputs, inputs]}, and converts a bias to float32 if there is one. */
    void pack(Tensor weight, DType dtype, Tensor packed, @Nullable Tensor bias, @Nullable Tensor bias32) {
        int outputs = weight.shape().size(0);
        int inputs = weight.shape().size(1);
        try (DnnlLayout given = DnnlLayout.strided(
                Products.type(weight.dtype()), new long[] {inputs, outputs}, new long[] {1, inputs})) {
            DnnlReorder.run(dnnl, given, weight.address(), products.packed(inputs, outputs, dtype), packed.address());
        }
        if (bias != null && bias32 != null) {
            kernels.cast(floats(bias), floats(bias32), outputs);
        }
    }

    void gemm(Tensor a, CpuLinear layer, Activation activation, Tensor out) {
        long rows = out.shape().elements() / layer.outputs();
        if (layer.dtype() == DType.BF16 || out.dtype() == DType.F32) {
            multiply(layer, rows, activation, a.address(), out.dtype(), out.address());
            return;
        }
        // oneDNN has no fast product from F32 to BF16: the sums are rounded afterwards.
        long piece = productRows(layer);
        long product = scratch(Math.min(piece, rows) * layer.outputs() * 4);
        for (long first = 0; first < rows; first += piece) {
            long count = Math.min(piece, rows - first);
            multiply(layer, count, activation, a.address() + first * layer.inputs() * 4, DType.F32, product);
            kernels.cast(
                    new FloatMemory(product, FloatMemory.F32),
                    new FloatMemory(out.address() + first * layer.outputs() * 2, FloatMemory.BF16),
                    count * layer.outputs());
        }
    }

    void gemmResidual(
            Tensor a, CpuLinear layer, ModulationMemory modulation, int gate, @Nullable Tensor feature, Tensor x) {
        long batchRows = x.shape().dim(0);
        long tokens = x.shape().dim(1);
        long rows = batchRows * tokens;
        long piece = productRows(layer);
        long product = scratch(Math.min(piece, rows) * layer.outputs() * 4);
        for (long first = 0; first < rows; first += piece) {
            long count = Math.min(piece, rows - first);
            long from = a.address() + first * layer.inputs() * layer.dtype().bytes();
            multiply(layer, count, Activation.NONE, from, DType.F32, product);
            kernels.gateResidual(
                    product,
                    first,
                    count,
                    batchRows,
                    tokens,
                    layer.outputs(),
                    modulation,
                    gate,
                    feature == null ? FloatMemory.NONE : floats(feature),
                    floats(x));
        }
    }

    /** Scores of a piece of the batch at a time: whole rows if one fits, else whole heads, else some queries of one head. */
    void attention(Tensor qkv, int heads, Tensor out) {
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
                    Products.AttentionKey part = new Products.AttentionKey(
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

    private void attend(Products.AttentionKey part, long queries, long keys, long values, long target) {
        Products.AttentionProducts products = this.products.attention(part);
        long lines = part.rows() * part.heads() * part.queries();
        long elements = lines * part.tokens();
        long scores = scratch(elements * 4);
        FloatMemory weights = part.dtype() == DType.F32
                ? new FloatMemory(scores, FloatMemory.F32)
                : new FloatMemory(weightScratch.address(elements * 2), FloatMemory.BF16);
        products.scores().run(queries, keys, 0, scores);
        kernels.softmax(scores, lines, part.tokens(), (float) (1 / Math.sqrt(part.headWidth())), weights);
        products.sums().run(weights.address(), values, 0, target);
    }

    private void multiply(CpuLinear layer, long rows, Activation activation, long a, DType outType, long out) {
        products.linear(layer, rows, activation, outType).run(a, layer.weights().address(), address(layer.bias()), out);
    }

    /** Rows of a product that wait in scratch memory at a time. */
    private static long productRows(CpuLinear layer) {
        return Math.max(PRODUCT_BYTES / (layer.outputs() * 4L) / 64 * 64, 64);
    }

    /** 0 for none. */
    static long address(@Nullable Tensor tensor) {
        return tensor == null ? 0 : tensor.address();
    }

    static FloatMemory floats(Tensor tensor) {
        return new FloatMemory(tensor.address(), tensor.dtype() == DType.F32 ? FloatMemory.F32 : FloatMemory.BF16);
    }

    @Override
    public void close() {
        scratch.close();
        weightScratch.close();
        products.close();
        dnnl.close();
        arena.close();
    }
}
