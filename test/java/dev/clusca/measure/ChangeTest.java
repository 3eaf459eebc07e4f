package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.random.Philox;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChangeTest {
    @ParameterizedTest
    @CsvSource({
        "100, 0.005, 100, 0.005, SAME",
        "100, 0.005, 102, 0.005, SAME",
        "100, 0.005, 110, 0.005, SLOWER",
        "100, 0.005, 91, 0.005, FASTER",
        "100, 0.005, 103, 0.005, UNSURE", // on the edge of what two runs differ by
        "100, 0.10, 110, 0.05, UNSURE", // too noisy for ten percent
        "100, 0.10, 100, 0.10, UNSURE", // and for sameness
        "100, 0.10, 200, 0.10, SLOWER"
    })
    void verdicts(double before, double beforeNoise, double after, double afterNoise, Change expected) {
        assertThat(Change.of(before, beforeNoise, after, afterNoise)).isEqualTo(expected);
    }

    /** A machine that became faster or slower between two runs of one build, as its own piece of work shows, has changed nothing. */
    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.7, 0.85, 1.2, 1.4, 2})
    void theMachinesOwnSpeedIsNoChange(double speed) {
        double noise = Math.hypot(0.005, DeviceSpeed.drift(90.5, 90.5 * speed));
        assertThat(Change.of(1416.5, 0.005, 1416.5 * speed, noise)).isEqualTo(Change.UNSURE);
    }

    /** Two hundred builds, unchanged and slowed down by a tenth, with noise as a machine has it: jitter of a percent, and every twentieth sample far off. */
    @Test
    void noiseMakesNoVerdictWrong() {
        Map<Change, Integer> unchanged = new EnumMap<>(Change.class);
        Map<Change, Integer> slowed = new EnumMap<>(Change.class);
        for (int run = 0; run < 200; run++) {
            Timings before = samples(100, run, 0);
            unchanged.merge(change(before, samples(100, run, 1)), 1, Integer::sum);
            slowed.merge(change(before, samples(110, run, 2)), 1, Integer::sum);
        }
        assertThat(unchanged).containsOnlyKeys(Change.SAME).containsEntry(Change.SAME, 200);
        assertThat(slowed).containsOnlyKeys(Change.SLOWER).containsEntry(Change.SLOWER, 200);
    }

    private static Change change(Timings before, Timings after) {
        return Change.of(before.median(), before.noise(), after.median(), after.noise());
    }

    private static Timings samples(double micros, int run, int stream) {
        double[] samples = new double[40];
        for (int i = 0; i < samples.length; i++) {
            double u = (Philox.draw(9, i, run, stream, 0) >>> 1) * 0x1p-31;
            double v = (Philox.draw(9, i, run, stream, 1) >>> 1) * 0x1p-31;
            samples[i] = micros * (1 + 0.02 * (u - 0.5)) * (v < 0.05 ? 3 : 1);
        }
        return new Timings(samples);
    }
}
