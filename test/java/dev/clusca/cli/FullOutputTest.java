package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A report that nobody can read: on a disk that is full, or behind a reader that has seen enough. */
@EnabledOnOs(OS.LINUX)
class FullOutputTest {
    @Test
    @Timeout(60)
    void aReaderThatHasSeenEnoughIsNoFailure() {
        ChildProcess.Result result = print("doctor", "| head -n 1; exit \"${PIPESTATUS[0]}\"");
        assertThat(result.output()).matches("clusca .*\n");
        assertThat(result.exit()).isZero();
    }

    /** On a terminal, which {@code script} is. */
    @Test
    @Timeout(60)
    void progressIsNotForALog(@TempDir Path folder) {
        Path log = folder.resolve("err.log");
        String sample = "sample --backend cpu --steps 3 --classes 0 --model " + TinyDit.pixels(folder.resolve("tiny"))
                + " --out " + folder.resolve("x.png");
        String script =
                "unset CI; export TERM=xterm A=\"$0\" B=\"$1\"; script -qec '\"$A\" -cp \"$B\" dev.clusca.cli.Main ";
        assertThat(bash(script + sample + "' /dev/null").output()).contains("step 3 of 3");
        assertThat(bash(script + sample + " 2>" + log + "' /dev/null").output())
                .contains("1 image in")
                .doesNotContain("step 3 of 3");
        assertThat(log).content().doesNotContain("step");
    }

    private static ChildProcess.Result print(String command, String to) {
        return bash("\"$0\" --enable-native-access=ALL-UNNAMED -cp \"$1\" dev.clusca.cli.Main " + command + " " + to);
    }

    private static ChildProcess.Result bash(String command) {
        return ChildProcess.start(
                        Path.of("").toAbsolutePath(),
                        Map.of(),
                        List.of(
                                "bash",
                                "-c",
                                command,
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                ChildProcess.classPath()))
                .await();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "flops --model dit-s/2",
                "flops --model dit-s/2 --json",
                "doctor --json",
                "verify --list",
                "--help"
            })
    @Timeout(60)
    void aReportThatCannotBePrintedIsAFailure(String command) {
        ChildProcess.Result result = print(command, ">/dev/full");

        assertThat(result.output())
                .isEqualTo(
                        ("clusca " + command).replaceFirst(" -.*", "") + ": cannot print: No space left on device\n");
        assertThat(result.exit()).isEqualTo(1);
    }
}
