package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.Draws;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.StepKind;
import dev.clusca.cli.verify.ForwardingBackend;
import dev.clusca.cli.verify.ForwardingOps;
import dev.clusca.model.dit.DitModel;
import dev.clusca.model.dit.TinyDit;
import dev.clusca.random.Normals;
import dev.clusca.random.Purpose;
import dev.clusca.sampler.Ddim;
import dev.clusca.sampler.Sampler;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a run draws, and what its clusterings begin with, as the operations see it. */
class RunDrawsTest {
    private static final long SEED = 5;
    private static final int FIRST_IMAGE = 3;

    @TempDir
    Path folder;

    private Backend reference;
    private Arena arena;
    private Sampling sampling;

    /** The rows of each draw of first tokens, and of representatives. */
    private final List<int[]> firstRows = new ArrayList<>();

    private final List<int[]> representativeRows = new ArrayList<>();
    /** The centroids before each clustering and after it. */
    private final List<float[]> before = new ArrayList<>();

    private final List<float[]> after = new ArrayList<>();
    private final List<float[]> noise = new ArrayList<>();

    private final class Watched extends ForwardingBackend {
        private final Ops ops = new ForwardingOps(reference.ops()) {
            @Override
            public void drawFirstTokens(Draws draws, int count, Tensor tokens) {
                firstRows.add(ints(draws.rows()));
                super.drawFirstTokens(draws, count, tokens);
            }

            @Override
            public void drawRepresentatives(Draws draws, Tensor labels, Tensor representatives) {
                representativeRows.add(ints(draws.rows()));
                super.drawRepresentatives(draws, labels, representatives);
            }

            @Override
            public void kMeans(Tensor x, KMeansOptions options, Tensor centroids, Tensor labels, Tensor iterations) {
                before.add(floats(centroids));
                super.kMeans(x, options, centroids, labels, iterations);
                after.add(floats(centroids));
            }

            @Override
            public void ddimUpdate(Tensor x, Tensor output, @Nullable Tensor added, boolean clip, StepTable steps) {
                noise.add(floats(added));
                super.ddimUpdate(x, output, added, clip, steps);
            }

            @Override
            public void ddpmUpdate(Tensor x, Tensor output, Tensor added, boolean clip, StepTable steps) {
                noise.add(floats(added));
                super.ddpmUpdate(x, output, added, clip, steps);
            }
        };

        Watched() {
            super(reference);
        }

        @Override
        public Ops ops() {
            return ops;
        }
    }

    private int[] ints(Tensor tensor) {
        int[] values = new int[Math.toIntExact(tensor.shape().elements())];
        reference.read(tensor, MemorySegment.ofArray(values));
        return values;
    }

    private float[] floats(@Nullable Tensor tensor) {
        float[] values =
                new float[tensor == null ? 0 : Math.toIntExact(tensor.shape().elements())];
        if (tensor != null) {
            reference.read(tensor, MemorySegment.ofArray(values));
        }
        return values;
    }

    @BeforeEach
    @SuppressWarnings("MustBeClosedChecker") // closed by close()
    void open() throws IOException {
        TinyDit.write(folder);
        reference = Backends.require("reference", BackendOptions.DEFAULT);
        arena = Arena.ofShared();
        sampling = new Sampling(DitModel.load(folder, new Watched(), arena, DType.F32))
                .sampler(new Ddim(10, 0, false))
                .policy(CachePolicy.parse("clusca:interval=3,clusters=4,gamma=0.3"))
                .guidance(2)
                .seed(SEED)
                .firstImage(FIRST_IMAGE);
    }

    @AfterEach
    void close() {
        arena.close();
        reference.close();
    }

    /** Image id * 2, + 1 for the unconditional row, which draws its own tokens. */
    @Test
    void everyRowDrawsByItsImageAndCondition() {
        List<RunMetrics.StepTime> steps = sampling.run(0, 4).metrics().steps();
        int cached = Math.toIntExact(
                steps.stream().filter(step -> step.kind() == StepKind.CACHED).count());
        assertThat(firstRows).hasSize(1);
        assertThat(representativeRows).hasSize(cached);
        assertThat(firstRows).allSatisfy(rows -> assertThat(rows).containsExactly(6, 8, 7, 9));
        assertThat(representativeRows).allSatisfy(rows -> assertThat(rows).containsExactly(6, 8, 7, 9));
    }

    @Test
    void aClusteringBeginsWhereTheLastOneEnded() {
        sampling.run(0, 4);
        assertThat(before).hasSizeGreaterThan(2);
        for (int i = 1; i < before.size(); i++) {
            assertThat(before.get(i)).isEqualTo(after.get(i - 1));
            assertThat(after.get(i)).isNotEqualTo(after.get(i - 1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ddpm", "ddim:eta=0.7"})
    void everyStepAddsANoiseOfItsOwn(String sampler) {
        int steps = 4;
        sampling.sampler(Sampler.parse(sampler, steps)).run(0, 4);
        assertThat(noise).hasSize(steps);
        for (int i = 0; i < steps - 1; i++) { // the last step adds none
            float[] both = noise.get(i);
            float[] expected = new float[both.length / 2];
            for (int image = 0; image < 2; image++) {
                Normals.fill(expected, SEED, FIRST_IMAGE + image, steps - 1 - i, Purpose.STEP_NOISE);
                float[] found = new float[expected.length];
                System.arraycopy(both, image * found.length, found, 0, found.length);
                assertThat(found).as("step %d, image %d", i, image).isEqualTo(expected);
            }
        }
    }
}
