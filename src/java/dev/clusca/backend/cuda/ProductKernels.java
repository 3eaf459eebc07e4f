package dev.clusca.backend.cuda;

import static dev.clusca.backend.cuda.Grids.blocks;
import static dev.clusca.backend.cuda.Grids.extent;

import dev.clusca.backend.cuda.Epilogue.Kind;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/** Launches {@code kernels/gemm.cu}: linear layers, with what follows them in the same kernel. */
final class ProductKernels implements Gemm {
    static final String FAMILY = "gemm";

    /** A form of the product: what a block computes. */
    private enum Form {
        LARGE("128x144", 128, 144, 128, 69_632, 0, 0),
        SMALL("64x72", 64, 72, 128, 69_632, 0, 0),
        /** k is shared out within a block, and between blocks where there are too few. */
        ROWS("rows", 64, 32, 256, 0, 256, 1),
        /** k is shared out between blocks where there are too few. */
        PLAIN("64x64", 64, 64, 128, 0, 128, 2);

        private final String label;
        private final int rows;
        private final int columns;
        private final int block;
        private final int shared;
        private final int leastPart;
        private final int resident;

        /**
         * @param leastPart k that a part has at least, where k is split between blocks; 0 where it is not
         * @param resident blocks that a multiprocessor is given before k is split less
         */
        Form(String label, int rows, int columns, int block, int shared, int leastPart, int resident) {
            this.label = label;
            this.rows = rows;
            this.columns = columns;
            this.block = block;
            this.shared = shared;
            this.leastPart = leastPart;
            this.resident = resident;
        }

        /** Whether blocks may share out k. */
        boolean splits() {
            return leastPart > 0;
        }

        /** Into how many parts k is split, {@code blocks} being those of one part. */
        int parts(int k, int blocks, int multiprocessors) {
            return splits() ? Math.clamp((long) resident * multiprocessors / blocks, 1, Math.ceilDiv(k, leastPart)) : 1;
        }

        /** Sums that a block leaves of its part: of the rows that there are, or of its whole tile. */
        long sums(int m) {
            return (long) columns * (this == ROWS ? m : rows);
        }

        int blocksFor(int m, int n) {
            return blocks((long) Math.ceilDiv(m, rows) * Math.ceilDiv(n, columns), 1);
        }
    }

    private static final int VECTOR_BYTES = 16;
    private static final int VECTOR_ELEMENTS = 8;

    private final CudaQueue queue;
    private final Scratch scratch;
    private final Kernels.Typed[][] kernels;

    ProductKernels(CudaQueue queue, Kernels kernels, Scratch scratch) {
        this.queue = queue;
        this.scratch = scratch;
        this.kernels =
                Stream.of(Kind.values()).map(kind -> typed(kernels, kind)).toArray(Kernels.Typed[][]::new);
    }

    private static Kernels.Typed[] typed(Kernels kernels, Kind kind) {
        return Stream.of(Form.values())
                .map(form -> {
                    List<String> between = form.splits() ? List.of("f32* parts", "u32* arrived") : List.<String>of();
                    return kernels.typed(
                            FAMILY,
                            kind.fused() + form.label,
                            Stream.of(
                                            List.of("const A* a", "const A* weight"),
                                            kind.pointers(),
                                            between,
                                            List.of("s32 M", "s32 N", "s32 K"),
                                            kind.scalars())
                                    .flatMap(List::stream)
                                    .toArray(String[]::new));
                })
                .toArray(Kernels.Typed[]::new);
    }

    @Override
    public WeightLayout layout() {
        return WeightLayout.PACKED;
    }

    @Override
    public void multiply(Tensor a, CudaLinear layer, Epilogue epilogue) {
        Launch launch = new Launch(epilogue.operation(), a, layer);
        Kernel kernel = launch.kernel(kernels[epilogue.kind().ordinal()]);
        KernelArguments arguments = kernel.arguments().tensor(a).tensor(layer.weight(WeightLayout.PACKED));
        epilogue.pointers(arguments, layer);
        launch.begin(arguments);
        epilogue.scalars(arguments);
        launch.start(kernel);
    }

    /** Kernels and scratch memory belong to the backend. */
    @Override
    public void close() {}

    /**
     * Whether large tiles, of which there are so many, pay. They read least from L2; by its bandwidth and the rate of the tensor cores (a prediction) they are ahead as soon as a third of the
     * multiprocessors have one, and are taken from a half on.
     */
    static boolean areEnough(int largeTiles, int multiprocessors) {
        return 2 * largeTiles >= multiprocessors;
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
            splits = form.parts(k, wanted, multiprocessors);
            parts = splits == 1
                    ? 0
                    : scratch.floats(operation, splits * wanted * form.sums(m)).address();
            arrived = splits == 1 ? 0 : scratch.flags(operation, wanted).address();
            grid = wanted;
        }

        /** Few rows are bound by the weights. */
        private Form form(Tensor a, int multiprocessors) {
            if (dtype == DType.F32) {
                return Form.PLAIN;
            }
            if (m <= Form.ROWS.rows && k % VECTOR_ELEMENTS == 0 && a.address() % VECTOR_BYTES == 0) {
                return Form.ROWS;
            }
            return areEnough(Form.LARGE.blocksFor(m, n), multiprocessors) ? Form.LARGE : Form.SMALL;
        }

        Kernel kernel(Kernels.Typed[] kernels) {
            return kernels[form.ordinal()].of(dtype);
        }

        /** What comes between the tensors and the scalars of the epilogue. */
        void begin(KernelArguments arguments) {
            if (form.splits()) {
                arguments.pointer(parts).pointer(arrived);
            }
            arguments.int32(m).int32(n).int32(k);
        }

        void start(Kernel kernel) {
            kernel.launch(queue.stream(), grid, splits, 1, form.block, 1, 1, form.shared);
        }
    }
}
