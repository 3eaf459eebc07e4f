package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TimeLeftTest {
    private final TimeLeft time = new TimeLeft(List.of(
            new TimeLeft.Work("full", 100),
            new TimeLeft.Work("clusca", 40),
            new TimeLeft.Work("clusca", 20),
            new TimeLeft.Work("full", 100)));

    @Test
    void isNotKnownBeforeTheFirstRun() {
        assertThat(time.secondsFrom(0)).isEmpty();
    }

    @Test
    void goesByTheOperationsAtFirst() {
        time.took(0, 10);

        assertThat(time.secondsFrom(1)).hasValue(4 + 2 + 10);
    }

    /** Cached steps take longer than their operations say. */
    @Test
    void goesByTheMethodsOwnRateAsSoonAsItHasOne() {
        time.took(0, 10);
        time.took(1, 8);

        assertThat(time.secondsFrom(2)).hasValue(4 + 10);
        assertThat(time.secondsFrom(4)).hasValue(0);
    }
}
