package dev.clusca.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.backend.WorkArena;
import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FlowMatchingTest {
    /** {@code get_schedule} of the published code, with its shift for 8 x 12 tokens. */
    @Test
    void publishedSchedule() {
        double[] times;
        try (Checkpoint golden =
                Safetensors.open(Path.of(System.getProperty("clusca.golden"), "flux/flux-trajectories.safetensors"))) {
            times = golden.doubles("schedule");
        }
        float[] ours = FlowMatching.shifted(times.length - 1, 8 * 12).timesteps();
        for (int i = 0; i < ours.length; i++) {
            assertThat(ours[i]).as("time %d", i).isCloseTo((float) times[i], within(1e-6f));
        }
    }

    /** At 4096 tokens mu is 1.15: half of the way in the middle becomes e^1.15 / (e^1.15 + 1). */
    @Test
    void theShiftMovesTheMiddle() {
        float[] times = FlowMatching.shifted(2, 4096).timesteps();
        assertThat(times[0]).isEqualTo(1);
        assertThat(times[1]).isCloseTo((float) (Math.exp(1.15) / (Math.exp(1.15) + 1)), within(1e-6f));
        assertThat(FlowMatching.even(4).timesteps()).containsExactly(1, 0.75f, 0.5f, 0.25f);
    }

    /** e^mu overflows there. */
    @Test
    void anImageOfMillionsOfTokensBeginsAtNoise() {
        assertThat(FlowMatching.shifted(1, 39_000_000).timesteps()).containsExactly(1);
    }

    @Test
    void aStepFollowsTheVelocity() {
        FlowMatching flow = FlowMatching.of(1, 0.7, 0.2, 0);
        try (Backend backend = Backends.require("reference", BackendOptions.DEFAULT);
                WorkArena work = new WorkArena(backend)) {
            float[][] rows = new float[flow.steps()][Column.COUNT];
            for (int step = 0; step < rows.length; step++) {
                flow.fill(rows[step], step);
                assertThat(rows[step][Column.STEP.ordinal()]).isEqualTo(step);
            }
            StepTable table = StepTable.of(backend, work.arena(), rows);
            Tensor x = put(backend, work, 1, -2, 3, 0.5f, 4, 6);
            Tensor velocity = put(backend, work, 10, 20, -30, 0, 1, 2);
            float[] seen = new float[6];
            float[] steps = {-0.3f, -0.5f, -0.2f};
            float[] expected = {1, -2, 3, 0.5f, 4, 6};
            float[] v = {10, 20, -30, 0, 1, 2};
            for (float step : steps) {
                flow.update(backend.ops(), x, velocity, table);
                backend.ops().advance(table);
                backend.read(x, MemorySegment.ofArray(seen));
                for (int i = 0; i < v.length; i++) {
                    expected[i] += step * v[i];
                }
                assertThat(seen).containsExactly(expected, within(1e-5f));
            }
        }
    }

    private static Tensor put(Backend backend, WorkArena work, float... values) {
        Tensor t = backend.allocate(work.arena(), DType.F32, Shape.of(1, 3, 2));
        backend.write(t, MemorySegment.ofArray(values));
        return t;
    }

    @Test
    void timesMustFall() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FlowMatching.of(1, 0.5, 0.5, 0))
                .withMessage("time 2 of a flow is 0.5 after 0.5; expected less, and at least 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FlowMatching.of(1.5, 0))
                .withMessage("time 0 of a flow is 1.5; expected 0 to 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FlowMatching.of(Double.NaN, 0))
                .withMessageContaining("time 0 of a flow is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FlowMatching.of(1))
                .withMessageContaining("at least 2 times");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -3, 1001, Integer.MAX_VALUE})
    void stepsAreOneToAThousand(int steps) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FlowMatching.even(steps))
                .withMessage(steps + " steps, expected 1 to 1000");
    }
}
