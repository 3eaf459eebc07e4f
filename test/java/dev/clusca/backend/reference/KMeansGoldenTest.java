package dev.clusca.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clusterings of the published code: cold from given tokens, then warm from the centroids that it found, stopping over the whole batch. */
class KMeansGoldenTest {
    private static final Path GOLDEN = Path.of(System.getProperty("clusca.golden"), "dit/kmeans.safetensors");

    private final Fixture fixture = new Fixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"small", "xl", "ragged", "many_iterations", "capped", "duplicate_init"})
    void matchesThePublishedCode(String set) {
        try (Checkpoint golden = Safetensors.open(GOLDEN)) {
            Tensor x = golden.tensor(set + ".x");
            Shape shape = golden.shape(set + ".centroids");
            Tensor centroids = fixture.poison(DType.F32, shape.toArray());
            fixture.ops.gatherRows(
                    copy(x),
                    fixture.of(DType.I32, golden.shape(set + ".init").toArray(), doubles(golden.ints(set + ".init"))),
                    centroids);
            check(golden, set, x, "", 0, centroids);
            check(golden, set, golden.tensor(set + ".x2"), "warm_", 1, centroids);
        }
    }

    private void check(Checkpoint golden, String set, Tensor x, String kind, int run, Tensor centroids) {
        KMeansOptions options = new KMeansOptions(golden.ints(set + ".limit")[0], 1e-4f, 1e-8f, true);
        Tensor labels = fixture.poison(DType.I32, x.shape().dim(0), x.shape().dim(1));
        Tensor iterations = fixture.poison(DType.I32, x.shape().dim(0));
        fixture.ops.kMeans(copy(x), options, centroids, labels, iterations);
        assertThat(fixture.readInts(labels)).isEqualTo(golden.ints(set + "." + kind + "labels"));
        assertThat(fixture.readInts(iterations)).containsOnly(golden.ints(set + ".iterations")[run]);
        double[] found = fixture.read(centroids);
        float[] expected = golden.floats(set + "." + kind + "centroids");
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i])
                    .as("centroid element %d", i)
                    .isCloseTo(expected[i], within(1e-6 + 1e-6 * Math.abs(expected[i])));
        }
    }

    /** The golden file's memory belongs to the file; the backend computes in its own. */
    private Tensor copy(Tensor source) {
        Tensor target = fixture.backend.allocate(fixture.arena, source.dtype(), source.shape());
        fixture.backend.write(target, source.memory());
        return target;
    }

    private static double[] doubles(int[] values) {
        return Arrays.stream(values).asDoubleStream().toArray();
    }
}
