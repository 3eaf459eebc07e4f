package dev.clusca.measure.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class RangeTest {
    private static void assertRange(Range range, double low, double high) {
        assertThat(range.low()).isCloseTo(low, within(1e-9 * Math.abs(high)));
        assertThat(range.high()).isCloseTo(high, within(1e-9 * Math.abs(high)));
    }

    @Test
    void valuesHaveRoomOnBothSides() {
        assertRange(Range.around(DoubleStream.of(3, 1, 2)), 1 - 0.14, 3 + 0.14);
        assertRange(Range.around(DoubleStream.of(200)), 180, 220);
        assertRange(Range.around(DoubleStream.of(0.5)), -0.5, 1.5);
    }

    @Test
    void aLogarithmicAxisHasTwoPowersOfTen() {
        double quarter = Math.pow(10, 0.25);
        assertRange(Range.logarithmic(DoubleStream.of(1000, 1)), 1 / quarter, 1000 * quarter);
        Range single = Range.logarithmic(DoubleStream.of(10));
        assertThat(Math.log10(single.high() / single.low())).isCloseTo(2.1, within(1e-9));
        assertThat(single.low() * single.high()).isCloseTo(100, within(1e-9));
    }

    @Test
    void reachesWhereItIsTold() {
        assertThat(new Range(1, 2).including(0.8)).isEqualTo(new Range(0.8, 2));
        assertThat(new Range(1, 2).including(3)).isEqualTo(new Range(1, 3));
        assertThat(new Range(1, 2).including(1.5)).isEqualTo(new Range(1, 2));
    }
}
