package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A report redirected to a disk that is full. */
@EnabledOnOs(OS.LINUX)
class FullOutputTest {
    @ParameterizedTest
    @ValueSource(strings = {"flops --model dit-s/2", "flops --model dit-s/2 --json", "doctor --json"})
    @Timeout(60)
    void aReportThatCannotBePrintedIsAFailure(String command) {
        ChildProcess.Result result = ChildProcess.start(
                        Path.of("").toAbsolutePath(),
                        Map.of(),
                        List.of(
                                "bash",
                                "-c",
                                "exec \"$0\" --enable-native-access=ALL-UNNAMED -cp \"$1\" dev.clusca.cli.Main "
                                        + command + " >/dev/full",
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                ChildProcess.classPath()))
                .await();

        assertThat(result.output())
                .isEqualTo("clusca " + command.substring(0, command.indexOf(' '))
                        + ": cannot print: No space left on device\n");
        assertThat(result.exit()).isEqualTo(1);
    }
}
