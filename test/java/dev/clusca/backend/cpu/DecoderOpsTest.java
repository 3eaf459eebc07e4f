package dev.clusca.backend.cpu;

import static dev.clusca.backend.cpu.Twins.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Activation;
import dev.clusca.backend.cpu.Twins.Twin;
import dev.clusca.backend.cpu.Twins.TwinLinear;
import dev.clusca.bindings.cpu.CpuKernels;
import dev.clusca.bindings.cpu.CpuLevel;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Convolutions and group norms of the cpu backend against the reference, and the same by oneDNN's products, which serve on processors with AVX-512. */
class DecoderOpsTest {
    /** BF16 results with sums of rounded terms. */
    private static final double ROUNDED = 6e-3;

    private Twins twins;

    /** Images, height, width, channels, outputs, size; every second one is enlarged, every third one has a residual. */
    private static final int[][] SHAPES = {
        {1, 1, 1, 1, 1, 3},
        {2, 3, 7, 5, 3, 3},
        {1, 8, 8, 32, 33, 3},
        {2, 9, 6, 130, 17, 1},
        {1, 5, 200, 4, 31, 3},
        {1, 33, 70, 16, 100, 3}, // several pieces
        {1, 6, 13, 400, 129, 3}, // sums in several parts, groups of panels
        {3, 2, 12, 64, 96, 1},
        {1, 1, 1500, 3, 16, 3}, // a row that is longer than a piece
    };

    private record Case(int number, int[] shape, DType dtype, DType outType) {
        boolean doubled() {
            return number % 2 == 1;
        }

        boolean adds() {
            return number % 3 == 0;
        }

        @Override
        public String toString() {
            return IntStream.of(shape).boxed().toList() + (doubled() ? " doubled " : " ") + (adds() ? "residual " : "")
                    + dtype + " to " + outType;
        }
    }

    static Stream<Case> cases() {
        return IntStream.range(0, SHAPES.length)
                .boxed()
                .flatMap(i -> Stream.of(DType.F32, DType.BF16)
                        .flatMap(type -> Stream.of(DType.F32, DType.BF16)
                                .map(outType -> new Case(i + (outType == type ? 0 : 3), SHAPES[i], type, outType))));
    }

    /** Those that oneDNN has code for on this processor. */
    static Stream<Case> oneDnnsCases() {
        boolean bf16 = CpuLevel.available().contains(CpuLevel.V4);
        return cases().filter(c -> bf16 || c.dtype == DType.F32);
    }

    @BeforeEach
    void open() {
        twins = new Twins(2);
    }

