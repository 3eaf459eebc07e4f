package dev.clusca.model.flux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class RotaryPositionsTest {
    /** Cosines and sines to twelve digits, computed apart from Java with forty. */
    @Test
    void pairsTurnByTheirAxis() {
        float[] row = RotaryPositions.FLUX.rotations(new int[][] {{0, 0, 0}, {0, 3, 63}});
        assertThat(row).hasSize(2 * 128);
        for (int pair = 0; pair < 64; pair++) {
            // Text lies at the origin, and the first axis tells nothing apart.
            assertPair(row, pair, 1, 0);
            if (pair < 8) {
                assertPair(row, 64 + pair, 1, 0);
            }
        }
        assertPair(row, 64 + 8, -0.9899924966, 0.14112000806);
        assertPair(row, 64 + 9, -0.554914920495, 0.831907104797);
        assertPair(row, 64 + 15, 0.955336489126, 0.295520206661);
        assertPair(row, 64 + 35, 0.999999913119, 0.00041684863624);
        assertPair(row, 64 + 36, 0.985896581583, 0.167355700303);
        assertPair(row, 64 + 40, -0.368854282172, -0.929487234191);
        assertPair(row, 64 + 63, 0.999961685548, 0.00875370981497);
    }

    @Test
    void axesMayBeOthers() {
        RotaryPositions positions = new RotaryPositions(List.of(8, 12, 12), 10_000);
        assertThat(positions.headWidth()).isEqualTo(32);
        float[] row = positions.rotations(new int[][] {{2, 5, 7}});
        assertPair(row, 0, -0.416146836547, 0.909297426826);
        assertPair(row, 3, 0.999998000001, 0.00199999866667);
        assertPair(row, 4, 0.283662185463, -0.958924274663);
        assertPair(row, 15, 0.99999472164, 0.00324910646687);
    }

    private static void assertPair(float[] rotations, int pair, double cosine, double sine) {
        assertThat((double) rotations[2 * pair]).as("cosine of pair %d", pair).isCloseTo(cosine, within(6e-8));
        assertThat((double) rotations[2 * pair + 1]).as("sine of pair %d", pair).isCloseTo(sine, within(6e-8));
    }

    @Test
    void refusesWhatIsNoPosition() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RotaryPositions.FLUX.rotations(new int[][] {{0, 1, 2}, {0, 1}}))
                .withMessage("a token has the coordinates [0, 1]; expected one for each of the 3 axes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RotaryPositions(List.of(16, 55), 10_000))
                .withMessage("the axes have [16, 55] channels; expected an even number of each, at least 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RotaryPositions(List.of(16), Double.NaN))
                .withMessageContaining("theta is NaN");
    }
}
