package dev.clusca.pipeline.profile;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Backend;
import dev.clusca.backend.Linear;
import dev.clusca.backend.WorkArena;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What a backend reaches on this machine, measured with its own operations, the best of several runs: the denominators of a profile.
 *
 * @param copyBytesPerSecond bytes read and written by a copy of {@value #COPY_MEGABYTES} MB, far more than the caches hold
 * @param flopsPerSecond of a product of {@value #ROWS} x {@value #EXTENT} x {@value #EXTENT} in the type asked for; of fewer rows where that takes long
 */
public record Peaks(double copyBytesPerSecond, double flopsPerSecond) {
    private static final int COPY_MEGABYTES = 128;
    private static final int ROWS = 1024;
    private static final int EXTENT = 2048;
    /** Rows of a first product, which tells how many rows can be had in good time. */
    private static final int FEWEST_ROWS = 32;

    private static final double PRODUCT_SECONDS = 0.3;
    private static final int RUNS = 5;

    /** Measures; takes about a second on two cores. */
    public static Peaks measure(Backend backend, DType dtype) {
        try (WorkArena work = new WorkArena(backend)) {
            Arena arena = work.arena();
            long elements = (COPY_MEGABYTES << 20) / Float.BYTES;
            Tensor from = work.zeros(DType.F32, elements);
            Tensor to = work.zeros(DType.F32, elements);
            double copy = best(backend, RUNS, () -> backend.ops().cast(from, to));
            Linear layer = backend.linear(
                    arena,
                    Tensor.of(MemorySegment.ofArray(new float[EXTENT * EXTENT]), DType.F32, Shape.of(EXTENT, EXTENT)),
                    null,
                    dtype);
            double few = product(backend, work, layer, FEWEST_ROWS, 1);
            int rows = (int) Math.clamp(FEWEST_ROWS * PRODUCT_SECONDS / few, FEWEST_ROWS, ROWS);
            double product = product(backend, work, layer, rows, RUNS);
            return new Peaks(2.0 * from.bytes() / copy, 2.0 * rows * EXTENT * EXTENT / product);
        }
    }

    /** Seconds of the fastest of several products. */
    private static double product(Backend backend, WorkArena work, Linear layer, int rows, int runs) {
        Tensor a = work.zeros(layer.dtype(), rows, EXTENT);
        Tensor out = work.zeros(layer.dtype(), rows, EXTENT);
        return best(backend, runs, () -> backend.ops().gemm(a, layer, Activation.NONE, out));
    }

    private static double best(Backend backend, int runs, Runnable operation) {
        double best = Double.POSITIVE_INFINITY;
        for (int run = 0; run < runs; run++) {
            Backend.Mark start = backend.mark();
            operation.run();
            best = Math.min(best, backend.mark().millisSince(start) * 1e-3);
        }
        return best;
    }
}