    @AfterEach
    void close() {
        twins.close();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void convolves(Case c) {
        int[] s = c.shape;
        int scale = c.doubled() ? 2 : 1;
        Twin x = twins.random(c.dtype, s[0], s[1], s[2], s[3]);
        TwinLinear layer = twins.linear(s[5] * s[5] * s[3], s[4], c.number % 4 != 2, c.dtype, c.dtype);
        long[] extents = {s[0], (long) scale * s[1], (long) scale * s[2], s[4]};
        @Nullable Twin residual = c.adds() ? twins.random(c.outType, extents) : null;
        Twin out = twins.poison(c.outType, extents);
        twins.run(t -> t.ops()
                .convolve(t.of(x), t.of(layer), c.doubled(), residual == null ? null : t.of(residual), t.of(out)));
        assertClose("a convolution", out, ROUNDED);
        if (residual != null) {
            twins.run(t -> t.ops().convolve(t.of(x), t.of(layer), c.doubled(), t.of(residual), t.of(residual)));
            assertThat(residual.cpu().memory().mismatch(out.cpu().memory()))
                    .as("in place")
                    .isEqualTo(-1);
        }
    }

    static Stream<CpuLevel> levels() {
        return CpuLevel.available().stream();
    }

    /** An odd number of channels, too: a pair of inputs would straddle two pixels, as a unit of AMX's words does with 34. Rows are longer than a strip. */
    @ParameterizedTest
    @MethodSource("levels")
    void convolvesBfloat16AtEveryLevel(CpuLevel level) {
        CpuLevel chosen = CpuLevel.current().orElseThrow();
        level.select();
        try (Twins side = new Twins(2)) {
            for (int channels : new int[] {1, 33, 34, 64}) {
                for (boolean doubled : new boolean[] {false, true}) {
                    int scale = doubled ? 2 : 1;
                    Twin x = side.random(DType.BF16, 2, 5, 35, channels);
                    TwinLinear layer = side.linear(9 * channels, 39, true, DType.F32, DType.BF16);
                    Twin out = side.poison(DType.BF16, 2, 5 * scale, 35 * scale, 39);
                    side.run(t -> t.ops().convolve(t.of(x), t.of(layer), doubled, null, t.of(out)));
                    assertClose("a convolution at " + level, out, ROUNDED);
                }
            }
        } finally {
            chosen.select();
        }
    }

    @ParameterizedTest
    @MethodSource("oneDnnsCases")
    void convolvesByOneDnnsProducts(Case c) {
        int[] s = c.shape;
        int scale = c.doubled() ? 2 : 1;
        Twin x = twins.random(c.dtype, s[0], s[1], s[2], s[3]);
        int inputs = s[5] * s[5] * s[3];
        Twin weight = twins.random(c.dtype, s[4], inputs);
        Twin bias = twins.random(DType.F32, s[4]);
        TwinLinear layer = twins.linear(weight, bias, c.dtype);
        long[] extents = {s[0], (long) scale * s[1], (long) scale * s[2], s[4]};
        @Nullable Twin residual = c.adds() ? twins.random(c.outType, extents) : null;
        Twin out = twins.poison(c.outType, extents);
        twins.run(t -> t.ops()
                .convolve(t.of(x), t.of(layer), c.doubled(), residual == null ? null : t.of(residual), t.of(out)));
        out.cpu().memory().fill((byte) 0x55);
        try (DnnlProducts products = new DnnlProducts(new CpuKernels(twins.arena))) {
            long bytes = products.packedBytes(inputs, s[4], c.dtype);
            Tensor packed = twins.cpu.allocate(twins.arena, DType.BF16, Shape.of((bytes + 1) / 2));
            products.pack(weight.cpu(), c.dtype, packed);
            products.convolve(Convolution.of(
                    x.cpu(),
                    new CpuLinear(inputs, s[4], c.dtype, packed, bias.cpu(), new CpuChoice(CpuLevel.V4, true)),
                    c.doubled(),
                    residual == null ? null : residual.cpu(),
                    out.cpu()));
        }
        assertClose("a convolution by oneDNN's products", out, ROUNDED);
    }

    /** Pixels below, at and above a block, channels below and above a chunk, groups of one channel and of all. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void normalisesGroups(DType dtype) {
        int[][] shapes = {
            {1, 1, 1, 1, 1},
            {2, 3, 5, 8, 4},
            {1, 8, 8, 64, 32},
            {3, 5, 13, 96, 96},
            {1, 9, 31, 600, 3},
            {2, 40, 50, 128, 32}
        };
        for (int[] s : shapes) {
            for (Activation activation : List.of(Activation.NONE, Activation.SILU)) {
                Twin x = twins.random(dtype, s[0], s[1], s[2], s[3]);
                Twin weight = twins.random(DType.F32, s[3]);
                Twin bias = twins.random(DType.F32, s[3]);
                DType outType = s[1] % 2 == 0 ? dtype : DType.F32;
                Twin out = twins.poison(outType, s[0], s[1], s[2], s[3]);
                twins.run(
                        t -> t.ops().groupNorm(t.of(x), s[4], t.of(weight), t.of(bias), 1e-6f, activation, t.of(out)));
                assertClose("a group norm with " + activation, out, ROUNDED);
                twins.run(t -> t.ops().groupNorm(t.of(x), s[4], t.of(weight), t.of(bias), 1e-6f, activation, t.of(x)));
                assertClose("a group norm in place with " + activation, x, ROUNDED);
            }
        }
    }

    @Test
    void aMeanFarFromZeroCostsNoPrecision() {
        Twin x = twins.fill(DType.F32, new long[] {1, 30, 30, 64}, () -> 1000 + twins.random.nextDouble(-1, 1));
        Twin weight = twins.random(DType.F32, 64);
        Twin bias = twins.random(DType.F32, 64);
        Twin out = twins.poison(DType.F32, 1, 30, 30, 64);
        twins.run(t -> t.ops().groupNorm(t.of(x), 32, t.of(weight), t.of(bias), 1e-6f, Activation.NONE, t.of(out)));
        // Taking a distance from a mean near 1000 rounds it by up to 3e-5 in float32, whoever does it.
        double[] expected = Twins.values(out.reference());
        double[] found = Twins.values(out.cpu());
        for (int i = 0; i < expected.length; i++) {
            assertThat(Math.abs(found[i] - expected[i])).isLessThan(3e-4);
        }
    }

    @Test
    void bitsDependNeitherOnThreadsNorOnLevels() {
        CpuLevel chosen = CpuLevel.current().orElseThrow();
        List<List<ByteBuffer>> results = new ArrayList<>();
        for (CpuLevel level : CpuLevel.available()) {
            for (int threads = 1; threads <= 3; threads++) {
                level.select();
                results.add(bits(threads));
            }
        }
        chosen.select();
        assertThat(results).allSatisfy(result -> assertThat(result).isEqualTo(results.getFirst()));
    }

    private static List<ByteBuffer> bits(int threads) {
        try (Twins side = new Twins(threads)) {
            Twin x = side.random(DType.F32, 2, 40, 30, 64);
            Twin weight = side.random(DType.F32, 64);
            TwinLinear layer = side.linear(9 * 64, 40, true, DType.F32, DType.F32);
            Twin normal = side.poison(DType.F32, 2, 40, 30, 64);
            Twin out = side.poison(DType.F32, 2, 80, 60, 40);
            side.run(t -> {
                t.ops().groupNorm(t.of(x), 32, t.of(weight), t.of(weight), 1e-6f, Activation.SILU, t.of(normal));
                t.ops().convolve(t.of(normal), t.of(layer), true, null, t.of(out));
            });
            return List.of(
                    ByteBuffer.wrap(normal.cpu().memory().toArray(ValueLayout.JAVA_BYTE)),
                    ByteBuffer.wrap(out.cpu().memory().toArray(ValueLayout.JAVA_BYTE)));
        }
    }
}
