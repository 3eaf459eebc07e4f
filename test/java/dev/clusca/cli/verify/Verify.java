package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.Repository;
import dev.clusca.backend.Backend;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine;

/** Runs the command within the test. */
final class Verify {
    private Verify() {}

    /** What a run left. */
    record Outcome(int exit, String output) {
        /** All cases passed, none was skipped. */
        Outcome isClean() {
            assertThat(output).doesNotContain("FAILED").contains(" 0 failed, 0 skipped");
            assertThat(exit).as(output).isZero();
            return this;
        }

        /** The run failed, and one line holds all of these. */
        Outcome failedWith(String... parts) {
            assertThat(exit).as(output).isEqualTo(1);
            assertThat(output.lines())
                    .as("lines with %s", List.of(parts))
                    .anyMatch(line -> List.of(parts).stream().allMatch(line::contains));
            return this;
        }

        /** The lines of cases that failed, with what was wrong. */
        List<String> failures() {
            List<String> lines = output.lines().toList();
            return IntStream.range(0, lines.size())
                    .filter(i -> lines.get(i).contains("FAILED"))
                    .mapToObj(i -> String.join("\n", lines.subList(i, Math.min(i + 3, lines.size()))))
                    .toList();
        }

        String lastLine() {
            return output.lines().reduce("", (a, b) -> b);
        }
    }

    /** As from the command line. */
    static Outcome run(String... args) {
        StringWriter text = new StringWriter();
        int exit = new CommandLine(command())
                .setOut(new PrintWriter(text))
                .setErr(new PrintWriter(text))
                .execute(args);
        return new Outcome(exit, text.toString());
    }

    /** On a candidate made by the test. */
    static Outcome run(Backend candidate, Backend reference, String... args) {
        StringWriter text = new StringWriter();
        VerifyCommand command = command();
        new CommandLine(command).parseArgs(args);
        int exit = command.verify(candidate, reference, new PrintWriter(text), System.nanoTime());
        return new Outcome(exit, text.toString());
    }

    static Path golden() {
        return Path.of(System.getProperty("clusca.golden"));
    }

    private static VerifyCommand command() {
        return new VerifyCommand(Repository.path(""), () -> false);
    }
}
