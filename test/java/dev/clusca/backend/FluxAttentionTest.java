package dev.clusca.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.cases.Raw;
import dev.clusca.cases.Rng;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The attention of FLUX's double blocks on every backend: text and image tokens are normalised with scales of their own, turned by their positions, and attend to each other. Beside it stands the
 * formula in float64, which knows a pair of channels as a complex number and a softmax as a quotient of sums.
 */
@Tag("emulated")
class FluxAttentionTest {
    private static final int ROWS = 2;
    private static final int TEXT = 5;
    private static final int TOKENS = 33;
    private static final int HEADS = 3;
    private static final int D = 32;
    private static final int WIDTH = HEADS * D;

    private final Rng rng = new Rng(20, "flux attention");

    private float[] numbers(int count, DoubleSupplier each) {
        float[] v = new float[count];
        for (int i = 0; i < count; i++) {
            v[i] = (float) each.getAsDouble();
        }
        return v;
    }

    @ParameterizedTest
    @CsvSource({
        "reference, F32, 1e-6", "cpu, F32, 1e-5", "cuda, F32, 1e-5", "cuda:naive, F32, 1e-5",
        "reference, BF16, 6e-3", "cpu, BF16, 6e-3", "cuda, BF16, 6e-3", "cuda:naive, BF16, 6e-3"
    })
    void isTheFormula(String name, DType dtype, double bound) {
        Raw qkv = Raw.of(dtype, numbers(ROWS * TOKENS * 3 * WIDTH, rng::bell));
        float[] angles = numbers(TOKENS * D / 2, () -> 3 * rng.bell());
        float[][] scales = new float[4][];
        Arrays.setAll(scales, i -> numbers(D, () -> 1 + 0.3 * rng.bell()));
        double[] expected = attention(qkv.floats(), angles, scales);
        float[] found = run(name, qkv, angles, scales);
        double error = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            error += (found[i] - expected[i]) * (found[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        assertThat(Math.sqrt(error / norm)).as("relative L2 error").isLessThan(bound);
    }

    private static float[] run(String name, Raw values, float[] angles, float[][] scales) {
        try (Backend backend = Backends.require(name, BackendOptions.DEFAULT);
                WorkArena work = new WorkArena(backend)) {
            Tensor qkv = put(backend, work, values, ROWS, TOKENS, 3 * WIDTH);
            float[] pairs = new float[2 * angles.length];
            for (int i = 0; i < angles.length; i++) {
                pairs[2 * i] = (float) Math.cos(angles[i]);
                pairs[2 * i + 1] = (float) Math.sin(angles[i]);
            }
            Tensor rotations = put(backend, work, Raw.of(DType.F32, pairs), TOKENS, D / 2, 2);
            Tensor[] s = new Tensor[scales.length];
            Arrays.setAll(s, i -> put(backend, work, Raw.of(DType.F32, scales[i]), D));
            for (int r = 0; r < ROWS; r++) {
                stream(backend, qkv.slice(r), 0, TEXT, s[0], s[1], rotations);
                stream(backend, qkv.slice(r), TEXT, TOKENS - TEXT, s[2], s[3], rotations);
            }
            Tensor out = backend.allocate(work.arena(), values.dtype(), Shape.of(ROWS, TOKENS, WIDTH));
            backend.ops().attention(qkv, HEADS, out);
            Raw result = new Raw(values.dtype(), new int[ROWS * TOKENS * WIDTH]);
            var memory = result.memory();
            backend.read(out, memory);
            return Raw.of(values.dtype(), memory).floats();
        }
    }

    /** One stream's part of a batch row. */
    private static void stream(
            Backend backend, Tensor row, int first, int count, Tensor queryScale, Tensor keyScale, Tensor rotations) {
        Tensor part = row.rows(first, count).reshape(1, count, 3 * WIDTH);
        backend.ops().qkNormRope(part, HEADS, queryScale, keyScale, 1e-6f, rotations.rows(first, count));
    }

    private static Tensor put(Backend backend, WorkArena work, Raw values, long... extents) {
        Tensor tensor = backend.allocate(work.arena(), values.dtype(), Shape.of(extents));
        backend.write(tensor, values.memory());
        return tensor;
    }

    // ---- the formula

    private static double[] attention(float[] qkv, float[] angles, float[][] scales) {
        double[] out = new double[ROWS * TOKENS * WIDTH];
        for (int row = 0; row < ROWS; row++) {
            for (int head = 0; head < HEADS; head++) {
                double[][] queries = new double[TOKENS][];
                double[][] keys = new double[TOKENS][];
                for (int n = 0; n < TOKENS; n++) {
                    int at = (row * TOKENS + n) * 3 * WIDTH + head * D;
                    int stream = n < TEXT ? 0 : 2;
                    queries[n] = prepared(qkv, at, scales[stream], angles, n);
                    keys[n] = prepared(qkv, at + WIDTH, scales[stream + 1], angles, n);
                }
                for (int n = 0; n < TOKENS; n++) {
                    double[] sums = new double[D + 1];
                    for (int m = 0; m < TOKENS; m++) {
                        double score = 0;
                        for (int c = 0; c < D; c++) {
                            score += queries[n][c] * keys[m][c];
                        }
                        double weight = Math.exp(score / Math.sqrt(D));
                        for (int c = 0; c < D; c++) {
                            sums[c] += weight * qkv[(row * TOKENS + m) * 3 * WIDTH + 2 * WIDTH + head * D + c];
                        }
                        sums[D] += weight;
                    }
                    for (int c = 0; c < D; c++) {
                        out[(row * TOKENS + n) * WIDTH + head * D + c] = sums[c] / sums[D];
                    }
                }
            }
        }
        return out;
    }

    /** A head's query or key, each pair as absolute value and angle. */
    private static double[] prepared(float[] qkv, int at, float[] scale, float[] angles, int token) {
        double squares = 0;
        for (int c = 0; c < D; c++) {
            squares += (double) qkv[at + c] * qkv[at + c];
        }
        double root = Math.sqrt(squares / D + 1e-6);
        double[] v = new double[D];
        for (int c = 0; c < D; c += 2) {
            double real = qkv[at + c] / root * scale[c];
            double imaginary = qkv[at + c + 1] / root * scale[c + 1];
            double angle = Math.atan2(imaginary, real) + angles[token * D / 2 + c / 2];
            v[c] = Math.hypot(real, imaginary) * Math.cos(angle);
            v[c + 1] = Math.hypot(real, imaginary) * Math.sin(angle);
        }
        return v;
    }
}
