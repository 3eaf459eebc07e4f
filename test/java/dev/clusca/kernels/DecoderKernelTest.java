package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Activation;
import dev.clusca.emulator.EmulatorOptions;
import dev.clusca.kernels.ProductKernelTest.Layer;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code decoder.cu} beside the reference: convolutions in every form and group norms; its attention is with the others, in {@link AttentionKernelTest}. */
class DecoderKernelTest {
    private static final float EPSILON = 1e-6f;

    /** A form of the convolution, and its grid. */
    enum Form {
        LARGE("128x128", DType.BF16, 128, 128),
        SMALL("64x64", DType.BF16, 64, 64),
        NARROW("128x8", DType.BF16, 128, 8),
        PLAIN("64x64", DType.F32, 64, 64);

        private final String label;
        private final DType dtype;
        private final int pixels;
        private final int outputs;

        Form(String label, DType dtype, int pixels, int outputs) {
            this.label = label;
            this.dtype = dtype;
            this.pixels = pixels;
            this.outputs = outputs;
        }

        String entry() {
            return Types.entry("convolve_" + label, dtype);
        }

        DType dtype() {
            return dtype;
        }

        int down(int m) {
            return Math.ceilDiv(m, pixels);
        }

        int across(int n) {
            return Math.ceilDiv(n, outputs);
        }

        /** Pixels whose outputs a warp of the epilogue has at once, 4 a lane: they share what belongs to an output. */
        double pixelsAWarp() {
            return this == PLAIN ? 2 : Math.max(1, 32 * 4.0 / outputs);
        }

        /** Outputs that the packed weights have. */
        int padded(int n) {
            return this == PLAIN ? Math.ceilDiv(n, 64) * 64 : Math.ceilDiv(n, 8) * 8;
        }
    }

