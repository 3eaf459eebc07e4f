package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.Fora;
import dev.clusca.cache.FullCompute;
import dev.clusca.cache.Schedule;
import dev.clusca.cache.TaylorSeer;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ModelGridTest {
    @Test
    void goesThroughEveryMethodAtEveryInterval() {
        ModelGrid grid = ModelGrid.of(ModelGrid.METHODS, List.of(3, 9), List.of(1), new ClusCa(5, 1, 8, 0.1f));

        assertThat(grid.entries())
                .containsExactly(
                        new ModelGrid.Entry(new Fora(3), OptionalInt.of(3)),
                        new ModelGrid.Entry(new Fora(9), OptionalInt.of(9)),
                        new ModelGrid.Entry(new TaylorSeer(3, 1), OptionalInt.of(3)),
                        new ModelGrid.Entry(new TaylorSeer(9, 1), OptionalInt.of(9)),
                        new ModelGrid.Entry(new ClusCa(3, 1, 8, 0.1f), OptionalInt.of(3)),
                        new ModelGrid.Entry(new ClusCa(9, 1, 8, 0.1f), OptionalInt.of(9)));
    }

    /** FLUX's published settings are others than a DiT's. */
    @Test
    void takesEverySettingOfWhatClusCaIsLike() {
        ClusCa flux = (ClusCa) CachePolicy.parse(
                "clusca:interval=5,order=1,clusters=4,gamma=0.5,first=3,iterations=10,stop=batch,ladder=f32");

        assertThat(ModelGrid.of(ModelGrid.METHODS, List.of(7), List.of(1), flux).entries().stream()
                        .map(entry -> entry.policy().spec()))
                .containsExactly(
                        "fora:interval=7,ladder=f32",
                        "taylorseer:interval=7,order=1,first=3,ladder=f32",
                        "clusca:interval=7,order=1,clusters=4,gamma=0.5,first=3,iterations=10,stop=batch,ladder=f32");
    }

    @Test
    void takesChosenPolicies() {
        CachePolicy slow = new TaylorSeer(3, 1);
        CachePolicy early = new TaylorSeer(Schedule.at(2, 5), 1);

        assertThat(ModelGrid.chosen(List.of(early, slow), List.of(2)).entries())
                .containsExactly(
                        new ModelGrid.Entry(early, OptionalInt.empty()),
                        new ModelGrid.Entry(slow, OptionalInt.empty()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelGrid.chosen(List.of(slow, new TaylorSeer(3, 1)), List.of(2)))
                .withMessageContaining("policy is named twice");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelGrid.chosen(List.of(new FullCompute()), List.of(2)))
                .withMessageContaining("always measured; leave it out");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelGrid.chosen(List.of(), List.of(2)))
                .withMessageContaining("there is no policy to measure");
    }

    @Test
    void refusesWhatCannotBeMeasured() {
        refused(List.of("full"), List.of(3), List.of(1), "there is no policy 'full' to measure; there are fora");
        refused(List.of("clusca"), List.of(1), List.of(1), "an interval is at least 2, got 1");
        refused(List.of("clusca"), List.of(3), List.of(0), "a batch has at least 1 image, got 0");
        refused(List.of("clusca"), List.of(3, 3), List.of(1), "interval is named twice in [3, 3]");
        refused(List.of(), List.of(3), List.of(1), "there is no policy to measure");
        refused(List.of("clusca"), List.of(3), List.of(), "there is no batch to measure");
    }

    private static void refused(List<String> methods, List<Integer> intervals, List<Integer> batches, String sentence) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelGrid.of(methods, intervals, batches, new ClusCa(5, 2, 16, 0.005f)))
                .withMessageContaining(sentence);
    }
}
