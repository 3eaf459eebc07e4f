package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.cache.StepKind;
import dev.clusca.pipeline.RunMetrics.StepTime;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunMetricsTest {
    /** The first run was disturbed in its last step, the second in its first and between steps. */
    @Test
    void anUndisturbedRunHasTheLeastTimeOfEachStep() {
        RunMetrics first = run(115, 40, 4, 70);
        RunMetrics second = run(137, 60, 3, 50);

        RunMetrics undisturbed = RunMetrics.undisturbed(List.of(first, second));

        assertThat(undisturbed.steps()).extracting(StepTime::ms).containsExactly(40.0, 3.0, 50.0);
        assertThat(undisturbed.steps()).extracting(StepTime::step).containsExactly(2, 1, 0);
        assertThat(undisturbed.totalMs()).isCloseTo(40 + 3 + 50 + 1, within(1e-9));
        assertThat(undisturbed.fullStepMs()).hasValue(45);
        assertThat(undisturbed.cachedStepMs()).hasValue(3);
        assertThat(undisturbed.publishedFlops()).isEqualTo(7);
        assertThat(undisturbed.executedFlops()).isEqualTo(5);
    }

    @Test
    void aSingleRunCountsAsItIs() {
        RunMetrics run = run(115, 40, 4, 70);

        assertThat(RunMetrics.undisturbed(List.of(run))).isEqualTo(run);
    }

    private static RunMetrics run(double total, double first, double second, double third) {
        return new RunMetrics(
                total,
                List.of(
                        new StepTime(2, StepKind.FULL, first),
                        new StepTime(1, StepKind.CACHED, second),
                        new StepTime(0, StepKind.FULL, third)),
                7,
                5);
    }
}
