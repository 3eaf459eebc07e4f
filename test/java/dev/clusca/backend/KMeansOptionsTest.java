package dev.clusca.backend;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KMeansOptionsTest {
    @Test
    void refusesLessThanOneIteration() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new KMeansOptions(0, 0, 0, false))
                .withMessage("k-means needs at least 1 iteration, got 0");
    }

    @ParameterizedTest
    @ValueSource(floats = {-1, Float.NaN, Float.POSITIVE_INFINITY})
    void refusesTolerancesThatAreNone(float tolerance) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new KMeansOptions(1, tolerance, 0, false))
                .withMessage("the relative tolerance of k-means must be a number from 0 on, got " + tolerance);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new KMeansOptions(1, 0, tolerance, false))
                .withMessage("the absolute tolerance of k-means must be a number from 0 on, got " + tolerance);
    }
}
