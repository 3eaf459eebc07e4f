package dev.clusca.kernels;

import static dev.clusca.kernels.Cost.CLUSTERS;
import static dev.clusca.kernels.Cost.ELEMENTS;
import static dev.clusca.kernels.Cost.FEW_ELEMENTS;
import static dev.clusca.kernels.Cost.ROWS;
import static dev.clusca.kernels.Cost.TOKENS;
import static dev.clusca.kernels.Cost.WIDTH;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** {@code rows.cu}: each row once in, once out. */
final class RowCosts {
    private RowCosts() {}

    static Stream<Cost> all() {
        return Stream.of(
                        Types.tuples(2).map(RowCosts::gather),
                        Types.tuples(2).map(RowCosts::scatter),
                        Types.tuples(2).map(RowCosts::propagate))
                .flatMap(costs -> costs);
    }

    private static Cost gather(List<DType> types) {
        DType x = types.get(0);
        DType rows = types.get(1);
        String entry = Types.entry("gather_rows", x, rows);
        return Cost.of(
                entry,
                FEW_ELEMENTS * (x.bytes() + rows.bytes()),
                gpu -> gpu.launch(
                        entry,
                        Gpu.grid(ROWS * CLUSTERS / 8),
                        gpu.host.random(x, ROWS, TOKENS, WIDTH),
                        index(gpu),
                        gpu.host.poison(rows, ROWS, CLUSTERS, WIDTH),
                        ROWS,
                        TOKENS,
                        CLUSTERS,
                        WIDTH));
    }

    private static Cost scatter(List<DType> types) {
        DType rows = types.get(0);
        DType target = types.get(1);
        String entry = Types.entry("scatter_rows", rows, target);
        return Cost.of(
                entry,
                FEW_ELEMENTS * (rows.bytes() + target.bytes()),
                gpu -> gpu.launch(
                        entry,
                        Gpu.grid(ROWS * CLUSTERS / 8),
                        gpu.host.random(rows, ROWS, CLUSTERS, WIDTH),
                        index(gpu),
                        gpu.host.random(target, ROWS, TOKENS, WIDTH),
                        ROWS,
                        TOKENS,
                        CLUSTERS,
                        WIDTH));
    }

    /** The contract counts a cluster's row with every token that takes it. */
    private static Cost propagate(List<DType> types) {
        DType rows = types.get(0);
        DType target = types.get(1);
        String entry = Types.entry("propagate", rows, target);
        return Cost.of(
                entry,
                ELEMENTS * (rows.bytes() + 2L * target.bytes()),
                gpu -> gpu.launch(
                        entry,
                        Gpu.grid(ROWS * TOKENS / 8),
                        gpu.host.random(rows, ROWS, CLUSTERS, WIDTH),
                        index(gpu),
                        labels(gpu),
                        gpu.host.random(target, ROWS, TOKENS, WIDTH),
                        ROWS,
                        TOKENS,
                        CLUSTERS,
                        WIDTH,
                        0.1f));
    }

    private static Tensor index(Gpu gpu) {
        return gpu.host
                .ints(IntStream.range(0, ROWS * CLUSTERS)
                        .map(i -> i % CLUSTERS * 3)
                        .toArray())
                .reshape(ROWS, CLUSTERS);
    }

    /** Token n belongs to cluster n mod 16. */
    static Tensor labels(Gpu gpu) {
        return gpu.host
                .ints(IntStream.range(0, ROWS * TOKENS).map(i -> i % CLUSTERS).toArray())
                .reshape(ROWS, TOKENS);
    }
}
