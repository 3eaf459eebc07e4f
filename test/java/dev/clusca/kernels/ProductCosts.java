package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.CLUSTERS;
import static dev.clusca.kernels.Cost.LAYERS;
import static dev.clusca.kernels.Cost.ROWS;
import static dev.clusca.kernels.Cost.SECTOR;
import static dev.clusca.kernels.Cost.TOKENS;

import dev.clusca.backend.StepTable;
import dev.clusca.emulator.report.LaunchReport;
import dev.clusca.kernels.ProductKernelTest.Form;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** {@code gemm.cu}: 128 rows (of few rows 32), 384 inputs and 288 outputs, which the tiles divide; the residual fills a ladder of three terms. */
final class ProductCosts {
    private static final int INPUTS = 384;
    private static final int OUTPUTS = 288;
    private static final int CHUNKS = 6;
    private static final int TERMS = 3;
    private static final int PLANES = 5;
    private static final int LAST = LAYERS - 1;
    private static final String TILES =
            "rows of a are read by each tile of columns and weights by each tile of rows, from L2";

    private ProductCosts() {}

    static Stream<Cost> all() {
        return Stream.of(Form.values()).flatMap(form -> Stream.of(gemm(form), residual(form), refresh(form)));
    }

    private static int rows(Form form) {
        return form == Form.ROWS ? ROWS * CLUSTERS : ROWS * TOKENS;
    }

    /** Bytes of a and of the weights, once, and as the tiles read them. */
    private record Operands(long least, long asked) {
        static Operands of(Form form, int m) {
            long a = (long) m * INPUTS * form.dtype().bytes();
            long weights =
                    (long) Form.padded(OUTPUTS, form) * INPUTS * form.dtype().bytes();
            return new Operands(a + weights, a * form.blocks(1, OUTPUTS) + weights * form.blocks(m, 1));
        }
    }

    private static Cost gemm(Form form) {
        int m = rows(form);
        Operands operands = Operands.of(form, m);
        long out = (long) m * OUTPUTS * form.dtype().bytes();
        return Cost.of(form.entry("gemm"), operands.least + OUTPUTS * 4L + out, gpu -> {
                    List<Object> arguments = begin(gpu, form, m);
                    arguments.add(gpu.host.poison(form.dtype(), m, OUTPUTS));
                    form.meeting(arguments);
                    arguments.addAll(List.of(m, OUTPUTS, INPUTS, 0, form.dtype() == DType.BF16 ? 1 : 0));
                    return launch(gpu, form, "gemm", m, arguments);
                })
                .asking(operands.asked + out + shared(form, m, 4), TILES + ", and the bias by each row, from L1");
    }

    /** What every row of a tile reads again, {@code bytes} a column: as many rows as a warp has at once share it. */
    private static long shared(Form form, int m, int bytes) {
        return (long) (m * (double) OUTPUTS * bytes / form.rowsAWarp());
    }

    private static Cost residual(Form form) {
        int m = rows(form);
        int tokens = m / ROWS;
        Operands operands = Operands.of(form, m);
        DType type = form.dtype();
        long elements = (long) m * OUTPUTS;
        long streams = elements * (8 + (2L * TERMS - 1) * type.bytes() + 4);
        return Cost.of(
                        form.entry("gemm_residual"),
                        operands.least + OUTPUTS * 4L + ROWS * OUTPUTS * type.bytes() + streams,
                        gpu -> {
                            StepTable steps = PrefixCosts.steps(gpu);
                            List<Object> arguments = begin(gpu, form, m);
                            arguments.addAll(Arrays.asList(
                                    gpu.host.random(type, 3, 2, CHUNKS, OUTPUTS),
                                    gpu.host.ints(0, 1),
                                    gpu.host.of(
                                            DType.F32,
                                            steps.rows().shape().toArray(),
                                            threeTerms(gpu.host.read(steps.rows()))),
                                    steps.cursor(),
                                    gpu.host.poison(DType.F32, m, OUTPUTS),
                                    gpu.host.random(DType.F32, m, OUTPUTS),
                                    gpu.host.random(type, PLANES, m, OUTPUTS),
                                    null,
                                    null,
                                    null));
                            form.meeting(arguments);
                            arguments.addAll(List.of(
                                    m,
                                    OUTPUTS,
                                    INPUTS,
                                    tokens,
                                    2,
                                    CHUNKS,
                                    5,
                                    PLANES,
                                    0,
                                    type == DType.BF16 ? 2 | 16 : 0));
                            return launch(gpu, form, "gemm_residual", m, arguments);
                        })
                .asking(
                        operands.asked + streams + shared(form, m, 4 + type.bytes()) + elements / 128 * 4 * SECTOR,
                        TILES + ", and bias and gate by each row, from L1");
    }

