package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How a command ended that ran within this process.
 *
 * @param code its exit code
 * @param out what it printed
 * @param err what it complained of
 */
public record Outcome(int code, String out, String err) {
    /** Runs a command as in a pipe. */
    public static Outcome of(String... args) {
        return with(null, false, () -> false, args);
    }

    /** Runs a command of a clusca that lies in a folder. */
    public static Outcome at(Path home, String... args) {
        return with(home, false, () -> false, args);
    }

    /** Runs a command that is told to stop. */
    public static Outcome cancelled(@Nullable Path home, BooleanSupplier cancelled, String... args) {
        return with(home, false, cancelled, args);
    }

    /** Runs a command before a person's eyes. */
    public static Outcome onTerminal(String... args) {
        return with(null, true, () -> false, args);
    }

    private static Outcome with(@Nullable Path home, boolean terminal, BooleanSupplier cancelled, String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.run(new Session(out, err, home, terminal, false, cancelled), args);
        return new Outcome(code, out.toString(), err.toString());
    }

    /** Asserts that the command did its work without complaint. */
    public Outcome assertDone() {
        assertThat(err).isEmpty();
        assertThat(code).as(out).isZero();
        return this;
    }

    /** Asserts that the command was used wrongly and said so in one line with this in it. */
    public void assertUsage(String sentence) {
        assertFailed(2, sentence);
        assertThat(err).endsWith(" --help explains\n");
    }

    /** Asserts that the command failed and said why in one line with this in it. */
    public void assertFailed(int expected, String sentence) {
        assertThat(err).contains(sentence).startsWith("clusca").endsWith("\n").doesNotContain("Exception", "\tat ");
        assertThat(err.lines()).hasSize(1);
        assertThat(code).isEqualTo(expected);
        assertThat(out).isEmpty();
    }
}
