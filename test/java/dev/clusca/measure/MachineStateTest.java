package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class MachineStateTest {
    private static final List<String> CLOCKS =
            List.of("processor\t: 0", "cpu MHz\t\t: 2000.000", "processor\t: 1", "cpu MHz\t\t: 3000.000");

    /** {@code proc(5)}: user nice system idle iowait irq softirq steal guest guest_nice, of which the last two are part of the first two. */
    @Test
    void isReadAsLinuxWritesIt() {
        assertThat(MachineState.of(
                        CLOCKS, List.of("7"), List.of("cpu  1 20 300 4000 5 6 7 80 1 20", "cpu0 9 9 9 9 9 9 9 9 9 9")))
                .isEqualTo(new MachineState(OptionalDouble.of(2500), OptionalLong.of(7), 4419, 80));
        // Before 2.6.11 nothing was stolen.
        assertThat(MachineState.of(List.of(), List.of(), List.of("cpu 1 20 300 4000 5 6 7")))
                .isEqualTo(new MachineState(OptionalDouble.empty(), OptionalLong.empty(), 4339, 0));
        assertThat(MachineState.of(List.of(), List.of(), List.of()))
                .isEqualTo(new MachineState(OptionalDouble.empty(), OptionalLong.empty(), 0, 0));
    }

    @Test
    void tellsWhatHappenedSince() {
        MachineState before = new MachineState(OptionalDouble.of(3000), OptionalLong.of(3), 1000, 50);
        assertThat(new MachineState(OptionalDouble.of(2500), OptionalLong.of(5), 1200, 70).since(before))
                .isEqualTo(Map.of("mhz", 2500.0, "throttled", 2L, "stolen", 0.1));
        assertThat(new MachineState(OptionalDouble.empty(), OptionalLong.empty(), 1000, 50).since(before))
                .isEmpty();
    }
}