    /** The running step's row says how many terms there are. */
    static double[] threeTerms(double[] rows) {
        for (int i = 0; i < rows.length; i++) {
            rows[i] = rows[i] == PLANES ? TERMS : rows[i];
        }
        return rows;
    }

    private static Cost refresh(Form form) {
        int m = rows(form);
        int clusters = m / ROWS;
        Operands operands = Operands.of(form, m);
        DType type = form.dtype();
        long elements = (long) m * OUTPUTS;
        long streams = elements * (2L * type.bytes() + 5 * 4);
        return Cost.of(
                        form.entry("gemm_refresh"),
                        operands.least + OUTPUTS * 4L + ROWS * OUTPUTS * type.bytes() + streams,
                        gpu -> {
                            List<Object> arguments = begin(gpu, form, m);
                            arguments.addAll(Arrays.asList(
                                    representatives(gpu, clusters),
                                    gpu.host.random(type, 3, 2, CHUNKS, OUTPUTS),
                                    gpu.host.ints(0, 1),
                                    gpu.host.ints(1),
                                    PrefixCosts.retained(gpu),
                                    gpu.host.random(type, ROWS, clusters, OUTPUTS),
                                    gpu.host.random(DType.F32, LAYERS, ROWS, clusters, OUTPUTS),
                                    gpu.host.random(DType.F32, ROWS, clusters, OUTPUTS),
                                    gpu.host.random(DType.F32, LAYERS, ROWS, clusters, OUTPUTS)));
                            form.meeting(arguments);
                            arguments.addAll(List.of(
                                    m,
                                    OUTPUTS,
                                    INPUTS,
                                    LAST,
                                    clusters,
                                    clusters,
                                    2,
                                    CHUNKS,
                                    5,
                                    type == DType.BF16 ? 2 | 16 : 0,
                                    0.1f));
                            return launch(gpu, form, "gemm_refresh", m, arguments);
                        })
                .asking(
                        operands.asked + streams + shared(form, m, 4 + type.bytes()) + elements / 128 * 4 * SECTOR,
                        TILES + ", and bias and gate by each row, from L1");
    }

    /** A cluster for each token. */
    private static Tensor representatives(Gpu gpu, int clusters) {
        int[] tokens = new int[LAYERS * ROWS * clusters];
        Arrays.setAll(tokens, i -> i % clusters);
        return gpu.host.ints(tokens).reshape(LAYERS, ROWS, clusters);
    }

    private static List<Object> begin(Gpu gpu, Form form, int m) {
        DType type = form.dtype();
        long[] packed = type == DType.BF16
                ? new long[] {OUTPUTS / 8, INPUTS / 32, 8, 32}
                : new long[] {Math.ceilDiv(OUTPUTS, 64), INPUTS, 64};
        return new ArrayList<>(Arrays.asList(
                gpu.host.random(type, m, INPUTS),
                gpu.host.random(type, Shape.of(packed).toArray()),
                gpu.host.random(DType.F32, OUTPUTS)));
    }

    private static LaunchReport launch(Gpu gpu, Form form, String operation, int m, List<Object> arguments) {
        return gpu.launch(form.entry(operation), Gpu.grid(form.blocks(m, OUTPUTS)), arguments.toArray());
    }
}
