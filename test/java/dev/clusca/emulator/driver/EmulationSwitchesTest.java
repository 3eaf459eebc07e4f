package dev.clusca.emulator.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.bindings.NativeUnavailableException;
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

    /** Whether or not it is to emulate. */
    @Test
    void whatMeansNothingIsRefused() {
        assertThatThrownBy(() -> read(Map.of(), Map.of("CLUSCA_EMULATE", "yes")))
                .isInstanceOf(NativeUnavailableException.class)
                .hasMessage("CLUSCA_EMULATE is \"yes\". Expected: 1 or true to emulate a GPU, 0 or false not to."
                        + " Remedy: set it to that, or remove it.");
        assertThatThrownBy(() -> read(Map.of("clusca.emulate.seed", "x"), Map.of()))
                .hasMessageStartingWith("-Dclusca.emulate.seed is \"x\". Expected: a whole number. Remedy: ");
        assertThatThrownBy(() -> read(Map.of("clusca.emulate.capability", "9"), Map.of()))
                .hasMessageContaining("two numbers, as in 8.0");
        assertThatThrownBy(() -> read(Map.of("clusca.emulate.capability", "7.5"), Map.of()))
                .hasMessageContaining("compute capability 7.5; the emulator knows 8.0");
        assertThatThrownBy(() -> read(Map.of("clusca.emulate.memory", "0"), Map.of()))
                .hasMessageStartingWith("-Dclusca.emulate.memory is \"0\": ")
                .hasMessageContaining("0 bytes");
        assertThatThrownBy(() -> read(Map.of("clusca.emulate.multiprocessors", "4294967297"), Map.of()))
                .hasMessageStartingWith("-Dclusca.emulate.multiprocessors is \"4294967297\": ");
    }
}
