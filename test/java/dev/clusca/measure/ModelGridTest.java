package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.clusca.cache.ClusCa;
import dev.clusca.cache.Fora;
import dev.clusca.cache.TaylorSeer;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelGridTest {
    @Test
    void goesThroughEveryMethodAtEveryInterval() {
        ModelGrid grid = new ModelGrid(ModelGrid.METHODS, List.of(3, 9), List.of(1), 1, 8, 0.1f);

        assertThat(grid.entries())
                .containsExactly(
                        new ModelGrid.Entry(new Fora(3), 3),
                        new ModelGrid.Entry(new Fora(9), 9),
                        new ModelGrid.Entry(new TaylorSeer(3, 1), 3),
                        new ModelGrid.Entry(new TaylorSeer(9, 1), 9),
                        new ModelGrid.Entry(new ClusCa(3, 1, 8, 0.1f), 3),
                        new ModelGrid.Entry(new ClusCa(9, 1, 8, 0.1f), 9));
    }

    @Test
    void refusesWhatCannotBeMeasured() {
        refused(List.of("full"), List.of(3), List.of(1), 2, "there is no policy 'full' to measure; there are fora");
        refused(List.of("clusca"), List.of(1), List.of(1), 2, "an interval is at least 2, got 1");
        refused(List.of("clusca"), List.of(3), List.of(0), 2, "a batch has at least 1 image, got 0");
        refused(List.of("clusca"), List.of(3, 3), List.of(1), 2, "interval is named twice in [3, 3]");
        refused(List.of(), List.of(3), List.of(1), 2, "there is no policy to measure");
        refused(List.of("clusca"), List.of(3), List.of(), 2, "there is no batch to measure");
        refused(List.of("taylorseer"), List.of(3), List.of(1), 9, "order must be 0 to");
    }

    private static void refused(
            List<String> methods, List<Integer> intervals, List<Integer> batches, int order, String sentence) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ModelGrid(methods, intervals, batches, order, 16, 0.005f))
                .withMessageContaining(sentence);
    }
}
