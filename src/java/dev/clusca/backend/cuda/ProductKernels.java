package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.Activation;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.PrefixState;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Launches {@code kernels/gemm.cu}: linear layers, with what follows them in the same kernel. */
final class ProductKernels {
    /** A form of the product: what a block computes. */
    private enum Form {
        LARGE("128x144", 128, 144, 128, 69_632),
        SMALL("64x72", 64, 72, 128, 69_632),
        /** k is shared out within a block, and between blocks where there are too few. */
        ROWS("rows", 64, 32, 256, 0),
        PLAIN("64x64", 64, 64, 128, 0);

        private final String label;
        private final int rows;
        private final int columns;
        private final int block;
        private final int shared;

        Form(String label, int rows, int columns, int block, int shared) {
            this.label = label;
            this.rows = rows;
            this.columns = columns;
            this.block = block;
            this.shared = shared;
        }

        int blocksFor(int m, int n) {
            return blocks((long) Math.ceilDiv(m, rows) * Math.ceilDiv(n, columns), 1);
        }
    }

    /** Lines of k that a block of the few-rows form takes at a time. */
    private static final int LINES_A_TURN = 8;

    private static final int VECTOR_BYTES = 16;
    private static final int VECTOR_ELEMENTS = 8;

    private final CudaQueue queue;
    private final Scratch scratch;
    private final Kernels.Typed[] plain;
    private final Kernels.Typed[] residual;
    private final Kernels.Typed[] refresh;

    ProductKernels(CudaQueue queue, Kernels kernels, Scratch scratch) {
        this.queue = queue;
        this.scratch = scratch;
        plain = typed(
                kernels,
                "gemm_",
                List.of("const A* a", "const A* weight", "const f32* bias", "any* out"),
                List.of("s32 M", "s32 N", "s32 K", "s32 activation", "s32 types"));
        residual = typed(
                kernels,
                "gemm_residual_",
                List.of(
                        "const A* a",
                        "const A* weight",
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
                        "s32 M",
                        "s32 N",
                        "s32 K",
                        "s32 tokens",
                        "s32 count",
                        "s32 chunks",
                        "s32 gateChunk",
                        "s32 planes",
                        "s32 clusters",
                        "s32 types"));
        refresh = typed(
                kernels,
                "gemm_refresh_",
                List.of(
                        "const A* a",
                        "const A* weight",
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
                        "s32 M",
                        "s32 N",
                        "s32 K",
                        "s32 layer",
                        "s32 tokens",
                        "s32 clusters",
                        "s32 count",
                        "s32 chunks",
                        "s32 gateChunk",
                        "s32 types",
                        "f32 ratio"));
    }

    private static Kernels.Typed[] typed(Kernels kernels, String prefix, List<String> pointers, List<String> scalars) {
        return Stream.of(Form.values())
                .map(form -> {
                    List<String> between =
                            form == Form.ROWS ? List.of("f32* parts", "u32* arrived") : List.<String>of();
                    return kernels.typed(
                            "gemm",
                            prefix + form.label,
                            Stream.of(pointers, between, scalars)
                                    .flatMap(List::stream)
                                    .toArray(String[]::new));
                })
                .toArray(Kernels.Typed[]::new);
    }

    void gemm(Tensor a, CudaLinear layer, Activation activation, Tensor out) {
        Launch launch = new Launch("gemm", a, layer);
        Kernel kernel = launch.kernel(plain);
        KernelArguments arguments = kernel.arguments()
                .tensor(a)
                .tensor(layer.weight())
                .pointer(layer.biasAddress())
                .pointer(out.address());
        launch.begin(arguments).int32(activation.ordinal()).int32(Narrow.OUT.of(out));
        launch.start(kernel);
    }

    void gemmResidual(Tensor a, CudaLinear layer, Modulation modulation, int gate, @Nullable Tensor feature, Tensor x) {
        residual("gemmResidual", a, layer, modulation, gate, feature, x, null, null, 0);
    }

    void gemmLadder(Tensor a, CudaLinear layer, Modulation modulation, int gate, Tensor ladder, Tensor x) {
        residual("gemmLadder", a, layer, modulation, gate, null, x, ladder, null, 0);
    }

    void gemmPrefixUpdate(Tensor a, CudaLinear layer, CachedLayers layers, PrefixState state, int index, Tensor x) {
        Tensor ladder = layers.mlp().slice(index);
        residual(
                "gemmPrefixUpdate",
                a,
                layer,
                layers.modulation(index),
                layers.mlpGate(),
                null,
                x,
                ladder,
                state,
                index);
    }

