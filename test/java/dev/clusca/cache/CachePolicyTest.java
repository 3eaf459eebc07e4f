package dev.clusca.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CachePolicyTest {
    /** Full-step counts at 50 steps, cache-methods 1.2. */
    @ParameterizedTest
    @CsvSource({"3, 18", "4, 14", "5, 11", "6, 10", "7, 8", "8, 8", "9, 7"})
    void fullStepsOfThePublishedDitSchedule(int interval, int full) {
        assertThat(new ClusCa(interval, 2, 16, 0).kinds(50))
                .filteredOn(k -> k == StepKind.FULL)
                .hasSize(full);
        assertThat(new TaylorSeer(interval, 2).kinds(50)).isEqualTo(new ClusCa(interval, 2, 16, 0).kinds(50));
    }

    @ParameterizedTest
    @CsvSource({"3, 18", "4, 14", "5, 12", "6, 10", "7, 9", "8, 8", "10, 7", "12, 6"})
    void threeEnhancedStepsGiveTheFluxSchedule(int interval, int full) {
        assertThat(new TaylorSeer(Schedule.every(interval), 1, 3, null).kinds(50))
                .filteredOn(k -> k == StepKind.FULL)
                .hasSize(full);
    }

    @Test
    void patterns() {
        assertThat(letters(new ClusCa(5, 2, 16, 0).kinds(14))).isEqualTo("FFccccFccccFcc");
        assertThat(letters(new TaylorSeer(1, 2).kinds(5))).isEqualTo("FFFFF");
        assertThat(letters(new FullCompute().kinds(3))).isEqualTo("FFF");
    }

    @Test
    void foraEndsOnAFullStep() {
        assertThat(letters(new Fora(3).kinds(9))).isEqualTo("FcFccFccF");
        assertThat(letters(new Fora(3).kinds(7))).isEqualTo("FccFccF");
    }

    @Test
    void chosenStepsAreFullBesideTheFirst() {
        assertThat(letters(new TaylorSeer(Schedule.at(4, 5, 9), 2).kinds(11))).isEqualTo("FFccFFcccFc");
        assertThat(letters(new Fora(Schedule.at(0, 4)).kinds(6))).isEqualTo("FcccFc");
        assertThat(letters(CachePolicy.parse("clusca:full=0/1/4,first=1").kinds(5)))
                .isEqualTo("FFccF");
        assertThat(CachePolicy.parse("taylorseer: full = 2 / 7")).isEqualTo(new TaylorSeer(Schedule.at(2, 7), 2));
    }

    @Test
    void aRunHasEveryStepThatIsToBeFull() {
        assertThatThrownBy(() -> new TaylorSeer(Schedule.at(2, 50), 2).kinds(50))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("step 50 is to be full, but the run has 50 steps, 0 to 49");
    }

    /** A rule of somebody else's. */
    private record Given(List<StepKind> kinds) implements Schedule {
        @Override
        public List<StepKind> of(int steps, int firstEnhance) {
            return kinds;
        }

        @Override
        public String spec() {
            return "given";
        }
    }

    @Test
    void aRuleOfOnesOwnIsHeldToWhatARunNeeds() {
        List<StepKind> right = List.of(StepKind.FULL, StepKind.CACHED, StepKind.CACHED);
        ClusCa policy = new ClusCa(new Given(right), 2, 16, 0.005f, 1, KMeansOptions.DEFAULT, null);
        assertThat(policy.kinds(3)).isEqualTo(right);
        assertThat(policy.spec()).startsWith("clusca:given,order=2,");

        assertThatThrownBy(() -> policy.kinds(4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "the schedule given of clusca gave [FULL, CACHED, CACHED] for 4 steps; expected as many kinds");
        assertThatThrownBy(() -> new Fora(new Given(Arrays.asList(StepKind.FULL, null, StepKind.FULL))).kinds(3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gave [FULL, null, FULL] for 3 steps");
        assertThatThrownBy(() -> new Fora(new Given(List.of(StepKind.CACHED))).kinds(1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("begins with [CACHED]; expected 1 full step at the beginning");
        assertThatThrownBy(() -> new TaylorSeer(new Given(right), 2, 2, null).kinds(3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("begins with [FULL, CACHED]; expected 2 full steps at the beginning");
    }

    /** A specification stands for one schedule, whichever way it was put together. */
    @Test
    void forasDistancesCountFromTheEndWhereverTheyComeFrom() {
        Fora stored = new Fora(Schedule.every(3), DType.BF16);
        assertThat(stored).isEqualTo(CachePolicy.parse("fora:interval=3,ladder=bf16"));
        assertThat(stored.kinds(9)).isEqualTo(new Fora(3).kinds(9)).isNotEqualTo(new TaylorSeer(3, 2).kinds(9));

        TaylorSeer foras = new TaylorSeer(new Fora(3).schedule(), 2);
        assertThat(letters(foras.kinds(9))).isEqualTo("FFFccFccF");
        assertThatThrownBy(() -> CachePolicy.parse(foras.spec())).hasMessageContaining("'fromend=3' is not a setting");
    }

    private static String letters(List<StepKind> kinds) {
        return kinds.stream().map(k -> k == StepKind.FULL ? "F" : "c").collect(Collectors.joining());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "full",
                "fora:interval=3",
                "fora:interval=3,ladder=bf16",
                "fora:full=7",
                "taylorseer:full=3/8/20,order=1,first=1",
                "taylorseer:interval=4,order=3,first=3,ladder=f32",
                "clusca:interval=5,order=2,clusters=16,gamma=0.005,first=2,iterations=100,stop=image",
                "clusca:interval=7,order=0,clusters=1,gamma=1.0,first=1,iterations=3,stop=batch,ladder=bf16"
            })
    void specificationsRoundTrip(String spec) {
        assertThat(CachePolicy.parse(spec).spec()).isEqualTo(spec);
        assertThat(CachePolicy.parse(CachePolicy.parse(spec).spec())).isEqualTo(CachePolicy.parse(spec));
    }

    @Test
    void defaultsAreThePaperHeadline() {
        assertThat(CachePolicy.parse("fora")).isEqualTo(new Fora(5));
        assertThat(CachePolicy.parse("taylorseer")).isEqualTo(new TaylorSeer(5, 2));
        assertThat(CachePolicy.parse("clusca")).isEqualTo(new ClusCa(5, 2, 16, 0.005f));
        assertThat(CachePolicy.parse("ClusCa: interval = 5 , ladder=bf16"))
                .isEqualTo(new ClusCa(Schedule.every(5), 2, 16, 0.005f, 2, KMeansOptions.DEFAULT, DType.BF16));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "clusta | there is no policy named 'clusta'",
                "\"\" | there is no policy named ''",
                "full:interval=3 | it has none",
                "clusca:intervall=5 | 'intervall=5' is not a setting",
                "clusca:interval | 'interval' is not a setting",
                "clusca:interval=5,interval=6 | interval is given twice",
                "clusca:interval=5,full=0/5 | interval and full both say which steps are full; give one of them",
                "clusca:full= | full must be a whole number, got ''",
                "clusca:full=0//5 | full must be a whole number, got ''",
                "clusca:full=0/5/5 | full names steps from 0 on in ascending order, but step 5 follows step 5",
                "fora:full=-1/5 | fora: full names steps from 0 on in ascending order, but step -1 is the first",
                "full:full=3 | it has none",
                "clusca:interval=five | must be a whole number, got 'five'",
                "clusca:interval=0 | clusca: interval is the number of steps",
                "clusca:order=5 | order must be 0 to 4, got 5",
                "clusca:clusters=0 | clusters must be at least 1",
                "clusca:gamma=1.5 | gamma is a ratio from 0 to 1",
                "clusca:gamma=NaN | gamma is a ratio from 0 to 1",
                "clusca:first=0 | first is the number of full steps",
                "clusca:stop=never | stop is image",
                "clusca:ladder=f16 | ladder is f32, bf16 or auto",
                "clusca:iterations=0 | at least 1 iteration",
                "taylorseer:gamma=0.1 | 'gamma=0.1' is not a setting",
            })
    void mistakesAreNamed(String spec, String message) {
        assertThatThrownBy(() -> CachePolicy.parse(spec))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aRunNeedsAStep() {
        assertThatThrownBy(() -> new Fora(3).kinds(0)).hasMessageContaining("at least 1 step, got 0");
    }
}
