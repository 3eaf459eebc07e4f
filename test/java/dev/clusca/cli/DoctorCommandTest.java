package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.bindings.blas.StandInCublasLt;
import dev.clusca.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        assertThat(libraries).hasSize(6);
        for (Object backend : backends) {
            assertExplained((Map<?, ?>) backend, "usable", "device");
        }
        Map<?, ?> cuda = backends.stream()
                .map(backend -> (Map<?, ?>) backend)
                .filter(backend -> "cuda".equals(backend.get("name")))
                .findFirst()
                .orElseThrow();
        Map<?, ?> products = (Map<?, ?>) ((List<?>) cuda.get("selections")).getFirst();
        assertThat(products.get("part")).isEqualTo("matrix products");
        assertThat(products.get("taken")).isEqualTo("own");
        assertThat((String) products.get("reason")).startsWith("no measurement of cuBLASLt on this GPU is on record");
        List<?> options = (List<?>) products.get("options");
        assertThat(options).extracting("name").containsExactly("own", "cublaslt", "jcublas");
        for (Object option : options) {
            assertExplained((Map<?, ?>) option, "usable", "what");
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
                .anyMatch(line -> line.contains("cuBLASLt") && line.contains("is a stand-in"))
                .anyMatch(line -> line.matches("  own +is taken: the GPU is emulated, .*"))
                .anyMatch(line -> line.matches("  cublaslt +not usable: .* is a stand-in, .*"))
                .anyMatch(line -> line.matches("  jcublas +not usable: .* is a stand-in, .*"));
    }

    /** A library that is found is named with its version, and one that was chosen and is not found with what to install. */
    @Test
    void tellsWhoMultipliesMatricesAndWhy(@TempDir Path folder) throws IOException {
        Path older = Files.createDirectory(folder.resolve("older"));
        Path library = StandInCublasLt.compile(folder, "libcublasLt.so.13");
        StandInCublasLt.compile(older, "libcublasLt.so.12");
        ChildProcess.Result found = ChildProcess.java(
                        ChildProcess.classPath(),
                        Map.of("LD_LIBRARY_PATH", older + ":" + folder),
                        "-Dclusca.cublas.path=" + older,
                        "-Dclusca.cuda.gemm=cublaslt",
                        Main.class.getName(),
                        "doctor")
                .await();
        assertThat(found.output().lines())
                .anyMatch(line -> line.matches("  cublaslt +is taken: -Dclusca.cuda.gemm=cublaslt says so"))
                .anyMatch(line -> line.matches("  cublaslt +cuBLASLt 13.1.1 of " + library))
                .anyMatch(
                        line -> line.matches("  jcublas +not usable: libcublas.so.12 was not found in " + older + ".*"))
                .anyMatch(line -> line.matches(" +remedy: install CUDA 12 .*"))
                .anyMatch(line -> line.matches("  cuBLASLt +" + library + ", taken before .*" + older + ".*"));

        ChildProcess.Result missing = ChildProcess.java(
                        ChildProcess.classPath(),
                        Map.of(),
                        "-Dclusca.cublaslt.path=" + folder.resolve("nowhere"),
                        "-Dclusca.cuda.gemm=mkl",
                        Main.class.getName(),
                        "doctor")
                .await();
        assertThat(missing.output().lines())
                .anyMatch(line ->
                        line.matches("  own +is taken: -Dclusca.cuda.gemm=mkl names none of own, cublaslt, jcublas"))
                .anyMatch(line -> line.matches(
                        "  cublaslt +not usable: .* was not found: .*/nowhere is neither a folder nor a library .*"));
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
