package dev.clusca.backend.cpu;

import dev.clusca.backend.Activation;
import dev.clusca.bindings.dnnl.DnnlActivation;
import dev.clusca.bindings.dnnl.DnnlEngine;
import dev.clusca.bindings.dnnl.DnnlLayout;
import dev.clusca.bindings.dnnl.DnnlMatmul;
import dev.clusca.bindings.dnnl.DnnlType;
import dev.clusca.tensor.DType;
import java.util.HashMap;
import java.util.Map;

/**
 * oneDNN's matrix products, made once for each shape. Layers of equal extents and type share them, as they share the layout of their packed weights, which must not
 * depend on the number of rows. Used by the worker's thread alone.
 */
final class DnnlPrimitives implements AutoCloseable {
    /** The number of rows that weights are packed for; the layout serves every other number. */
    private static final int TYPICAL_ROWS = 256;

    private final DnnlEngine engine;
    private final Map<Weights, DnnlLayout> layouts = new HashMap<>();
    private final Map<LinearKey, DnnlMatmul> linear = new HashMap<>();
    private final Map<AttentionKey, AttentionProducts> attention = new HashMap<>();

    private record Weights(int inputs, int outputs, DType dtype) {}

    private record LinearKey(Weights weights, boolean bias, long rows, Activation activation, DType out) {}

    /** Part of a batch: {@code rows} batch rows, {@code heads} of {@code allHeads} heads, {@code queries} of {@code tokens} tokens. */
    record AttentionKey(DType dtype, long rows, int heads, int allHeads, long queries, long tokens, int headWidth) {}

    /**
     * The two products of attention, straight on packed QKV.
     *
     * @param scores {@code Q K^T}, float32 {@code [rows, heads, queries, tokens]}
     * @param sums {@code P V}
     */
    record AttentionProducts(DnnlMatmul scores, DnnlMatmul sums) {}

    DnnlPrimitives(DnnlEngine engine) {
        this.engine = engine;
    }

    /** The layout of packed weights. */
    DnnlLayout packed(int inputs, int outputs, DType dtype) {
        return layouts.computeIfAbsent(new Weights(inputs, outputs, dtype), w -> {
            try (DnnlLayout a = DnnlLayout.dense(type(dtype), TYPICAL_ROWS, inputs);
                    DnnlLayout weights = DnnlLayout.any(type(dtype), inputs, outputs);
                    DnnlLayout out = DnnlLayout.dense(type(dtype), TYPICAL_ROWS, outputs);
                    DnnlMatmul product = new DnnlMatmul(engine, a, weights, null, out, DnnlActivation.NONE)) {
                return product.weights().copy();
            }
        });
    }

    /** {@code out = activation(a W^T + bias)} for packed weights. */
    DnnlMatmul linear(CpuLinear layer, long rows, Activation activation, DType out) {
        LinearKey key = new LinearKey(
                new Weights(layer.inputs(), layer.outputs(), layer.dtype()), layer.hasBias(), rows, activation, out);
        return linear.computeIfAbsent(key, k -> {
            try (DnnlLayout a = DnnlLayout.dense(type(layer.dtype()), rows, layer.inputs());
                    DnnlLayout bias = DnnlLayout.dense(DnnlType.F32, 1, layer.outputs());
                    DnnlLayout target = DnnlLayout.dense(type(out), rows, layer.outputs())) {
                return new DnnlMatmul(
                        engine,
                        a,
                        packed(layer.inputs(), layer.outputs(), layer.dtype()),
                        layer.hasBias() ? bias : null,
                        target,
                        activation(activation));
            }
        });
    }

    AttentionProducts attention(AttentionKey key) {
        return attention.computeIfAbsent(key, this::makeAttention);
    }

    private AttentionProducts makeAttention(AttentionKey k) {
        DnnlType type = type(k.dtype);
        long width = (long) k.allHeads * k.headWidth;
        // An only token needs no stride; with that of a row, oneDNN mixes up rows and tokens.
        long[] token = {k.tokens * 3 * width, k.headWidth, k.tokens == 1 ? k.headWidth : 3 * width, 1};
        long[] transposed = {token[0], token[1], 1, token[2]};
        long[] result = {k.tokens * width, k.headWidth, k.tokens == 1 ? k.headWidth : width, 1};
        long[] queryExtents = {k.rows, k.heads, k.queries, k.headWidth};
        long[] keyExtents = {k.rows, k.heads, k.headWidth, k.tokens};
        long[] valueExtents = {k.rows, k.heads, k.tokens, k.headWidth};
        try (DnnlLayout query = DnnlLayout.strided(type, queryExtents, token);
                DnnlLayout key = DnnlLayout.strided(type, keyExtents, transposed);
                DnnlLayout scores = DnnlLayout.dense(DnnlType.F32, k.rows, k.heads, k.queries, k.tokens);
                DnnlLayout weights = DnnlLayout.dense(type, k.rows, k.heads, k.queries, k.tokens);
                DnnlLayout value = DnnlLayout.strided(type, valueExtents, token);
                DnnlLayout out = DnnlLayout.strided(type, queryExtents, result)) {
            return new AttentionProducts(
                    new DnnlMatmul(engine, query, key, null, scores, DnnlActivation.NONE),
                    new DnnlMatmul(engine, weights, value, null, out, DnnlActivation.NONE));
        }
    }

    static DnnlType type(DType dtype) {
        return switch (dtype) {
            case F32 -> DnnlType.F32;
            case BF16 -> DnnlType.BF16;
            case F16, F64, I32, I64 ->
                throw new IllegalArgumentException("a product multiplies F32 or BF16, not " + dtype);
        };
    }

    private static DnnlActivation activation(Activation activation) {
        return switch (activation) {
            case NONE -> DnnlActivation.NONE;
            case GELU_TANH -> DnnlActivation.GELU_TANH;
            case SILU -> DnnlActivation.SWISH;
        };
    }

    @Override
    public void close() {
        linear.values().forEach(DnnlMatmul::close);
        attention.values().forEach(products -> {
            products.scores().close();
            products.sums().close();
        });
        layouts.values().forEach(DnnlLayout::close);
        linear.clear();
        attention.clear();
        layouts.clear();
    }
}
