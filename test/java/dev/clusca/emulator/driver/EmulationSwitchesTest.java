package dev.clusca.emulator.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** What chooses and describes the emulated device without a line of Java. */
class EmulationSwitchesTest {
    private static EmulationSwitches read(Map<String, String> properties, Map<String, String> environment) {
        return EmulationSwitches.read(properties::get, environment);
    }

    @Test
    void theyAreOffUnlessSet() {
        assertThat(read(Map.of(), Map.of())).isEqualTo(new EmulationSwitches(false, DeviceModel.standard()));
        assertThat(read(Map.of(), Map.of("CLUSCA_EMULATE", "")).areOn()).isFalse();
        assertThat(read(Map.of(), Map.of("CLUSCA_EMULATE", "0")).areOn()).isFalse();
        assertThat(read(Map.of(), Map.of("CLUSCA_EMULATE", "1")).areOn()).isTrue();
        assertThat(read(Map.of("clusca.emulate", ""), Map.of()).areOn()).isTrue();
        assertThat(read(Map.of("clusca.emulate", "false"), Map.of("CLUSCA_EMULATE", "1"))
                        .areOn())
                .isFalse();
    }

    @Test
    void theDeviceIsDescribed() {
        Map<String, String> properties = Map.of(
                "clusca.emulate.capability", "9.0",
                "clusca.emulate.multiprocessors", "132",
                "clusca.emulate.memory", "1000000",
                "clusca.emulate.seed", "-3");
        assertThat(read(properties, Map.of()).device()).isEqualTo(new DeviceModel(9, 0, 132, 1_000_000, -3));
    }

    @Test
    void whatMeansNothingIsRefused() {
        assertThatThrownBy(() -> read(Map.of(), Map.of("CLUSCA_EMULATE", "yes")))
                .hasMessage("CLUSCA_EMULATE is \"yes\"; expected 1 or true to emulate a GPU, 0 or false not to");
        assertThatThrownBy(() -> read(Map.of("clusca.emulate.seed", "x"), Map.of()))
                .hasMessage("-Dclusca.emulate.seed is \"x\"; expected a whole number");
        assertThatThrownBy(() -> read(Map.of("clusca.emulate.capability", "9"), Map.of()))
                .hasMessageContaining("two numbers, as in 8.0");
        assertThatThrownBy(() -> read(Map.of("clusca.emulate.capability", "7.5"), Map.of()))
                .hasMessageContaining("compute capability 7.5; the emulator knows 8.0");
        assertThatThrownBy(() -> read(Map.of("clusca.emulate.memory", "0"), Map.of()))
                .hasMessageContaining("0 bytes");
    }
}
