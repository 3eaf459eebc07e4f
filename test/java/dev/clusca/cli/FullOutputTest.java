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

    private static ChildProcess.Result print(String command, String to) {
        return ChildProcess.start(
                        Path.of("").toAbsolutePath(),
                        Map.of(),
                        List.of(
                                "bash",
                                "-c",
                                "\"$0\" --enable-native-access=ALL-UNNAMED -cp \"$1\" dev.clusca.cli.Main " + command
                                        + " " + to,
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
