package dev.clusca.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcessorNameTest {
    @ParameterizedTest
    @CsvSource({
        "AuthenticAMD, 23, 1, 2, Zen",
        "AuthenticAMD, 23, 49, 0, Zen 2",
        "AuthenticAMD, 25, 1, 1, Zen 3",
        "AuthenticAMD, 25, 80, 0, Zen 3",
        "AuthenticAMD, 25, 17, 1, Zen 4",
        "AuthenticAMD, 25, 97, 2, Zen 4",
        "AuthenticAMD, 26, 2, 1, Zen 5",
        "AuthenticAMD, 26, 80, 0, Zen 6",
        "AuthenticAMD, 31, 1, 0, 'family 31, model 1'",
        "GenuineIntel, 6, 85, 4, Skylake",
        "GenuineIntel, 6, 85, 7, Cascade Lake",
        "GenuineIntel, 6, 85, 11, Cooper Lake",
        "GenuineIntel, 6, 143, 8, Sapphire Rapids",
        "GenuineIntel, 6, 207, 2, Emerald Rapids",
        "GenuineIntel, 6, 151, 2, 'family 6, model 151'",
        "CentaurHauls, 7, 91, 0, 'family 7, model 91'"
    })
    void generationsStandBehindTheName(String vendor, int family, int model, int stepping, String generation) {
        assertThat(ProcessorName.of(List.of(
                        "processor\t: 0",
                        "vendor_id\t: " + vendor,
                        "cpu family\t: " + family,
                        "model\t\t: " + model,
                        "model name\t: A Processor @ 2.0: GHz",
                        "stepping\t: " + stepping,
                        "",
                        "processor\t: 1",
                        "model name\t: Another")))
                .isEqualTo("A Processor @ 2.0: GHz (" + generation + ")");
    }

    @Test
    void whatSaysLessIsCalledAsItIs() {
        assertThat(ProcessorName.of(List.of("model name : Odd", "cpu family : x")))
                .isEqualTo("Odd");
        assertThat(ProcessorName.of(List.of("processor : 0")))
                .isEqualTo("an unknown " + System.getProperty("os.arch") + " processor");
    }
}
