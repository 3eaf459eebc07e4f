package dev.clusca.bindings.dnnl;

import static java.lang.foreign.ValueLayout.ADDRESS;

import dev.clusca.bindings.onednn.OneDnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** {@code target = activation(source weights + bias)}, batched over leading extents, for one set of layouts. */
public final class DnnlMatmul implements AutoCloseable {
    private static final int LONGEST_NAME = 256;

    private final DnnlPrimitive primitive;
    private final DnnlLayout weights;
    private final String implementation;
    private final boolean hasBias;

    /** The layouts are not kept; any but the bias may be {@link DnnlLayout#any}. */
    public DnnlMatmul(
            DnnlEngine engine,
            DnnlLayout source,
            DnnlLayout weights,
            @Nullable DnnlLayout bias,
            DnnlLayout target,
            DnnlActivation activation) {
        String purpose = "a matrix product with " + activation;
        this.hasBias = bias != null;
        MemorySegment attributes = attributes(activation, purpose);
        MemorySegment description = DnnlEngine.created(
                "dnnl_matmul_primitive_desc_create",
                purpose,
                out -> OneDnn.dnnl_matmul_primitive_desc_create(
                        out,
                        engine.handle(),
                        source.descriptor(),
                        weights.descriptor(),
                        bias == null ? MemorySegment.NULL : bias.descriptor(),
                        target.descriptor(),
                        attributes));
        try {
            implementation = implementation(description);
            this.weights = DnnlLayout.copyOf(
                    OneDnn.dnnl_primitive_desc_query_md(description, OneDnn.dnnl_query_weights_md(), 0));
            int sourceArgument = OneDnn.DNNL_ARG_SRC_0();
            int weightsArgument = OneDnn.DNNL_ARG_WEIGHTS_0();
            int targetArgument = OneDnn.DNNL_ARG_DST_0();
            primitive = bias == null
                    ? new DnnlPrimitive(
                            engine,
                            purpose,
                            description,
                            new int[] {sourceArgument, weightsArgument, targetArgument},
                            new DnnlLayout[] {source, this.weights, target})
                    : new DnnlPrimitive(
                            engine,
                            purpose,
                            description,
                            new int[] {sourceArgument, weightsArgument, targetArgument, OneDnn.DNNL_ARG_BIAS()},
                            new DnnlLayout[] {source, this.weights, target, bias});
        } finally {
            OneDnn.dnnl_primitive_desc_destroy(description);
            OneDnn.dnnl_primitive_attr_destroy(attributes);
        }
    }

    /** The layout in which it takes its weights. */
    public DnnlLayout weights() {
        return weights;
    }

    /** oneDNN's name of the code that runs: {@code brg_matmul:avx512_core_bf16}, or {@code ref:any} for plain loops. */
    public String implementation() {
        return implementation;
    }

    /** Runs on memory at these addresses and returns when done; {@code bias} counts only if there is one. */
    public void run(long source, long weightsAddress, long bias, long target) {
        if (hasBias) {
            primitive.run(source, weightsAddress, target, bias);
        } else {
            primitive.run(source, weightsAddress, target);
        }
    }

    @Override
    public void close() {
        primitive.close();
        weights.close();
    }

    private static MemorySegment attributes(DnnlActivation activation, String purpose) {
        MemorySegment attributes =
                DnnlEngine.created("dnnl_primitive_attr_create", purpose, OneDnn::dnnl_primitive_attr_create);
        if (activation != DnnlActivation.NONE) {
            MemorySegment operations =
                    DnnlEngine.created("dnnl_post_ops_create", purpose, OneDnn::dnnl_post_ops_create);
            int algorithm = activation == DnnlActivation.GELU_TANH
                    ? OneDnn.dnnl_eltwise_gelu_tanh()
                    : OneDnn.dnnl_eltwise_swish();
            DnnlException.check(
                    OneDnn.dnnl_post_ops_append_eltwise(operations, algorithm, 1, 0),
                    "dnnl_post_ops_append_eltwise",
                    purpose);
            DnnlException.check(
                    OneDnn.dnnl_primitive_attr_set_post_ops(attributes, operations),
                    "dnnl_primitive_attr_set_post_ops",
                    purpose);
            OneDnn.dnnl_post_ops_destroy(operations);
        }
        return attributes;
    }

    private static String implementation(MemorySegment description) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            DnnlException.check(
                    OneDnn.dnnl_primitive_desc_query(description, OneDnn.dnnl_query_impl_info_str(), 0, out),
                    "dnnl_primitive_desc_query",
                    "the implementation's name");
            return out.get(ADDRESS, 0).reinterpret(LONGEST_NAME).getString(0);
        }
    }
}
