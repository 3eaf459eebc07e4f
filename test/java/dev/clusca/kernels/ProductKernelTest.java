package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Activation;
import dev.clusca.backend.CachedLayers;
import dev.clusca.backend.Linear;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.PrefixState;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.emulator.EmulatorOptions;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code gemm.cu} beside the reference: every form of the product on extents that fit its tiles, and on those that do not. */
class ProductKernelTest {
    private static final int GATE = 1;
    private static final int CLUSTERS = 3;

    /** A form of the product, and its grid for M, N and a number of parts of k. */
    enum Form {
        LARGE("128x144", DType.BF16, 128, 144),
        SMALL("64x72", DType.BF16, 64, 72),
        ROWS("rows", DType.BF16, 64, 32),
        PLAIN("64x64", DType.F32, 64, 64);

        private final String label;
        private final DType dtype;
        private final int rows;
        private final int columns;

        Form(String label, DType dtype, int rows, int columns) {
            this.label = label;
            this.dtype = dtype;
            this.rows = rows;
            this.columns = columns;
        }

        DType dtype() {
            return dtype;
        }

        /** Rows whose elements a warp of the epilogue has at once, 4 a lane: they share what belongs to a column. */
        double rowsAWarp() {
            return this == PLAIN ? 2 : Math.max(1, 32 * 4.0 / columns);
        }

        /** Outputs that the packed weights have. */
        static int padded(int outputs, Form form) {
            return form == PLAIN ? Math.ceilDiv(outputs, 64) * 64 : Math.ceilDiv(outputs, 8) * 8;
        }

        /** Where parts of k meet, when k is not split. */
        void meeting(List<Object> arguments) {
            if (splits()) {
                arguments.addAll(Arrays.asList(null, null));
            }
        }

        /** Whether blocks may share out k. */
        boolean splits() {
            return this == ROWS || this == PLAIN;
        }

        int blocks(int m, int n) {
            return Math.ceilDiv(m, rows) * Math.ceilDiv(n, columns);
        }

        String entry(String operation) {
            return Types.entry(operation + "_" + label, dtype);
        }

