package dev.clusca.kernels;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowsKernelTest {
    private static final int ROWS = 2;
    private static final int TOKENS = 9;
    private static final int CLUSTERS = 3;

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8, 31, 32, 33, 97, 128, 200, 257, 1152})
    void widths(int width) {
        try (Gpu gpu = new Gpu()) {
            run(gpu, DType.F32, DType.F32, width);
        }
    }

    @Test
    void everyTypeOnBothPaths() {
        for (DType from : Types.FLOATS) {
            for (DType to : Types.FLOATS) {
                try (Gpu gpu = new Gpu()) {
                    run(gpu, from, to, 264);
                    gpu.skew();
                    run(gpu, from, to, 40);
                }
            }
        }
    }

    private static void run(Gpu gpu, DType from, DType to, int width) {
        Tensor index = gpu.host.ints(8, -1, 0, 3, 4, -1).reshape(ROWS, CLUSTERS);
        Tensor labels = gpu.host
                .ints(0, 0, 1, 2, 2, 0, 1, 2, 0, 1, 1, 1, 0, 0, 0, 2, 2, 1)
                .reshape(ROWS, TOKENS);
        Tensor x = gpu.host.random(from, ROWS, TOKENS, width);
        Tensor rows = gpu.host.poison(to, ROWS, CLUSTERS, width);
        gpu.launch(Types.entry("gather_rows", x, rows), Gpu.grid(1), x, index, rows, ROWS, TOKENS, CLUSTERS, width);
        gpu.host.ops.gatherRows(x, index, rows);
        gpu.assertSame(rows);

        Tensor source = gpu.host.random(from, ROWS, CLUSTERS, width);
        Tensor target = gpu.host.random(to, ROWS, TOKENS, width);
        gpu.launch(
                Types.entry("scatter_rows", source, target),
                Gpu.grid(1),
                source,
                index,
                target,
                ROWS,
                TOKENS,
                CLUSTERS,
                width);
        gpu.host.ops.scatterRows(source, index, target);
        gpu.assertSame(target);

        for (float ratio : new float[] {0, 0.005f, 1}) {
            gpu.launch(
                    Types.entry("propagate", source, target),
                    Gpu.grid(Math.ceilDiv(ROWS * TOKENS, 8)),
                    source,
                    index,
                    labels,
                    target,
                    ROWS,
                    TOKENS,
                    CLUSTERS,
                    width,
                    ratio);
            gpu.host.ops.propagate(source, index, labels, ratio, target);
            gpu.assertClose(target);
        }
    }
}
