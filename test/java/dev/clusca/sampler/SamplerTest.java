package dev.clusca.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.StepTable.Column;
import java.util.Arrays;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ddim|50|ddim50|0|false",
                "ddim|7|7|0|false",
                "ddim|1|1|0|false",
                "ddim:eta=0.5,clip=true|20|ddim20|0.5|true",
                "ddim:respacing=20|20|20|0|false",
                "ddim:respacing=ddim34|34|ddim34|0|false",
                "ddim:respacing=10,15,25,eta=0.5|50|10,15,25|0.5|false",
            })
    void parsesDdim(String spec, int steps, String respacing, double eta, boolean clip) {
        assertThat(Sampler.parse(spec, steps)).isEqualTo(new Ddim(NoiseSchedule.respaced(respacing), eta, clip));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ddim",
                "ddim:eta=0.5,clip=true",
                "ddim:respacing=50",
                "ddim:respacing=10,15,25",
                "ddpm",
                "ddpm:clip=true,respacing=ddim50"
            })
    void theSpecIsReadBackAsTheSameSampler(String text) {
        Sampler sampler = Sampler.parse(text, 50);

        assertThat(Sampler.parse(sampler.spec(), 50)).isEqualTo(sampler);
    }

    @Test
    void parsesDdpm() {
        assertThat(Sampler.parse("ddpm", 250)).isEqualTo(new Ddpm(NoiseSchedule.respaced("250"), false));
        assertThat(Sampler.parse("ddpm:clip=true,respacing=ddim50", 50))
                .isEqualTo(new Ddpm(NoiseSchedule.respaced("ddim50"), true));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "euler|50|no sampler 'euler'",
                "''|50|no sampler ''",
                "DDIM|50|expected ddim or ddpm",
                "ddim:|50|option ''; ddim takes eta=.., clip=.., respacing=..",
                "ddim:eta|50|option 'eta'",
                "ddim:steps=5|50|option 'steps=5'",
                "ddim:eta=0,eta=1|50|option eta twice",
                "ddim:eta=much|50|eta = 'much', expected a number from 0 to 1",
                "ddim:eta=NaN|50|eta is NaN, expected 0 to 1",
                "ddim:eta=1.5|50|eta is 1.5",
                "ddim:eta=-0.1|50|eta is -0.1",
                "ddim:clip=yes|50|clip = 'yes', expected true or false",
                "ddpm:eta=0|50|ddpm takes clip=.., respacing=..",
                "ddpm:respacing=20|50|makes 20 steps, but 50 were asked for",
                "ddim|0|0 steps, expected 1 to 1000",
                "ddpm|1001|1001 steps, expected 1 to 1000",
                "ddim:respacing=ddim49|49|no whole stride",
            })
    void saysWhatIsWrongWithASpec(String spec, int steps, String error) {
        assertThatThrownBy(() -> Sampler.parse(spec, steps))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(error);
    }

    @Test
    void runsFromTheLastTimestepToTheFirst() {
        assertThat(new Ddim(4, 0, false).timesteps()).containsExactly(750, 500, 250, 0);
        assertThat(new Ddpm(3, false).timesteps()).containsExactly(999, 500, 0);
    }

    @Test
    void addsNoiseWhereTheTableSaysSo() {
        for (Sampler sampler : new Sampler[] {new Ddim(10, 0, false), new Ddim(10, 0.3, false), new Ddpm(10, true)}) {
            for (int step = 0; step < 10; step++) {
                float[] row = new float[Column.COUNT];
                sampler.fill(row, step);
                assertThat(row[Column.NOISE_WEIGHT.ordinal()] != 0)
                        .as("%s step %d", sampler, step)
                        .isEqualTo(sampler.addsNoise(step));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 10, 1000})
    void fillsFiniteNumbersAndOnlyItsColumns(int steps) {
        for (Sampler sampler :
                new Sampler[] {new Ddim(steps, 1, false), new Ddim(steps, 0, true), new Ddpm(steps, false)}) {
            for (int step = 0; step < steps; step++) {
                float[] row = new float[Column.COUNT];
                Arrays.fill(row, Float.NaN);
                sampler.fill(row, step);
                for (Column column : Column.values()) {
                    boolean samplers = column.compareTo(Column.SAMPLE_TO_START) >= 0;
                    assertThat(Float.isFinite(row[column.ordinal()]))
                            .as("%s step %d %s", sampler, step, column)
                            .isEqualTo(samplers);
                }
            }
        }
    }

    @Test
    void ddimAtEtaOneAddsThePosteriorsVariance() {
        Ddim ddim = new Ddim(NoiseSchedule.respaced("50"), 1, false);
        float[] row = new float[Column.COUNT];
        ddim.fill(row, 30);
        assertThat((double) row[Column.NOISE_WEIGHT.ordinal()])
                .isCloseTo(Math.sqrt(ddim.schedule().posteriorVariance(30)), Percentage.withPercentage(1e-4));
    }
}