        /** Whether it multiplies these extents. */
        boolean takes(int m, int k) {
            return this != ROWS || m <= rows && k % 8 == 0;
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1",
        "1, 32, 8",
        "3, 31, 33",
        "31, 33, 3",
        "32, 97, 31",
        "33, 128, 97",
        "63, 64, 64",
        "64, 72, 72",
        "65, 40, 73",
        "97, 200, 128",
        "128, 64, 144",
        "129, 257, 145",
        "200, 96, 200",
        "257, 32, 12",
        "64, 320, 100"
    })
    void extents(int m, int k, int n) {
        for (Form form : Form.values()) {
            if (form.takes(m, k)) {
                for (DType out : Types.FLOATS) {
                    try (Gpu gpu = new Gpu()) {
                        gemm(gpu, form, m, k, n, Activation.NONE, true, out, 1);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void activationsWithAndWithoutBias(Form form) {
        for (Activation activation : Activation.values()) {
            for (DType out : Types.FLOATS) {
                try (Gpu gpu = new Gpu()) {
                    gemm(gpu, form, 48, 96, 76, activation, activation != Activation.SILU, out, 1);
                }
            }
        }
    }

    /** Tensors that begin one element later: a's lines come element by element, and the epilogue takes one channel. */
    @ParameterizedTest
    @EnumSource(names = {"LARGE", "SMALL", "PLAIN"})
    void unalignedTensors(Form form) {
        try (Gpu gpu = new Gpu()) {
            Tensor a = gpu.host.random(form.dtype, 70, 64);
            Layer layer = Layer.random(gpu, form.dtype, 64, 80, true);
            gpu.skew(a);
            gemm(gpu, form, a, layer, Activation.NONE, form.dtype, 1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ROWS, 16, 4608, 40, 2",
        "ROWS, 32, 1152, 64, 5",
        "ROWS, 5, 256, 33, 8",
        "ROWS, 64, 96, 31, 3",
        "PLAIN, 16, 1152, 40, 2",
        "PLAIN, 70, 512, 100, 4",
        "PLAIN, 5, 131, 33, 3",
        "PLAIN, 64, 15, 31, 2",
        "PLAIN, 33, 200, 65, 7"
    })
    void partsOfK(Form form, int m, int k, int n, int splits) {
        try (Gpu gpu = new Gpu()) {
            gemm(gpu, form, m, k, n, Activation.NONE, true, DType.F32, splits);
        }
    }

    /** Whichever part arrives last, they are added in their order; and the counters are left as they were found. */
    @ParameterizedTest
    @EnumSource(names = {"ROWS", "PLAIN"})
    void partsOfKGiveTheSameBitsInAnyOrder(Form form) {
        double[] first = null;
        for (long order = 0; order < 3; order++) {
            try (Gpu gpu = new Gpu(7, order, EmulatorOptions.DEFAULT)) {
                Tensor out = gemm(gpu, form, 20, 512, 48, Activation.NONE, true, DType.F32, 4);
                first = first == null ? gpu.result(out) : first;
                assertThat(gpu.result(out)).isEqualTo(first);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void nanStaysInItsRow(Form form) {
        try (Gpu gpu = new Gpu()) {
            Tensor a = gpu.host.random(form.dtype, 40, 64);
            a.slice(33).memory().fill((byte) 0xff);
            gemm(gpu, form, a, Layer.random(gpu, form.dtype, 64, 36, true), Activation.GELU_TANH, DType.F32, 1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void residuals(Form form) {
        for (DType narrow : Types.FLOATS) {
            for (DType wide : Types.FLOATS) {
                for (int n : new int[] {76, 31}) {
                    try (Gpu gpu = new Gpu()) {
                        residual(gpu, form, 3, 17, 64, n, narrow, wide, wide, true);
                        residual(gpu, form, 1, 33, 40, n, wide, narrow, null, false);
                    }
                }
            }
        }
    }

    /** The ladder takes the product's sums in as ladder_update and prefix_update would. */
    @ParameterizedTest
    @EnumSource
    void ladders(Form form) {
        for (DType ladder : Types.FLOATS) {
            for (int terms = 1; terms <= 4; terms++) {
                for (double retained : new double[] {-1, 1, 0.7, 0}) {
                    try (Gpu gpu = new Gpu()) {
                        ladder(gpu, form, ladder, terms, retained);
                    }
                }
            }
        }
    }

    // ---- launches

    /** A layer as the reference multiplies it, and its tensors as the kernels take them. */
    record Layer(Linear linear, Tensor packed, @Nullable Tensor bias) {
        /** Weights such that sums are near those of {@code a}. */
        static Layer random(Gpu gpu, DType dtype, int inputs, int outputs, boolean biased) {
            double[] values = gpu.host.read(gpu.host.random(DType.F32, outputs, inputs));
            for (int i = 0; i < values.length; i++) {
                values[i] /= Math.sqrt(inputs);
            }
            Tensor weight = gpu.host.of(dtype, new long[] {outputs, inputs}, values);
            Tensor bias = biased ? gpu.host.random(DType.F32, outputs) : null;
            return new Layer(gpu.host.backend.linear(gpu.host.arena, weight, bias, dtype), packed(gpu, weight), bias);
        }

        /** The layout that the kernel's source describes. */
        private static Tensor packed(Gpu gpu, Tensor weight) {
            int outputs = weight.shape().size(0);
            int inputs = weight.shape().size(1);
            double[] values = gpu.host.read(weight);
            boolean narrow = weight.dtype() == DType.BF16;
            long[] extents = narrow
                    ? new long[] {Math.ceilDiv(outputs, 8), Math.ceilDiv(inputs, 32), 8, 32}
                    : new long[] {Math.ceilDiv(outputs, 64), inputs, 64};
            double[] packed = new double[Math.toIntExact(Shape.of(extents).elements())];
            for (int n = 0; n < outputs; n++) {
                for (int k = 0; k < inputs; k++) {
                    int at = narrow
                            ? ((n / 8 * Math.ceilDiv(inputs, 32) + k / 32) * 8 + n % 8) * 32 + k % 32
                            : (n / 64 * inputs + k) * 64 + n % 64;
                    packed[at] = values[n * inputs + k];
                }
            }
            return gpu.host.of(weight.dtype(), extents, packed);
        }
    }

    private static Tensor gemm(
            Gpu gpu, Form form, int m, int k, int n, Activation activation, boolean bias, DType out, int splits) {
        Tensor a = gpu.host.random(form.dtype, m, k);
        return gemm(gpu, form, a, Layer.random(gpu, form.dtype, k, n, bias), activation, out, splits);
    }

    private static Tensor gemm(
            Gpu gpu, Form form, Tensor a, Layer layer, Activation activation, DType outType, int splits) {
        int m = a.shape().size(0);
        int n = layer.linear.outputs();
        Tensor out = gpu.host.poison(outType, m, n);
        List<Object> arguments = new ArrayList<>(Arrays.asList(a, layer.packed, layer.bias, out));
        meeting(gpu, form, m, n, splits, arguments);
        arguments.addAll(List.of(m, n, layer.linear.inputs(), activation.ordinal(), outType == DType.BF16 ? 1 : 0));
        gpu.launch(form.entry("gemm"), Gpu.grid(form.blocks(m, n), splits), arguments.toArray());
        gpu.host.ops.gemm(a, layer.linear, activation, out);
        if (activation == Activation.GELU_TANH && outType == DType.BF16) {
            assertGelu(gpu, out);
        } else {
            gpu.assertClose(out);
        }
        return out;
    }

    /** Where the parts of k meet; the counters come back as zeros. */
    private static void meeting(Gpu gpu, Form form, int m, int n, int splits, List<Object> arguments) {
        if (form.splits()) {
            int blocks = form.blocks(m, n);
            long sums = form == Form.ROWS ? 32L * m : 64 * 64;
            arguments.add(splits == 1 ? null : gpu.host.poison(DType.F32, splits, blocks, sums));
            arguments.add(splits == 1 ? null : gpu.host.ints(new int[blocks]));
        }
    }

    /** The hardware's tanh is within 2^-10.987, of which half the sum's share counts; and then the result is rounded. */
    private static void assertGelu(Gpu gpu, Tensor out) {
        double[] expected = gpu.host.read(out);
        double[] found = gpu.result(out);
        for (int i = 0; i < expected.length; i++) {
            if (Double.isNaN(expected[i])) {
                assertThat(found[i]).as("element %d", i).isNaN();
            } else {
                double sum = Math.max(Math.abs(expected[i]), 6);
                assertThat(Math.abs(found[i] - expected[i]))
                        .as("element %d: %s, expected %s", i, found[i], expected[i])
                        .isLessThanOrEqualTo(
                                0.5 * sum * Math.pow(2, -10.9) + Math.scalb(1.0, Math.getExponent(expected[i]) - 7));
            }
        }
    }

    private static void residual(
            Gpu gpu,
            Form form,
            int rows,
            int tokens,
            int k,
            int n,
            DType tableType,
            DType xType,
            @Nullable DType featureType,
            boolean bias) {
        Tensor a = gpu.host.random(form.dtype, rows, tokens, k);
        Layer layer = Layer.random(gpu, form.dtype, k, n, bias);
        Modulation m = gpu.host.modulation(tableType, rows, n, gpu.host.step(Map.of()));
        Tensor feature = featureType == null ? null : gpu.host.poison(featureType, rows, tokens, n);
        Tensor x = gpu.host.random(xType, rows, tokens, n);
        launch(gpu, form, a, layer, m, feature, x, null, null);
        gpu.host.ops.gemmResidual(a, layer.linear, m, GATE, feature, x);
        gpu.assertClose(x);
        if (feature != null) {
            gpu.assertClose(feature);
        }
    }

    private static void ladder(Gpu gpu, Form form, DType type, int terms, double retained) {
        int rows = 2;
        int tokens = 13;
        int width = 36;
        Tensor a = gpu.host.random(form.dtype, rows, tokens, 40);
        Layer layer = Layer.random(gpu, form.dtype, 40, width, true);
        StepTable steps = gpu.host.step(Map.of(Column.LADDER_TERMS, (double) terms, Column.LADDER_DIVISOR, -3.0));
        Modulation m = gpu.host.modulation(DType.F32, rows, width, steps);
        Tensor x = gpu.host.random(DType.F32, rows, tokens, width);
        Tensor ladders = gpu.host.random(type, 1, 4, rows, tokens, width);
        Tensor planes = ladders.slice(0);
        PrefixState state = retained < 0 ? null : state(gpu, rows, tokens, width, retained);
        launch(gpu, form, a, layer, m, null, x, planes, state);
        Tensor feature = gpu.host.poison(DType.F32, rows, tokens, width);
        gpu.host.ops.gemmResidual(a, layer.linear, m, GATE, feature, x);
        if (state == null) {
            gpu.host.ops.ladderUpdate(feature, planes, steps);
        } else {
            CachedLayers layers = new CachedLayers(
                    gpu.host.random(type, 1, 4, rows, tokens, width),
                    ladders,
                    m.table().reshape(1, 3, 2, 4, width),
                    m.conditions(),
                    steps,
                    GATE,
                    GATE);
            gpu.host.ops.prefixUpdate(feature, layers, state, 0);
        }
        gpu.assertClose(x);
        gpu.assertClose(planes);
    }

    private static PrefixState state(Gpu gpu, int rows, int tokens, int width, double retained) {
        Tensor share = gpu.host.of(DType.F32, new long[] {3, 2}, 9, 9, retained, retained, 9, 9);
        Tensor labels = gpu.host
                .ints(IntStream.range(0, rows * tokens).map(i -> i % CLUSTERS).toArray())
                .reshape(rows, tokens);
        return new PrefixState(
                labels,
                gpu.host.ints(new int[rows * CLUSTERS]).reshape(1, rows, CLUSTERS),
                share,
                gpu.host.random(DType.F32, 1, rows, CLUSTERS, width),
                gpu.host.random(DType.F32, 1, rows, CLUSTERS, width),
                gpu.host.random(DType.F32, rows, CLUSTERS, width),
                0.1f);
    }

    private static void launch(
            Gpu gpu,
            Form form,
            Tensor a,
            Layer layer,
            Modulation modulation,
            @Nullable Tensor feature,
            Tensor x,
            @Nullable Tensor ladder,
            @Nullable PrefixState state) {
        int m = a.shape().size(0) * a.shape().size(1);
        int n = layer.linear.outputs();
        List<Object> arguments = new ArrayList<>(Arrays.asList(
                a,
                layer.packed,
                layer.bias,
                modulation.table(),
                modulation.conditions(),
                modulation.steps().rows(),
                modulation.steps().cursor(),
                feature,
                x,
                ladder,
                state == null ? null : state.propagated().slice(0),
                state == null ? null : state.labels(),
                state == null ? null : state.retained()));
        meeting(gpu, form, m, n, 1, arguments);
        arguments.addAll(List.of(
                m,
                n,
                layer.linear.inputs(),
                a.shape().size(1),
                2,
                4,
                GATE,
                ladder == null ? 0 : ladder.shape().size(0),
                state == null ? 0 : CLUSTERS,
                narrow(modulation.table(), 2) | narrow(feature, 4) | narrow(x, 8) | narrow(ladder, 16)));
        gpu.launch(form.entry("gemm_residual"), Gpu.grid(form.blocks(m, n)), arguments.toArray());
    }

    private static int narrow(@Nullable Tensor tensor, int bit) {
        return tensor != null && tensor.dtype() == DType.BF16 ? bit : 0;
    }
}
