package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.Draws;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Modulation;
import dev.clusca.backend.Ops;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One graph serves every step: the step table and its cursor, in device memory, make the steps differ. */
@Tag("emulated")
class CapturedStepTest {
    private static final int STEPS = 6;

    /** Through each provider, and with the plainest kernels. */
    static Stream<Named<Supplier<CudaBackend>>> backends() {
        return Stream.concat(
                CudaDrivers.names().stream()
                        .map(name -> Named.of(name, () -> CudaBackend.open(CudaDrivers.open(name), 0))),
                Stream.of(Named.of("naive", () -> CudaBackend.open(CudaDrivers.open(), 0, CudaVariant.NAIVE))));
    }

    @ParameterizedTest
    @MethodSource("backends")
    void aGraphLaunchedForEveryStepEqualsTheOperationsOneByOne(Supplier<CudaBackend> open) {
        List<float[]> eager;
        List<float[]> captured;
        float[] eagerNorm;
        float[] capturedNorm;
        try (CudaBackend backend = open.get();
                Arena arena = Arena.ofShared()) {
            Model model = new Model(backend, arena);
            for (int s = 0; s < STEPS; s++) {
                model.step();
            }
            eager = model.state();
            eagerNorm = model.read(model.normed);
            model.reset();
            try (CudaGraph graph = backend.capture(model::step)) {
                for (int s = 0; s < STEPS; s++) {
                    backend.launch(graph);
                }
                captured = model.state();
                capturedNorm = model.read(model.normed);
            }
        }
        for (int i = 0; i < eager.size(); i++) {
            assertThat(captured.get(i)).as("state %d", i).isEqualTo(eager.get(i));
        }
        assertThat(capturedNorm).isEqualTo(eagerNorm);
        try (Backend reference = Backends.require("reference", new BackendOptions(1));
                Arena arena = Arena.ofShared()) {
            Model model = new Model(reference, arena);
            for (int s = 0; s < STEPS; s++) {
                model.step();
            }
            List<float[]> expected = model.state();
            for (int i = 0; i < expected.size(); i++) {
                assertThat(distance(captured.get(i), expected.get(i)))
                        .as("relative L2 distance from the reference of state %d", i)
                        .isLessThan(1e-4);
            }
        }
    }

    private static double distance(float[] found, float[] expected) {
        double error = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            error += Math.pow(found[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(error / norm);
    }

    /** The operations of a ClusCa step that have a kernel, in an order that hands results on. */
    private static final class Model {
        private static final int ROWS = 2;
        private static final int TOKENS = 12;
        private static final int WIDTH = 40;
        private static final int CLUSTERS = 3;

        private final Backend backend;
        private final Arena arena;
        private final Steps steps;
        private final Draws draws;
        private final Modulation modulation;
        private final Tensor x;
        private final Tensor normed;
        private final Tensor ladder;
        private final Tensor centroids;
        private final Tensor labels;
        private final Tensor iterations;
        private final Tensor representatives;
        private final Tensor rows;
        private final Tensor latents;
        private final Tensor output;

        Model(Backend backend, Arena arena) {
            this.backend = backend;
            this.arena = arena;
            steps = new Steps(backend, arena, STEPS);
            draws = steps.draws(ROWS);
            Tensor conditions = integers(ROWS);
            backend.write(conditions, MemorySegment.ofArray(new int[] {1, 0}));
            Tensor table = floats(STEPS, 2, 3, WIDTH);
            fill(table, 0.3f);
            modulation = new Modulation(table, conditions, steps.table());
            x = floats(ROWS, TOKENS, WIDTH);
            normed = floats(ROWS, TOKENS, WIDTH);
            ladder = floats(3, ROWS, TOKENS, WIDTH);
            centroids = floats(ROWS, CLUSTERS, WIDTH);
            labels = integers(ROWS, TOKENS);
            iterations = integers(ROWS);
            representatives = integers(1, ROWS, CLUSTERS);
            rows = floats(ROWS, CLUSTERS, WIDTH);
            latents = floats(1, 2, 4, 5);
            output = floats(ROWS, 2, 4, 5);
            reset();
        }

        void reset() {
            steps.rewind();
            fill(x, 1);
            fill(ladder, 0.5f);
            fill(centroids, 1);
            fill(latents, 1);
            fill(output, 0.7f);
        }

        void step() {
            Ops ops = backend.ops();
            ops.layerNormModulate(x, modulation, 0, 1, 1e-6f, normed);
            ops.ladderUpdate(x, ladder, steps.table());
            ops.kMeans(x, KMeansOptions.DEFAULT, centroids, labels, iterations);
            ops.drawRepresentatives(draws, labels, representatives);
            ops.gatherRows(x, representatives.slice(0), rows);
            ops.propagate(rows, representatives.slice(0), labels, 0.25f, ladder.slice(0));
            ops.forecastResidual(ladder, modulation, 2, x);
            ops.guidance(output, 1.5f, 1);
            ops.ddimUpdate(latents, output, null, true, steps.table());
            ops.advance(steps.table());
        }

        List<float[]> state() {
            return List.of(read(x), read(ladder), read(centroids), read(latents), read(output));
        }

        private Tensor floats(long... extents) {
            return backend.allocate(arena, DType.F32, Shape.of(extents));
        }

        private Tensor integers(long... extents) {
            return backend.allocate(arena, DType.I32, Shape.of(extents));
        }

        /** Numbers without a pattern that k-means or a mean could run into. */
        private void fill(Tensor tensor, float scale) {
            float[] values = new float[(int) tensor.shape().elements()];
            for (int i = 0; i < values.length; i++) {
                values[i] = scale * (i * 7919 % 1009 / 504.5f - 1);
            }
            backend.write(tensor, MemorySegment.ofArray(values));
        }

        private float[] read(Tensor tensor) {
            float[] values = new float[(int) tensor.shape().elements()];
            backend.read(tensor, MemorySegment.ofArray(values));
            return values;
        }
    }
}
