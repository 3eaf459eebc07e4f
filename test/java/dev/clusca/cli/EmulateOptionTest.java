package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.Repository;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --emulate} and {@code CLUSCA_EMULATE}, each in a process of its own: a process has one CUDA driver for good. */
class EmulateOptionTest {
    private static ChildProcess.Result run(Map<String, String> environment, String... args) {
        String[] all = new String[args.length + 2];
        all[0] = "-Dclusca.home=" + Repository.path("");
        all[1] = Main.class.getName();
        System.arraycopy(args, 0, all, 2, args.length);
        return ChildProcess.java(ChildProcess.classPath(), environment, all).await();
    }

    @Test
    void doctorShowsTheEmulatedDeviceWhichAutoTakes() {
        ChildProcess.Result doctor = run(Map.of(), "doctor", "--emulate");
        assertThat(doctor.exit()).as(doctor.output()).isZero();
        assertThat(doctor.output())
                .containsPattern("cuda .*clusca emulator")
                .containsPattern("cuda .*\\(auto\\)")
                .containsPattern("cuBLASLt +not available: the CUDA driver of this process is a stand-in");
    }

    @Test
    void verifyTakesTheEmulatedDeviceWithoutBeingToldWhichBackend() {
        ChildProcess.Result verify = run(Map.of(), "verify", "--emulate", "--stats", "--json", "--op", "^advance/");
        assertThat(verify.exit()).as(verify.output()).isZero();
        assertThat(verify.output())
                .contains("\"backend\" : \"cuda\"")
                .containsPattern("\"kernel\" : \"advance\",\\s+\"launches\" : 1,")
                .contains("\"bytes_stored\" : 4");
    }

    @Test
    void theEnvironmentChoosesTheEmulatorButNoBackend() {
        Map<String, String> emulate = Map.of("CLUSCA_EMULATE", "1");
        ChildProcess.Result cuda = run(emulate, "verify", "--backend", "cuda", "--op", "^advance/");
        assertThat(cuda.exit()).as(cuda.output()).isZero();
        assertThat(cuda.output()).contains("backend cuda: clusca emulator", "1 passed, 0 failed");
    }

    @Test
    void anotherBackendRunsNoKernels() {
        ChildProcess.Result verify =
                run(Map.of(), "verify", "--emulate", "--backend", "reference", "--op", "^advance/");
        assertThat(verify.exit()).as(verify.output()).isEqualTo(2);
        assertThat(verify.output())
                .contains(
                        "--emulate runs CUDA kernels, and --backend reference has none; name cuda or a variant of it");
    }

    @Test
    void aModelRunsOnTheEmulatedDevice(@TempDir Path folder) throws IOException {
        Path picture = folder.resolve("picture.png");
        ChildProcess.Result sample = run(
                Map.of(),
                "sample",
                "--emulate",
                "--model",
                TinyDit.pixels(folder.resolve("tiny")).toString(),
                "--classes",
                "0",
                "--steps",
                "6",
                "--policy",
                "clusca:interval=3,clusters=4",
                "--out",
                picture.toString());
        assertThat(sample.exit()).as(sample.output()).isZero();
        assertThat(sample.output()).contains("clusca emulator", "its times are not those of a GPU");
        assertThat(picture).isNotEmptyFile();
    }

    @Test
    void aDeviceThatTheEmulatorDoesNotKnowIsNamed() {
        ChildProcess.Result doctor =
                run(Map.of("JDK_JAVA_OPTIONS", "-Dclusca.emulate.capability=7.5"), "doctor", "--emulate");
        assertThat(doctor.exit()).as(doctor.output()).isEqualTo(2);
        assertThat(doctor.output())
                .contains("compute capability 7.5; the emulator knows 8.0")
                .doesNotContain("\tat ");
    }

    /** The switches of an emulator that nobody asked for are read with the first look for a driver. */
    @Test
    void aSwitchThatMeansNothingIsASentenceWithoutTheOptionToo() {
        Map<String, String> seed = Map.of("JDK_JAVA_OPTIONS", "-Dclusca.emulate.seed=x");
        ChildProcess.Result doctor = run(seed, "doctor");
        assertThat(doctor.exit()).as(doctor.output()).isZero();
        assertThat(doctor.output())
                .contains("-Dclusca.emulate.seed is \"x\"; expected a whole number", "set it to that, or remove it")
                .doesNotContain("ServiceConfigurationError", "\tat ");
        ChildProcess.Result verify = run(seed, "verify", "--backend", "cuda", "--op", "^advance/");
        assertThat(verify.exit()).as(verify.output()).isEqualTo(1);
        assertThat(verify.output())
                .contains("-Dclusca.emulate.seed is \"x\"; expected a whole number; set it to that, or remove it")
                .doesNotContain("\tat ");
        ChildProcess.Result other = run(Map.of("CLUSCA_EMULATE", "maybe"), "verify", "--backend", "cuda");
        assertThat(other.exit()).as(other.output()).isEqualTo(1);
        assertThat(other.output())
                .contains("CLUSCA_EMULATE is \"maybe\"; expected 1 or true to emulate a GPU")
                .doesNotContain("\tat ");
    }

    @Test
    void statsNeedTheEmulator() {
        Outcome.of("verify", "--backend", "reference", "--stats")
                .assertUsage("--stats prints what the emulator counts");
    }

    /** This process has looked for the machine's driver already. */
    @Test
    void comesTooLateAfterALookAtTheMachinesDriver() {
        Outcome.of("doctor").assertDone();
        Outcome.of("doctor", "--emulate")
                .assertUsage("--emulate comes too late: this process already looked for the machine's CUDA driver");
    }
}
