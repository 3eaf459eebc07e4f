package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What enters a model and what leaves it as an image. */
class EmbeddingTest {
    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @ParameterizedTest
    @CsvSource({"F32, 1, 1, 1, 3", "F32, 2, 6, 4, 33", "BF16, 3, 9, 3, 31"})
    void patchEmbeddingIsAConvolutionWithStride(DType dtype, int patch, int height, int width, int features) {
        if (width % patch != 0) {
            width = patch;
        }
        int channels = 3;
        int across = width / patch;
        int tokens = height / patch * across;
        Tensor images = fixture.random(DType.F32, 2, channels, height, width);
        Tensor weight = fixture.random(dtype, features, (long) channels * patch * patch);
        Tensor bias = fixture.random(dtype, features);
        Tensor positions = fixture.random(DType.F32, tokens, features);
        Tensor x = fixture.poison(dtype, 4, tokens, features);
        fixture.ops.patchEmbed(images, weight, bias, positions, patch, x);
        double[] exact = new double[4 * tokens * features];
        double[] pixels = fixture.read(images);
        double[] w = fixture.read(weight);
        // Every pixel contributes to the one token that it lies in.
        for (int r = 0; r < 4; r++) {
            for (int c = 0; c < channels; c++) {
                for (int y = 0; y < height; y++) {
                    for (int column = 0; column < width; column++) {
                        double pixel = pixels[((r % 2 * channels + c) * height + y) * width + column];
                        int token = y / patch * across + column / patch;
                        int element = (c * patch + y % patch) * patch + column % patch;
                        for (int f = 0; f < features; f++) {
                            exact[(r * tokens + token) * features + f] +=
                                    w[f * channels * patch * patch + element] * pixel;
                        }
                    }
                }
            }
        }
        double[] b = fixture.read(bias);
        double[] withoutPositions = new double[exact.length];
        for (int i = 0; i < exact.length; i++) {
            withoutPositions[i] = exact[i] + b[i % features];
            exact[i] = withoutPositions[i] + fixture.read(positions)[i % (tokens * features)];
        }
        fixture.assertRounded(x, exact);
        fixture.ops.patchEmbed(images, weight, bias, null, patch, x);
        fixture.assertRounded(x, withoutPositions);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void timestepFeaturesAreCosinesThenSines(int shift) {
        Tensor out = fixture.poison(DType.F32, 3, 6);
        fixture.ops.timestepFeatures(fixture.floats(0, 1, 999.5), shift, out);
        double[] frequency = shift == 0
                ? new double[] {1, Math.pow(10000, -1 / 3.0), Math.pow(10000, -2 / 3.0)}
                : new double[] {1, 0.01, 0.0001};
        double[] time = {0, 1, 999.5};
        double[] found = fixture.read(out);
        for (int s = 0; s < 3; s++) {
            for (int i = 0; i < 3; i++) {
                // Rounding the frequency and the angle moves the angle by a few units in its last place.
                double bound = 6e-8 + 4e-7 * time[s] * frequency[i];
                assertThat(found[s * 6 + i]).isCloseTo(Math.cos(time[s] * frequency[i]), within(bound));
                assertThat(found[s * 6 + 3 + i]).isCloseTo(Math.sin(time[s] * frequency[i]), within(bound));
            }
        }
    }

    /** PyTorch 2.13, float32: {@code torch.cos / sin(999 * exp(-log(10000) * arange(128) / 128))} at i = 1, 7, 64. */
    @Test
    void timestepFeaturesRoundWhereThePublishedCodeDoes() {
        Tensor out = fixture.poison(DType.F32, 1, 256);
        fixture.ops.timestepFeatures(fixture.floats(999), 0, out);
        double[] found = fixture.read(out);
        int[] at = {1, 7, 64};
        double[] cosines = {0.96378529, 0.87455052, -0.84446979};
        double[] sines = {-0.26667938, 0.48493439, -0.53560317};
        for (int i = 0; i < at.length; i++) {
            assertThat(found[at[i]]).isCloseTo(cosines[i], within(1.2e-7));
            assertThat(found[128 + at[i]]).isCloseTo(sines[i], within(1.2e-7));
        }
    }

    @Test
    void conditioningAddsEveryLabelToEveryTimestep() {
        Tensor time = fixture.random(DType.BF16, 3, 33);
        Tensor table = fixture.random(DType.F32, 5, 33);
        Tensor out = fixture.poison(DType.F32, 3, 4, 33);
        fixture.ops.conditioning(time, table, fixture.ints(4, 0, 5, -1), out);
        double[] t = fixture.read(time);
        double[] e = fixture.read(table);
        int[] label = {4, 0};
        double[] exact = new double[3 * 4 * 33];
        for (int i = 0; i < exact.length; i++) {
            int d = i / 33 % 4;
            double v = d > 1 ? Double.NaN : t[i / (4 * 33) * 33 + i % 33] + e[label[d] * 33 + i % 33];
            exact[i] = v / (1 + Math.exp(-v));
        }
        fixture.assertRounded(out, exact);
    }

    @Test
    void unpatchifyPutsChannelsLast() {
        // 2 x 1 patches of 2 x 2 pixels and 2 channels: an element's number says row, column, channel.
        double[] tokens = new double[2 * 8];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = i;
        }
        Tensor images = fixture.poison(DType.F32, 1, 2, 4, 2);
        fixture.ops.unpatchify(fixture.of(DType.BF16, new long[] {1, 2, 8}, tokens), 2, images);
        assertThat(fixture.read(images)).containsExactly(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    }

    @Test
    void unpatchifyUndoesCutting() {
        int channels = 3;
        int patch = 2;
        Tensor images = fixture.random(DType.F32, 2, channels, 4, 6);
        // An identity layer cuts; its outputs are reordered from (channel, row, column) to (row, column, channel).
        int size = channels * patch * patch;
        double[] permute = new double[size * size];
        for (int c = 0; c < channels; c++) {
            for (int p = 0; p < patch * patch; p++) {
                permute[(p * channels + c) * size + c * patch * patch + p] = 1;
            }
        }
        Tensor tokens = fixture.poison(DType.F32, 2, 6, size);
        fixture.ops.patchEmbed(
                images,
                fixture.of(DType.F32, new long[] {size, size}, permute),
                fixture.floats(new double[size]),
                null,
                patch,
                tokens);
        Tensor back = fixture.poison(DType.F32, 2, channels, 4, 6);
        fixture.ops.unpatchify(tokens, patch, back);
        assertThat(fixture.read(back)).isEqualTo(fixture.read(images));
    }
}
