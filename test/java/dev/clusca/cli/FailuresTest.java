package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class FailuresTest {
    @ParameterizedTest
    @CsvSource({"sample, true", "demo, false", "inspect, false", "doctor, false"})
    void namesBatchOnlyWhereItIsAnOption(String name, boolean hasBatch) {
        StringWriter err = new StringWriter();
        Session session = new Session(new StringWriter(), err, null, false, false, () -> false);
        Failures failures = new Failures(session);
        CommandLine command =
                Main.commandLine(session, failures).getSubcommands().get(name);

        int code = failures.report(new OutOfMemoryError("Java heap space"), command);

        assertThat(code).isEqualTo(1);
        assertThat(err.toString())
                .isEqualTo("clusca " + name + ": out of Java heap memory (Java heap space); "
                        + (hasBatch ? "compute fewer images at once (--batch), or " : "")
                        + "give Java more: CLUSCA_JAVA_OPTS=-Xmx8g\n");
    }
}