    private void residual(
            String operation,
            Tensor a,
            CudaLinear layer,
            Modulation modulation,
            int gate,
            @Nullable Tensor feature,
            Tensor x,
            @Nullable Tensor ladder,
            @Nullable PrefixState state,
            int index) {
        Launch launch = new Launch(operation, a, layer);
        Kernel kernel = launch.kernel(residual);
        Tensor table = modulation.table();
        KernelArguments arguments = kernel.arguments()
                .tensor(a)
                .tensor(layer.weight())
                .pointer(layer.biasAddress())
                .pointer(table.address())
                .tensor(modulation.conditions())
                .tensor(modulation.steps().rows())
                .tensor(modulation.steps().cursor())
                .pointer(feature == null ? 0 : feature.address())
                .pointer(x.address())
                .pointer(ladder == null ? 0 : ladder.address())
                .pointer(state == null ? 0 : state.propagated().slice(index).address())
                .pointer(state == null ? 0 : state.labels().address())
                .pointer(state == null ? 0 : state.retained().address());
        launch.begin(arguments)
                .int32(extent("N", x.shape().dim(1)))
                .int32(table.shape().size(1))
                .int32(table.shape().size(2))
                .int32(gate)
                .int32(ladder == null ? 0 : ladder.shape().size(0))
                .int32(state == null ? 0 : state.rows().shape().size(2))
                .int32(Narrow.TABLE.of(table) | Narrow.FEATURE.of(feature) | Narrow.X.of(x) | Narrow.LADDER.of(ladder));
        launch.start(kernel);
    }

    void gemmRefresh(Tensor a, CudaLinear linear, CachedLayers layers, PrefixState state, int layer) {
        Launch launch = new Launch("gemmRefresh", a, linear);
        Kernel kernel = launch.kernel(refresh);
        Tensor base = layers.mlp().slice(layer).slice(0);
        Tensor table = layers.table().slice(layer);
        KernelArguments arguments = kernel.arguments()
                .tensor(a)
                .tensor(linear.weight())
                .pointer(linear.biasAddress())
                .tensor(state.representatives())
                .pointer(table.address())
                .tensor(layers.conditions())
                .tensor(layers.steps().cursor())
                .tensor(state.retained())
                .pointer(base.address())
                .tensor(state.propagated())
                .tensor(state.spread())
                .tensor(state.rows());
        launch.begin(arguments)
                .int32(layer)
                .int32(extent("N", base.shape().dim(1)))
                .int32(state.rows().shape().size(2))
                .int32(table.shape().size(1))
                .int32(table.shape().size(2))
                .int32(layers.mlpGate())
                .int32(Narrow.TABLE.of(table) | Narrow.LADDER.of(base))
                .float32(state.ratio());
        launch.start(kernel);
    }

    /** The form that a product takes, and its grid. */
    private final class Launch {
        private final int m;
        private final int n;
        private final int k;
        private final DType dtype;
        private final Form form;
        private final int grid;
        private final int splits;
        private final long parts;
        private final long arrived;

        Launch(String operation, Tensor a, CudaLinear layer) {
            k = layer.inputs();
            n = layer.outputs();
            m = extent("the number of rows", a.shape().elements() / k);
            dtype = layer.dtype();
            int multiprocessors = queue.context().multiprocessors();
            form = form(a, multiprocessors);
            int wanted = form.blocksFor(m, n);
            if (form == Form.ROWS) {
                int turns = Math.ceilDiv(Math.ceilDiv(k, PackedWeights.TILE_INPUTS), LINES_A_TURN);
                splits = Math.min(turns, Math.max(1, multiprocessors / wanted));
                parts = splits == 1
                        ? 0
                        : scratch.floats(operation, (long) splits * wanted * m * form.columns)
                                .address();
                arrived = splits == 1 ? 0 : scratch.flags(operation, wanted).address();
            } else {
                splits = 1;
                parts = 0;
                arrived = 0;
            }
            grid = wanted;
        }

        /** Few rows are bound by the weights; large tiles read least from L2, but only pay where there is one for each multiprocessor. */
        private Form form(Tensor a, int multiprocessors) {
            if (dtype == DType.F32) {
                return Form.PLAIN;
            }
            if (m <= Form.ROWS.rows && k % VECTOR_ELEMENTS == 0 && a.address() % VECTOR_BYTES == 0) {
                return Form.ROWS;
            }
            return Form.LARGE.blocksFor(m, n) >= multiprocessors ? Form.LARGE : Form.SMALL;
        }

        Kernel kernel(Kernels.Typed[] kernels) {
            return kernels[form.ordinal()].of(dtype);
        }

        /** What comes between the tensors and the scalars of their own. */
        KernelArguments begin(KernelArguments arguments) {
            if (form == Form.ROWS) {
                arguments.pointer(parts).pointer(arrived);
            }
            return arguments.int32(m).int32(n).int32(k);
        }

        void start(Kernel kernel) {
            kernel.launch(queue.stream(), grid, splits, 1, form.block, 1, 1, form.shared);
        }
    }
}
