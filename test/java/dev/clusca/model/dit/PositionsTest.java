package dev.clusca.model.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import org.junit.jupiter.api.Test;

class PositionsTest {
    /** Every value by the published formula. */
    @Test
    void columnsComeBeforeRowsAndSinesBeforeCosines() {
        int side = 3;
        int width = 8;
        float[] positions = Positions.sinCos(side, width);
        assertThat(positions).hasSize(side * side * width);
        for (int i = 0; i < positions.length; i++) {
            int token = i / width;
            int channel = i % width;
            int place = channel < width / 2 ? token % side : token / side;
            double angle = place / StrictMath.pow(10_000, channel % 2 / 2.0);
            boolean sine = channel % 4 < 2;
            assertThat(positions[i])
                    .as("token %d, channel %d", token, channel)
                    .isCloseTo((float) (sine ? StrictMath.sin(angle) : StrictMath.cos(angle)), offset(1e-6f));
        }
    }

    @Test
    void refusesAWidthThatHasNoQuarters() {
        assertThatThrownBy(() -> Positions.sinCos(2, 6)).hasMessageContaining("a multiple of 4, got 6");
    }
}
