package dev.clusca.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Safetensors;
import java.nio.file.Path;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NoiseScheduleTest {
    private static final Path GOLDEN = Path.of(System.getProperty("clusca.golden"), "dit/diffusion.safetensors");

    @ParameterizedTest
    @ValueSource(strings = {"10", "20", "50", "250", "ddim50"})
    void hasThePublishedTables(String respacing) {
        NoiseSchedule schedule = NoiseSchedule.respaced(respacing);
        try (Checkpoint golden = Safetensors.open(GOLDEN)) {
            assertThat(IntStream.range(0, schedule.steps()).map(schedule::timestep))
                    .containsExactly(boxed(golden.ints(respacing + ".timestep_map")));
            assertTable(golden, respacing, "betas", schedule::beta);
            assertTable(golden, respacing, "alphas_cumprod", schedule::alphaBar);
            assertTable(golden, respacing, "sqrt_recip_alphas_cumprod", schedule::sqrtRecipAlphaBar);
            assertTable(golden, respacing, "sqrt_recipm1_alphas_cumprod", schedule::sqrtRecipm1AlphaBar);
            assertTable(golden, respacing, "posterior_variance", schedule::posteriorVariance);
            assertTable(golden, respacing, "posterior_log_variance_clipped", schedule::posteriorLogVarianceClipped);
            assertTable(golden, respacing, "posterior_mean_coef1", schedule::posteriorMeanCoef1);
            assertTable(golden, respacing, "posterior_mean_coef2", schedule::posteriorMeanCoef2);
        }
    }

    private static void assertTable(Checkpoint golden, String respacing, String table, IntToDoubleFunction entry) {
        double[] expected = golden.doubles(respacing + "." + table);
        for (int step = 0; step < expected.length; step++) {
            assertThat(entry.applyAsDouble(step))
                    .as("%s.%s[%d]", respacing, table, step)
                    .isCloseTo(expected[step], Percentage.withPercentage(1e-10));
        }
    }

    @Test
    void alphaBarPrevIsTheNextStepsAlphaBar() {
        NoiseSchedule schedule = NoiseSchedule.respaced("20");
        assertThat(schedule.alphaBarPrev(0)).isEqualTo(1);
        assertThat(schedule.alphaBarPrev(7)).isEqualTo(schedule.alphaBar(6));
    }

    /** Values of the published {@code space_timesteps(1000, ..)}. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1|0",
                "2|0 999",
                "5|0 250 500 749 999",
                "ddim2|0 500",
                "ddim4|0 250 500 750",
                "ddim5|0 200 400 600 800",
                "2,3|0 499 500 750 999",
                "1,1,2|0 334 667 999",
            })
    void takesThePublishedTimesteps(String respacing, String timesteps) {
        NoiseSchedule schedule = NoiseSchedule.respaced(respacing);
        String taken = String.join(
                " ",
                IntStream.range(0, schedule.steps())
                        .mapToObj(step -> Integer.toString(schedule.timestep(step)))
                        .toList());
        assertThat(taken).isEqualTo(timesteps);
    }

    @Test
    void takesAllTimesteps() {
        NoiseSchedule schedule = NoiseSchedule.respaced("1000");
        assertThat(schedule.steps()).isEqualTo(1000);
        assertThat(schedule.beta(999)).isCloseTo(0.02, Percentage.withPercentage(1e-9));
        assertThat(NoiseSchedule.respaced("ddim1000").timestep(999)).isEqualTo(999);
    }

    @Test
    void aSingleStepHasFiniteTables() {
        NoiseSchedule schedule = NoiseSchedule.respaced("1");
        assertThat(schedule.posteriorVariance(0)).isZero();
        assertThat(schedule.posteriorLogVarianceClipped(0)).isEqualTo(Math.log(schedule.beta(0)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "ddim1|no whole stride takes exactly 1 of 1000",
                "ddim49|no whole stride takes exactly 49 of 1000",
                "ddim0|'ddim0' is not understood",
                "ddim|'ddim' is not understood",
                "0|'0' is not understood",
                "-5|'-5' is not understood",
                "1001|1 to 1000 steps",
                "99999999999999|'99999999999999' is not understood",
                "10,|'10,' is not understood",
                "600,10|asks for 600 steps from a section of 500",
                "linear|expected ddimN or a number of steps",
            })
    void saysWhatIsWrongWithARespacing(String respacing, String error) {
        assertThatThrownBy(() -> NoiseSchedule.respaced(respacing))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(error);
    }

    private static Integer[] boxed(int[] values) {
        return IntStream.of(values).boxed().toArray(Integer[]::new);
    }
}
