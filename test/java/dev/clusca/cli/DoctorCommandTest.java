package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.checkpoint.Json;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DoctorCommandTest {
    @Test
    void describesTheMachineTheBackendsAndTheLibraries() {
        Outcome doctor = Outcome.of("doctor").assertDone();

        assertThat(doctor.out())
                .contains(
                        "clusca ",
                        "java ",
                        "cpu ",
                        "memory ",
                        "cache ",
                        "backends",
                        "reference",
                        "libraries",
                        "oneDNN");
        assertThat(doctor.out().lines().filter(line -> line.endsWith(" (auto)")))
                .hasSize(1);
    }

    /** Everything that cannot be used says why and what to do. */
    @Test
    void jsonGivesACauseAndARemedyForEachThingThatIsMissing() {
        Map<?, ?> report = (Map<?, ?>)
                Json.parse(Outcome.of("doctor", "--json").assertDone().out(), "report");

        assertThat(report.get("schema")).isEqualTo(1L);
        assertThat(report.get("auto")).isIn("reference", "cpu", "cuda");
        List<?> backends = (List<?>) report.get("backends");
        List<?> libraries = (List<?>) report.get("libraries");
        assertThat(backends).isNotEmpty();
        assertThat(libraries).hasSize(5);
        for (Object backend : backends) {
            assertExplained((Map<?, ?>) backend, "usable", "device");
        }
        for (Object library : libraries) {
            assertExplained((Map<?, ?>) library, "available", "file");
        }
    }

    /** In a process of its own, since a process has one CUDA driver for good. */
    @Test
    void emulationIsReportedAndKeepsVendorsLibrariesOut() {
        ChildProcess.Result result = ChildProcess.java(
                        ChildProcess.classPath(), Map.of(), Main.class.getName(), "doctor", "--emulate")
                .await();

        assertThat(result.exit()).as(result.output()).isZero();
        assertThat(result.output().lines())
                .anyMatch(line -> line.matches("  the CUDA driver +.*/clusca-emulator-.*/libcuda.so.1"))
                .anyMatch(line -> line.contains("cuBLASLt") && line.contains("is a stand-in"));
    }

    private static void assertExplained(Map<?, ?> entry, String flag, String detail) {
        if (Boolean.TRUE.equals(entry.get(flag))) {
            assertThat((String) entry.get(detail)).isNotBlank();
        } else {
            assertThat((String) entry.get("cause")).isNotBlank();
            assertThat((String) entry.get("remedy")).isNotBlank();
        }
    }
}
