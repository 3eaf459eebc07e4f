package dev.clusca.kernels;

import dev.clusca.backend.Draws;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Philox on the device gives the tokens that it gives in Java. */
class DrawsKernelTest {
    @ParameterizedTest
    @CsvSource({"1, 1, 0", "3, 2, 1", "31, 7, 49", "33, 33, 16777215", "256, 16, 20", "257, 5, 3", "1000, 64, 12"})
    void firstTokens(int tokens, int clusters, int step) {
        try (Gpu gpu = new Gpu()) {
            StepTable steps = gpu.host.step(Map.of(Column.STEP, (double) step));
            Tensor rows = gpu.host.ints(6, 7, 201);
            Tensor first = gpu.host.poison(DType.I32, 3, clusters);
            long seed = -0x123456789abcdefL * (step + 1);
            gpu.launch(
                    "draw_first_tokens",
                    Gpu.grid(3),
                    rows,
                    steps.rows(),
                    steps.cursor(),
                    first,
                    seed,
                    tokens,
                    clusters,
                    1);
            gpu.host.ops.drawFirstTokens(new Draws(seed, rows, 1, steps), tokens, first);
            gpu.assertSame(first);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 0", "3, 2, 1", "31, 7, 49", "33, 33, 16777215", "256, 16, 20", "257, 64, 3"})
    void representatives(int tokens, int clusters, int step) {
        try (Gpu gpu = new Gpu()) {
            StepTable steps = gpu.host.step(Map.of(Column.STEP, (double) step));
            Tensor rows = gpu.host.ints(6, 7);
            SplittableRandom random = new SplittableRandom(step);
            // The last cluster stays empty where there are others.
            Tensor labels = gpu.host
                    .ints(IntStream.generate(() -> random.nextInt(Math.max(1, clusters - 1)))
                            .limit(2L * tokens)
                            .toArray())
                    .reshape(2, tokens);
            Tensor representatives = gpu.host.poison(DType.I32, 5, 2, clusters);
            long seed = 0x7edcba9876543210L + step;
            gpu.launch(
                    "draw_representatives",
                    Gpu.grid(2, 5),
                    rows,
                    steps.rows(),
                    steps.cursor(),
                    labels,
                    representatives,
                    seed,
                    tokens,
                    clusters,
                    1);
            gpu.host.ops.drawRepresentatives(new Draws(seed, rows, 1, steps), labels, representatives);
            gpu.assertSame(representatives);
        }
    }
}
