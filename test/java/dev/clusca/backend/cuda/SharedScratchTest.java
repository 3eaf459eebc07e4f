package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Activation;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Linear;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Operations that need memory beside their arguments share it: what one leaves there must not disturb the next. */
@Tag("emulated")
class SharedScratchTest {
    private static final int ROWS = 4;
    private static final int TOKENS = 24;
    private static final int WIDTH = 40;
    private static final int CLUSTERS = 3;
    /** k is split between blocks: 4 blocks of 32 outputs leave multiprocessors idle. */
    private static final int INPUTS = 1024;

    private static final int OUTPUTS = 128;

    @Test
    void aProductOfFewRowsAfterKMeans() {
        try (CudaBackend backend = CudaBackend.open(CudaDrivers.open(), 0);
                Arena arena = Arena.ofShared()) {
            Tensor a = backend.allocate(arena, DType.BF16, Shape.of(16, INPUTS));
            short[] ones = new short[16 * INPUTS];
            Arrays.fill(ones, Bf16.fromFloat(1));
            backend.write(a, MemorySegment.ofArray(ones));
            float[] weights = new float[OUTPUTS * INPUTS];
            Arrays.fill(weights, 1);
            Linear layer = backend.linear(
                    arena,
                    Tensor.of(MemorySegment.ofArray(weights), DType.F32, Shape.of(OUTPUTS, INPUTS)),
                    null,
                    DType.BF16);
            kMeans(backend, arena);
            for (int i = 0; i < 2; i++) {
                Tensor out = backend.allocate(arena, DType.F32, Shape.of(16, OUTPUTS));
                backend.write(out, MemorySegment.ofArray(new float[16 * OUTPUTS]));
                backend.ops().gemm(a, layer, Activation.NONE, out);
                float[] found = new float[16 * OUTPUTS];
                backend.read(out, MemorySegment.ofArray(found));
                assertThat(found).containsOnly(INPUTS);
            }
        }
    }

    /** Rows that go on for more than one iteration. */
    private static void kMeans(CudaBackend backend, Arena arena) {
        Tensor x = backend.allocate(arena, DType.F32, Shape.of(ROWS, TOKENS, WIDTH));
        float[] values = new float[ROWS * TOKENS * WIDTH];
        for (int i = 0; i < values.length; i++) {
            values[i] = i * 7919 % 1009 / 504.5f - 1;
        }
        backend.write(x, MemorySegment.ofArray(values));
        Tensor centroids = backend.allocate(arena, DType.F32, Shape.of(ROWS, CLUSTERS, WIDTH));
        backend.write(centroids, MemorySegment.ofArray(Arrays.copyOf(values, ROWS * CLUSTERS * WIDTH)));
        Tensor iterations = backend.allocate(arena, DType.I32, Shape.of(ROWS));
        backend.ops()
                .kMeans(
                        x,
                        KMeansOptions.DEFAULT,
                        centroids,
                        backend.allocate(arena, DType.I32, Shape.of(ROWS, TOKENS)),
                        iterations);
        int[] made = new int[ROWS];
        backend.read(iterations, MemorySegment.ofArray(made));
        assertThat(made).doesNotContain(0, 1);
    }
}
