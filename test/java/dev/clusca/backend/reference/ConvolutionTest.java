package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Linear;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConvolutionTest {
    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    /** Against the definition: every product looked up by its coordinates. */
    @ParameterizedTest
    @CsvSource({
        "F32, F32, 1, 1, 1, 1, 1, 3, false, false",
        "F32, F32, 2, 3, 5, 4, 7, 3, false, true",
        "BF16, F32, 1, 4, 3, 5, 300, 3, true, false",
        "F32, BF16, 2, 9, 8, 3, 5, 1, false, true",
        "BF16, BF16, 1, 2, 3, 6, 2, 1, true, true",
        "F32, F32, 1, 12, 13, 2, 3, 3, true, true"
    })
    void isTheSumOverTheFilter(
            DType type,
            DType outType,
            int images,
            int height,
            int width,
            int channels,
            int outputs,
            int size,
            boolean doubled,
            boolean adds) {
        Tensor x = fixture.random(type, images, height, width, channels);
        Tensor weight = fixture.random(type, outputs, (long) size * size * channels);
        Tensor bias = fixture.random(DType.F32, outputs);
        int scale = doubled ? 2 : 1;
        int tall = scale * height;
        int wide = scale * width;
        Tensor residual = adds ? fixture.random(outType, images, tall, wide, outputs) : null;
        double[] added = residual == null ? new double[0] : fixture.read(residual);
        Tensor out = fixture.poison(outType, images, tall, wide, outputs);
        Linear layer = fixture.backend.linear(fixture.arena, weight, bias, type);
        fixture.ops.convolve(x, layer, doubled, residual, out);

        double[] v = fixture.read(x);
        double[] w = fixture.read(weight);
        double[] b = fixture.read(bias);
        double[] exact = new double[images * tall * wide * outputs];
        for (int at = 0; at < exact.length; at++) {
            int n = at % outputs;
            int column = at / outputs % wide;
            int row = at / outputs / wide % tall;
            int image = at / outputs / wide / tall;
            double sum = b[n] + (adds ? added[at] : 0);
            for (int i = 0; i < size; i++) {
                for (int j = 0; j < size; j++) {
                    int y = row + i - size / 2;
                    int z = column + j - size / 2;
                    if (y < 0 || y >= tall || z < 0 || z >= wide) {
                        continue;
                    }
                    for (int c = 0; c < channels; c++) {
                        sum += w[((n * size + i) * size + j) * channels + c]
                                * v[((image * height + y / scale) * width + z / scale) * channels + c];
                    }
                }
            }
            exact[at] = sum;
        }
        fixture.assertRounded(out, exact);
    }

    @Test
    void addsInPlace() {
        Tensor x = fixture.random(DType.F32, 1, 2, 2, 3);
        Linear layer = fixture.backend.linear(fixture.arena, fixture.random(DType.F32, 3, 27), null, DType.F32);
        Tensor out = fixture.random(DType.F32, 1, 2, 2, 3);
        Tensor apart = fixture.poison(DType.F32, 1, 2, 2, 3);
        fixture.ops.convolve(x, layer, false, out, apart);
        fixture.ops.convolve(x, layer, false, out, out);
        assertThat(fixture.read(out)).isEqualTo(fixture.read(apart));
    }

    @Test
    void aNaNReachesItsNeighboursOnly() {
        Tensor x = fixture.of(DType.F32, new long[] {1, 1, 4, 1}, Double.NaN, 1, 1, 1);
        Linear layer = fixture.backend.linear(fixture.arena, fixture.random(DType.F32, 1, 9), null, DType.F32);
        Tensor out = fixture.poison(DType.F32, 1, 1, 4, 1);
        fixture.ops.convolve(x, layer, false, null, out);
        assertThat(Arrays.stream(fixture.read(out)).mapToObj(Double::isNaN).toList())
                .containsExactly(true, true, false, false);
    }
}
