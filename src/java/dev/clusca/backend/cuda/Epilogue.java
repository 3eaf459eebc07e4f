package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.Activation;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.PrefixState;
import dev.clusca.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What follows a product, as {@code kernels/inc/epilogue.cuh} does it: in the same kernel, or in one of its own after a library's. */
sealed interface Epilogue {
    /** The kinds, with the parameters that their kernels have beside those of the product. */
    enum Kind {
        ACTIVATE(
                "gemm_",
                "epilogue_activate",
                List.of("const f32* bias", "any* out"),
                List.of("s32 activation", "s32 types")),
        RESIDUAL(
                "gemm_residual_",
                "epilogue_residual",
                List.of(
                        "const f32* bias",
                        "const any* table",
                        "const s32* conditions",
                        "const f32* steps",
                        "const s32* cursor",
                        "any* feature",
                        "any* x",
                        "any* ladder",
                        "const f32* propagated",
                        "const s32* labels",
                        "const f32* retained"),
                List.of(
                        "s32 tokens",
                        "s32 count",
                        "s32 chunks",
                        "s32 gateChunk",
                        "s32 planes",
                        "s32 clusters",
                        "s32 types")),
        REFRESH(
                "gemm_refresh_",
                "epilogue_refresh",
                List.of(
                        "const f32* bias",
                        "const s32* representatives",
                        "const any* table",
                        "const s32* conditions",
                        "const s32* cursor",
                        "const f32* retained",
                        "any* base",
                        "f32* propagated",
                        "f32* spread",
                        "f32* rows"),
                List.of(
                        "s32 layer",
                        "s32 tokens",
                        "s32 clusters",
                        "s32 count",
                        "s32 chunks",
                        "s32 gateChunk",
                        "s32 types",
                        "f32 ratio"));

        private final String fused;
        private final String alone;
        private final List<String> pointers;
        private final List<String> scalars;

        Kind(String fused, String alone, List<String> pointers, List<String> scalars) {
            this.fused = fused;
            this.alone = alone;
            this.pointers = pointers;
            this.scalars = scalars;
        }

        /** How the names of the kernels begin that multiply as well. */
        String fused() {
            return fused;
        }

        /** The kernel that takes sums from memory. */
        String alone() {
            return alone;
        }

        /** Those after the product's operands. */
        List<String> pointers() {
            return pointers;
        }

        /** Those after the product's extents. */
        List<String> scalars() {
            return scalars;
        }
    }

    Kind kind();

    /** The operation, for messages and scratch memory. */
    String operation();

    /** Sets {@link Kind#pointers}. */
    void pointers(KernelArguments arguments, CudaLinear layer);

    /** Sets {@link Kind#scalars}. */
    void scalars(KernelArguments arguments);

    /** {@code out = activation(sums + bias)}. */
    record Activate(Activation activation, Tensor out) implements Epilogue {
        @Override
        public Kind kind() {
            return Kind.ACTIVATE;
        }

        @Override
        public String operation() {
            return "gemm";
        }

        @Override
        public void pointers(KernelArguments arguments, CudaLinear layer) {
            arguments.pointer(layer.biasAddress()).pointer(out.address());
        }

        @Override
        public void scalars(KernelArguments arguments) {
            arguments.int32(activation.ordinal()).int32(Narrow.OUT.of(out));
        }
    }

    /**
     * {@code F = sums + bias; feature = F; x += gate F}, and the module's ladder takes F in.
     *
     * @param feature where F goes, or null
     * @param ladder the module's, or null
     * @param state where order 0 of the ladder is kept implicitly, or null
     * @param layer whose labels and propagated rows of the state these are
     */
    record Residual(
            String operation,
            Modulation modulation,
            int gate,
            @Nullable Tensor feature,
            Tensor x,
            @Nullable Tensor ladder,
            @Nullable PrefixState state,
            int layer)
            implements Epilogue {
        @Override
        public Kind kind() {
            return Kind.RESIDUAL;
        }

        @Override
        public void pointers(KernelArguments arguments, CudaLinear linear) {
            arguments
                    .pointer(linear.biasAddress())
                    .pointer(modulation.table().address())
                    .tensor(modulation.conditions())
                    .tensor(modulation.steps().rows())
                    .tensor(modulation.steps().cursor())
                    .optional(feature)
                    .pointer(x.address())
                    .optional(ladder)
                    .pointer(state == null ? 0 : state.propagated().slice(layer).address())
                    .pointer(state == null ? 0 : state.labels().address())
                    .pointer(state == null ? 0 : state.retained().address());
        }

        @Override
        public void scalars(KernelArguments arguments) {
            Tensor table = modulation.table();
            arguments
                    .int32(extent("N", x.shape().dim(1)))
                    .int32(table.shape().size(1))
                    .int32(table.shape().size(2))
                    .int32(gate)
                    .int32(ladder == null ? 0 : ladder.shape().size(0))
                    .int32(state == null ? 0 : state.rows().shape().size(2))
                    .int32(Narrow.TABLE.of(table)
                            | Narrow.FEATURE.of(feature)
                            | Narrow.X.of(x)
                            | Narrow.LADDER.of(ladder));
        }
    }

    /** {@code F = sums + bias}, of representatives: what {@link dev.clusca.backend.Ops#prefixRefresh} makes of it. */
    record Refresh(CachedLayers layers, PrefixState state, int layer) implements Epilogue {
        @Override
        public Kind kind() {
            return Kind.REFRESH;
        }

        @Override
        public String operation() {
            return "gemmRefresh";
        }

        @Override
        public void pointers(KernelArguments arguments, CudaLinear linear) {
            arguments
                    .pointer(linear.biasAddress())
                    .tensor(state.representatives())
                    .pointer(table().address())
                    .tensor(layers.conditions())
                    .tensor(layers.steps().cursor())
                    .tensor(state.retained())
                    .pointer(base().address())
                    .tensor(state.propagated())
                    .tensor(state.spread())
                    .tensor(state.rows());
        }

        @Override
        public void scalars(KernelArguments arguments) {
            Tensor table = table();
            Tensor base = base();
            arguments
                    .int32(layer)
                    .int32(extent("N", base.shape().dim(1)))
                    .int32(state.rows().shape().size(2))
                    .int32(table.shape().size(1))
                    .int32(table.shape().size(2))
                    .int32(layers.mlpGate())
                    .int32(Narrow.TABLE.of(table) | Narrow.LADDER.of(base))
                    .float32(state.ratio());
        }

        private Tensor table() {
            return layers.table().slice(layer);
        }

        private Tensor base() {
            return layers.mlp().slice(layer).slice(0);
        }
    }
}
