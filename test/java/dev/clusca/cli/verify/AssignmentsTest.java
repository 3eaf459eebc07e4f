package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.KMeansOptions;
import dev.clusca.tensor.Shape;
import org.junit.jupiter.api.Test;

class AssignmentsTest {
    private static final Shape TWO = Shape.of(1, 2, 1);

    /** Tokens at 0, 1, 10 and 11. */
    private static Assignments of(float... centroids) {
        return new Assignments(new float[] {0, 1, 10, 11}, centroids, TWO);
    }

    @Test
    void aTieIsAsNearToBoth() {
        Assignments far = of(0.5f, 10.5f);
        assertThat(far.isTie(0, 0, 1)).isFalse();
        assertThat(of(0, 2).isTie(1, 0, 1)).isTrue();
        assertThat(of(0, 2.0001f).isTie(1, 0, 1)).isTrue();
        assertThat(of(0, 2.001f).isTie(1, 0, 1)).isFalse();
    }

    @Test
    void labelsBelongToTheirCentroids() {
        Assignments found = of(0.5f, 10.5f);
        assertThat(found.explain(new int[] {0, 0, 1, 1})).isTrue();
        assertThat(found.explain(new int[] {0, 0, 0, 1})).isFalse();
        assertThat(found.at(new float[] {10.5f, 0.5f}).explain(new int[] {1, 1, 0, 0}))
                .isTrue();
    }

    @Test
    void clusteringsMayPartAtOnce() {
        assertThat(of(0, 2).mayPart(KMeansOptions.PUBLISHED)).isTrue();
        assertThat(of(0, 9).mayPart(KMeansOptions.PUBLISHED)).isFalse();
    }

    /** The means of 0 and 4 and of 5, 6 and 13 are 2 and 8, and 5 is as near to both; with 16 for 13 no token ever is. */
    @Test
    void clusteringsMayPartLater() {
        float[] start = {0, 9};
        assertThat(new Assignments(new float[] {0, 4, 5, 6, 13}, start, TWO).mayPart(KMeansOptions.PUBLISHED))
                .isTrue();
        assertThat(new Assignments(new float[] {0, 4, 5, 6, 16}, start, TWO).mayPart(KMeansOptions.PUBLISHED))
                .isFalse();
    }
}