    /** Images of one pixel, of one line, and beyond a tile; channels that 16 bytes divide, and that they do not; several images in a tile. */
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 8, 8, 3",
        "1, 1, 9, 3, 5, 3",
        "1, 9, 1, 32, 16, 3",
        "3, 3, 5, 4, 3, 3",
        "2, 7, 6, 40, 64, 3",
        "1, 12, 11, 16, 129, 3",
        "3, 5, 13, 24, 31, 1",
        "1, 9, 8, 97, 72, 1",
        "1, 4, 4, 33, 12, 3",
        "1, 8, 8, 128, 130, 3"
    })
    void extents(int images, int height, int width, int channels, int outputs, int size) {
        for (Form form : Form.values()) {
            for (boolean doubled : new boolean[] {false, true}) {
                try (Gpu gpu = new Gpu()) {
                    Tensor x = gpu.host.random(form.dtype, images, height, width, channels);
                    Layer layer = Layer.random(gpu, form.dtype, size * size * channels, outputs, !doubled);
                    convolve(gpu, form, x, layer, doubled, null, doubled ? form.dtype : DType.F32);
                }
            }
        }
    }

    /** A residual of its own, or the output itself. */
    @ParameterizedTest
    @EnumSource
    void residuals(Form form) {
        for (DType type : Types.FLOATS) {
            for (int outputs : new int[] {12, 7}) {
                try (Gpu gpu = new Gpu()) {
                    Tensor x = gpu.host.random(form.dtype, 2, 4, 5, 16);
                    Layer layer = Layer.random(gpu, form.dtype, 9 * 16, outputs, true);
                    Tensor own = gpu.host.random(type, 2, 4, 5, outputs);
                    convolve(gpu, form, x, layer, false, own, DType.BF16);
                    convolve(gpu, form, x, layer, false, own, own);
                }
            }
        }
    }

    /** Tensors that begin one element later. */
    @ParameterizedTest
    @EnumSource
    void tensorsThatBeginAnywhere(Form form) {
        try (Gpu gpu = new Gpu()) {
            Tensor x = gpu.host.random(form.dtype, 1, 5, 6, 16);
            Tensor residual = gpu.host.random(DType.F32, 1, 10, 12, 12);
            gpu.skew(x, residual);
            convolve(gpu, form, x, Layer.random(gpu, form.dtype, 9 * 16, 12, true), true, residual, form.dtype);
        }
    }

    /** A NaN reaches the pixels around it, and no other. */
    @ParameterizedTest
    @EnumSource
    void nanStaysAroundItsPixel(Form form) {
        try (Gpu gpu = new Gpu()) {
            double[] values = gpu.host.read(gpu.host.random(form.dtype, 2, 6, 7, 8));
            values[(2 * 7 + 3) * 8 + 5] = Double.NaN;
            Tensor x = gpu.host.of(form.dtype, new long[] {2, 6, 7, 8}, values);
            Tensor out = convolve(gpu, form, x, Layer.random(gpu, form.dtype, 9 * 8, 4, true), false, null, DType.F32);
            assertThat(Arrays.stream(gpu.result(out)).filter(Double::isNaN).count())
                    .isEqualTo(9 * 4);
        }
    }

    private static Tensor convolve(
            Gpu gpu, Form form, Tensor x, Layer layer, boolean doubled, @Nullable Tensor residual, DType type) {
        int scale = doubled ? 2 : 1;
        Tensor out = gpu.host.poison(
                type,
                x.shape().dim(0),
                scale * x.shape().dim(1),
                scale * x.shape().dim(2),
                layer.linear().outputs());
        return convolve(gpu, form, x, layer, doubled, residual, out);
    }

    private static Tensor convolve(
            Gpu gpu, Form form, Tensor x, Layer layer, boolean doubled, @Nullable Tensor residual, Tensor out) {
        int n = layer.linear().outputs();
        int m = (int) out.shape().elements() / n;
        int channels = x.shape().size(3);
        gpu.launch(
                form.entry(),
                Gpu.grid((long) form.down(m) * form.across(n)),
                x,
                layer.packed(),
                layer.bias(),
                residual,
                out,
                m,
                n,
                x.shape().size(1),
                x.shape().size(2),
                channels,
                layer.linear().inputs() == channels ? 1 : 3,
                doubled ? 1 : 0,
                narrow(residual, 8) | narrow(out, 1));
        gpu.host.ops.convolve(x, layer.linear(), doubled, residual, out);
        gpu.assertClose(out);
        return out;
    }

    // ---- group norm

    /** Groups of one channel, of a few, of all; more columns than a block has threads; several parts of an image's groups. */
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1, 1",
        "2, 3, 33, 11, 1",
        "1, 37, 32, 8, 2",
        "3, 50, 96, 32, 1",
        "1, 9, 256, 32, 3",
        "2, 70, 512, 32, 4",
        "1, 5, 300, 300, 2",
        "1, 6, 1200, 300, 2",
        "1, 7, 1100, 1, 3",
        "2, 3, 1031, 1, 1",
        "1, 300, 4, 1, 40"
    })
    void groups(int images, int pixels, int channels, int groups, int chunks) {
        for (Activation activation : new Activation[] {Activation.NONE, Activation.SILU}) {
            for (DType type : Types.FLOATS) {
                try (Gpu gpu = new Gpu()) {
                    Tensor x = gpu.host.random(type, images, 1, pixels, channels);
                    DType out = activation == Activation.NONE ? DType.F32 : DType.BF16;
                    norm(gpu, x, groups, chunks, activation, gpu.host.poison(out, images, 1, pixels, channels), true);
                }
            }
        }
    }

    @Test
    void tensorsOfANormBeginAnywhere() {
        try (Gpu gpu = new Gpu()) {
            gpu.skew();
            Tensor x = gpu.host.random(DType.BF16, 2, 3, 7, 64);
            norm(gpu, x, 8, 2, Activation.SILU, gpu.host.poison(DType.F32, 2, 3, 7, 64), false);
        }
    }

    @Test
    void normsInPlace() {
        for (DType type : Types.FLOATS) {
            try (Gpu gpu = new Gpu()) {
                Tensor x = gpu.host.random(type, 1, 5, 9, 32);
                norm(gpu, x, 4, 3, Activation.SILU, x, true);
            }
        }
    }

    /** A mean that is far from 0, and first pixels that are far from all others: neither squares nor distances to a first value would do. */
    @Test
    void nothingCancels() {
        try (Gpu gpu = new Gpu()) {
            double[] values = gpu.host.read(gpu.host.random(DType.F32, 1, 20, 20, 32));
            for (int i = 0; i < values.length; i++) {
                values[i] += i < 20 * 32 ? -3000 : 100;
            }
            Tensor x = gpu.host.of(DType.F32, new long[] {1, 20, 20, 32}, values);
            norm(gpu, x, 8, 5, Activation.NONE, gpu.host.poison(DType.F32, 1, 20, 20, 32), true);
            for (int i = 0; i < values.length; i++) {
                values[i] += i < 20 * 32 ? 3100 : 0;
            }
            Tensor apart = gpu.host.of(DType.F32, new long[] {1, 20, 20, 32}, values);
            norm(gpu, apart, 8, 5, Activation.NONE, gpu.host.poison(DType.F32, 1, 20, 20, 32), true);
        }
    }

    /** Equal values have no variance, and a NaN spoils its own group alone. */
    @Test
    void equalValuesAndNan() {
        try (Gpu gpu = new Gpu()) {
            double[] values = new double[2 * 30 * 16];
            Arrays.fill(values, 0.75);
            norm(
                    gpu,
                    gpu.host.of(DType.F32, new long[] {2, 5, 6, 16}, values),
                    4,
                    2,
                    Activation.NONE,
                    gpu.host.poison(DType.F32, 2, 5, 6, 16),
                    true);
            values[30 * 16 + 7 * 16 + 9] = Double.NaN;
            Tensor out = norm(
                    gpu,
                    gpu.host.of(DType.F32, new long[] {2, 5, 6, 16}, values),
                    4,
                    2,
                    Activation.SILU,
                    gpu.host.poison(DType.F32, 2, 5, 6, 16),
                    true);
            assertThat(Arrays.stream(gpu.result(out)).filter(Double::isNaN).count())
                    .isEqualTo(30 * 4);
        }
    }

    /** Whichever block arrives last, their moments meet in one order. */
    @Test
    void momentsAreTheSameBitsInAnyOrder() {
        double[] first = null;
        for (long order = 0; order < 3; order++) {
            try (Gpu gpu = new Gpu(7, order, EmulatorOptions.DEFAULT)) {
                Tensor x = gpu.host.random(DType.F32, 1, 10, 30, 64);
                Tensor norms = moments(gpu, x, 4, 9, true);
                double[] means = new double[4];
                Arrays.setAll(means, g -> gpu.result(norms)[2 * g]);
                first = first == null ? means : first;
                assertThat(means).isEqualTo(first);
            }
        }
    }

    private static Tensor norm(
            Gpu gpu, Tensor x, int groups, int chunks, Activation activation, Tensor out, boolean mayVector) {
        Shape shape = x.shape();
        int images = shape.size(0);
        int pixels = shape.size(1) * shape.size(2);
        int channels = shape.size(3);
        boolean vectors = mayVector && channels / groups % 4 == 0;
        Tensor weight = gpu.host.random(DType.F32, channels);
        Tensor bias = gpu.host.random(DType.F32, channels);
        Tensor norms = moments(gpu, x, groups, chunks, vectors);
        gpu.keep(norms);
        gpu.launch(
                "group_norm",
                Gpu.grid(chunks, Math.ceilDiv(channels / (vectors ? 4 : 1), 256), images),
                x,
                out,
                norms,
                weight,
                bias,
                pixels,
                channels,
                groups,
                vectors ? 1 : 0,
                activation.ordinal(),
                narrow(x, 8) | narrow(out, 1));
        gpu.host.ops.groupNorm(x, groups, weight, bias, EPSILON, activation, out);
        gpu.assertClose(out);
        return out;
    }

    /** The first of the two kernels; the counters come back as zeros. */
    private static Tensor moments(Gpu gpu, Tensor x, int groups, int chunks, boolean vectors) {
        Shape shape = x.shape();
        int images = shape.size(0);
        int channels = shape.size(3);
        int columns = channels / groups / (vectors ? 4 : 1);
        int held = Math.min(groups, Math.max(1, 256 / columns));
        Tensor norms = gpu.host.poison(DType.F32, images, groups, 2);
        int parts = Math.ceilDiv(groups, held);
        Tensor arrived = gpu.host.ints(new int[images * parts]);
        gpu.launch(
                "group_norm_moments",
                Gpu.grid(chunks, parts, images),
                x,
                gpu.host.poison(DType.F32, images, groups, chunks, 3),
                norms,
                arrived,
                shape.size(1) * shape.size(2),
                channels,
                groups,
                vectors ? 1 : 0,
                narrow(x, 8),
                EPSILON);
        assertThat(gpu.intResult(arrived)).containsOnly(0);
        return norms;
    }

    private static int narrow(@Nullable Tensor tensor, int bit) {
        return tensor != null && tensor.dtype() == DType.BF16 ? bit : 0;
    }
}
