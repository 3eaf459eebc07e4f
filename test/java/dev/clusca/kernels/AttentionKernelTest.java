package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionKernelTest {
    private static final NavigableSet<Integer> TILED = new TreeSet<>(Arrays.asList(32, 64, 72, 96, 128));
    private static final NavigableSet<Integer> WHOLE_ROW = new TreeSet<>(Arrays.asList(32, 64, 72));
    private static final int QUERIES = 64;
    private static final int ROW = 256;
    private static final String WIDE = "attention_wide";
    private static final int WIDEST = 512;

    /** Exact instances, and widths that run in the next wider one; one warp and several, whole and ragged tiles. */
    @ParameterizedTest
    @ValueSource(ints = {1, 31, 32, 33, 64, 65, 97, 128, 200, 256, 257})
    void tokensAndWidths(int tokens) {
        try (Gpu gpu = new Gpu()) {
            for (int d : new int[] {1, 3, 8, 31, 32, 33, 64, 72, 80, 96, 97, 128}) {
                for (DType type : Types.FLOATS) {
                    check(gpu, gpu.host.random(type, 1, tokens, 3L * d), 1);
                }
            }
        }
    }

    /** Heads of a decoder: of all warps' channels, of some, and of one that begins a warp. */
    @ParameterizedTest
    @ValueSource(ints = {1, 15, 16, 17, 31, 32, 33, 64, 97, 130})
    void tokensAndWideHeads(int tokens) {
        try (Gpu gpu = new Gpu()) {
            for (int d : new int[] {3, 129, 136, 257, 512}) {
                for (DType type : Types.FLOATS) {
                    wide(gpu, gpu.host.random(type, 1, tokens, 3L * d), 1);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void wideRowsHeadsAndPlaces(DType type) {
        try (Gpu gpu = new Gpu()) {
            wide(gpu, gpu.host.random(type, 3, 33, 3 * 2 * 136), 2);
            wide(gpu, gpu.host.random(type, 2, 40, 3 * 3 * 200), 3);
            gpu.skew();
            wide(gpu, gpu.host.random(type, 1, 33, 3 * 2 * 136), 2);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void rowsAndHeads(DType type) {
        try (Gpu gpu = new Gpu()) {
            check(gpu, gpu.host.random(type, 3, 33, 3 * 2 * 72), 2);
            check(gpu, gpu.host.random(type, 2, 65, 3 * 5 * 32), 5);
            check(gpu, gpu.host.random(type, 2, 97, 3 * 3 * 12), 3);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void tensorsThatBeginAnywhere(DType type) {
        try (Gpu gpu = new Gpu()) {
            gpu.skew();
            for (int d : TILED) {
                check(gpu, gpu.host.random(type, 2, 97, 3L * 2 * d), 2);
            }
            check(gpu, gpu.host.random(type, 1, 257, 3 * 72), 1);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void equalValuesAndLargeScores(DType type) {
        try (Gpu gpu = new Gpu()) {
            for (int tokens : new int[] {33, 200}) {
                int width = 3 * 2 * 72;
                double[] equal = new double[tokens * width];
                Arrays.fill(equal, 0.75);
                check(gpu, gpu.host.of(type, new long[] {1, tokens, width}, equal), 2);
                double[] large = gpu.host.read(gpu.host.random(DType.F32, 1, tokens, width));
                for (int i = 0; i < large.length; i++) {
                    large[i] *= 15;
                }
                check(gpu, gpu.host.of(type, new long[] {1, tokens, width}, large), 2);
                wide(gpu, gpu.host.of(type, new long[] {1, tokens, width}, large), 2);
            }
        }
    }

    /** A NaN in a query spoils its row, in a key all rows, in a value all rows of one channel; in other batch rows and heads nothing. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void nanStays(DType type) {
        try (Gpu gpu = new Gpu()) {
            int tokens = 130;
            int d = 40;
            int heads = 2;
            int width = heads * d;
            for (int part = 0; part < 3; part++) {
                double[] values = gpu.host.read(gpu.host.random(type, 2, tokens, 3L * width));
                values[(tokens + 77) * 3 * width + part * width + d + 5] = Double.NaN;
                Tensor qkv = gpu.host.of(type, new long[] {2, tokens, 3L * width}, values);
                check(gpu, qkv, heads);
                wide(gpu, qkv, heads);
            }
        }
    }

    /** Infinite scores of one sign have no softmax, and a row whose first keys score -inf has one. */
    @Test
    void infinitiesAreThoseOfTheReference() {
        try (Gpu gpu = new Gpu()) {
            int tokens = 130;
            double[] values = new double[tokens * 3 * 32];
            Arrays.fill(values, 1);
            for (int n = 0; n < 70; n++) {
                values[n * 96 + 32] = Double.NEGATIVE_INFINITY;
            }
            for (int turn = 0; turn < 2; turn++) {
                for (DType type : Types.FLOATS) {
                    check(gpu, gpu.host.of(type, new long[] {1, tokens, 96}, values), 1);
                    wide(gpu, gpu.host.of(type, new long[] {1, tokens, 96}, values), 1);
                }
                values[100 * 96 + 32] = Double.POSITIVE_INFINITY;
            }
        }
    }

    /** As long as a video: some queries of the last tile, against sums in float64. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void videosAreLong(DType type) {
        int tokens = 131_072;
        int d = 32;
        int tile = tokens / QUERIES - 1;
        try (Gpu gpu = new Gpu()) {
            Tensor qkv = gpu.host.random(type, 1, tokens, 3 * d);
            Tensor out = gpu.host.poison(type, 1, tokens, d);
            launch(gpu, "attention", TILED, qkv, out, 1, tile, 1);
            double[] packed = gpu.host.read(qkv);
            double[] found = gpu.result(out);
            double error = 0;
            double norm = 0;
            double largest = 0;
            double worst = 0;
            for (int query = tile * QUERIES; query < tokens; query += 9) {
                double[] expected = row(packed, tokens, d, query);
                for (int c = 0; c < d; c++) {
                    double difference = found[query * d + c] - expected[c];
                    error += difference * difference;
                    norm += expected[c] * expected[c];
                    worst = Math.max(worst, Math.abs(difference));
                    largest = Math.max(largest, Math.abs(expected[c]));
                }
            }
            if (type == DType.F32) {
                assertThat(Math.sqrt(error / norm)).as("relative L2 error").isLessThanOrEqualTo(1e-5);
            } else {
                assertThat(worst).as("largest error").isLessThanOrEqualTo(2 * ulp(largest));
            }
            assertThat(found[tile * QUERIES * d - 1])
                    .as("a query before the first tile")
                    .isNaN();
        }
    }

    /** One query of one head in float64. */
    private static double[] row(double[] packed, int tokens, int d, int query) {
        double[] scores = new double[tokens];
        double most = Double.NEGATIVE_INFINITY;
        for (int n = 0; n < tokens; n++) {
            double score = 0;
            for (int c = 0; c < d; c++) {
                score += packed[query * 3 * d + c] * packed[n * 3 * d + d + c];
            }
            scores[n] = score / Math.sqrt(d);
            most = Math.max(most, scores[n]);
        }
        double[] out = new double[d];
        double sum = 0;
        for (int n = 0; n < tokens; n++) {
            double weight = Math.exp(scores[n] - most);
            sum += weight;
            for (int c = 0; c < d; c++) {
                out[c] += weight * packed[n * 3 * d + 2 * d + c];
            }
        }
        for (int c = 0; c < d; c++) {
            out[c] /= sum;
        }
        return out;
    }

    /** Every kernel that takes these tensors. */
    private static void check(Gpu gpu, Tensor qkv, int heads) {
        int tokens = qkv.shape().size(1);
        int width = qkv.shape().size(2) / 3;
        check(gpu, "attention", TILED, qkv, heads);
        if (qkv.dtype() == DType.BF16 && tokens <= ROW && width / heads <= WHOLE_ROW.last()) {
            check(gpu, "attention_row", WHOLE_ROW, qkv, heads);
        }
    }

    private static void check(Gpu gpu, String name, NavigableSet<Integer> instances, Tensor qkv, int heads) {
        Tensor out = poisonedFor(gpu, qkv);
        launch(
                gpu,
                name,
                instances,
                qkv,
                out,
                heads,
                0,
                Math.ceilDiv(qkv.shape().size(1), QUERIES));
        assertRight(gpu, name, qkv, heads, out);
    }

    private static void wide(Gpu gpu, Tensor qkv, int heads) {
        Tensor out = poisonedFor(gpu, qkv);
        launchWide(gpu, qkv, out, heads);
        assertRight(gpu, WIDE, qkv, heads, out);
    }

    private static void launchWide(Gpu gpu, Tensor qkv, Tensor out, int heads) {
        int tokens = out.shape().size(1);
        int width = out.shape().size(2);
        int d = width / heads;
        assertThat(d).isLessThanOrEqualTo(WIDEST);
        gpu.launch(
                Types.entry(WIDE, qkv),
                Gpu.grid(
                        Math.ceilDiv(tokens, qkv.dtype() == DType.BF16 ? 32 : 16),
                        heads,
                        out.shape().dim(0)),
                qkv,
                out,
                tokens,
                width,
                d,
                (float) (1 / Math.sqrt(d)));
    }

    private static Tensor poisonedFor(Gpu gpu, Tensor qkv) {
        return gpu.host.poison(
                qkv.dtype(), qkv.shape().dim(0), qkv.shape().dim(1), qkv.shape().dim(2) / 3);
    }

    private static void assertRight(Gpu gpu, String name, Tensor qkv, int heads, Tensor out) {
        int rows = qkv.shape().size(0);
        int tokens = qkv.shape().size(1);
        int width = qkv.shape().size(2) / 3;
        gpu.host.ops.attention(qkv, heads, out);
        if (qkv.dtype() == DType.F32) {
            gpu.assertClose(out);
        } else {
            Tensor wide = gpu.host.of(DType.F32, new long[] {rows, tokens, 3L * width}, gpu.host.read(qkv));
            Tensor exact = gpu.host.poison(DType.F32, rows, tokens, width);
            gpu.host.ops.attention(wide, heads, exact);
            assertRounded(gpu.result(out), gpu.host.read(out), gpu.host.read(exact), name + " of " + qkv);
        }
    }

    /** The numerics policy where exp is approximated: at most three times the error of the reference that rounds to bf16, and 2 ulp of the largest value. */
    private static void assertRounded(double[] found, double[] simplest, double[] exact, String what) {
        double largest = 0;
        double error = 0;
        for (int i = 0; i < exact.length; i++) {
            if (Double.isFinite(exact[i])) {
                largest = Math.max(largest, Math.abs(exact[i]));
                error = Math.max(error, Math.abs(simplest[i] - exact[i]));
            }
        }
        double bound = 3 * error + 2 * ulp(largest);
        for (int i = 0; i < exact.length; i++) {
            if (Double.isFinite(exact[i])) {
                assertThat(Math.abs(found[i] - exact[i]))
                        .as("%s, element %d: %s, expected %s", what, i, found[i], exact[i])
                        .isLessThanOrEqualTo(bound);
            } else {
                assertThat(found[i]).as("%s, element %d", what, i).isNaN();
            }
        }
    }

    /** The distance to the next larger bf16. */
    private static double ulp(double value) {
        return Math.scalb(1.0, Math.getExponent(value) - 7);
    }

    private static void launch(
            Gpu gpu,
            String name,
            NavigableSet<Integer> instances,
            Tensor qkv,
            Tensor out,
            int heads,
            int firstTile,
            int tiles) {
        int width = out.shape().size(2);
        int d = width / heads;
        gpu.launch(
                Types.entry(name + "_d" + instances.ceiling(d), qkv),
                Gpu.grid(tiles, heads, out.shape().dim(0)),
                qkv,
                out,
                out.shape().size(1),
                width,
                d,
                firstTile,
                (float) (1 / Math.sqrt(d)));
    }
}
