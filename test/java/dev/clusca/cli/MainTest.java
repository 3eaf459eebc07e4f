package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
    @Test
    void aBrokenExpressionIsNamed() {
        Outcome.of("verify", "--op", "(").assertUsage("'(' is not a regular expression: Unclosed group");
    }

    @Test
    void withoutACommandItNamesThem() {
        Outcome.of()
                .assertUsage(
                        "which command? There are demo, sample, flux, decode, inspect, verify, bench, flops, doctor, help");
    }

    @Test
    void helpListsTheCommandsAndExitCodes() {
        Outcome help = Outcome.of("--help").assertDone();

        assertThat(help.out())
                .contains("demo", "sample", "verify", "flops", "doctor", "./clusca demo", "130 interrupted");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "demo",
                "sample",
                "flux",
                "decode",
                "inspect",
                "verify",
                "bench kernels",
                "bench models",
                "bench host",
                "flops",
                "doctor"
            })
    void everyCommandHasHelpWithExamples(String command) {
        Outcome help = Outcome.of((command + " --help").split(" ")).assertDone();

        assertThat(help.out())
                .contains(
                        "Usage: clusca " + command,
                        "Examples:",
                        "  ./clusca " + command,
                        "--json",
                        "--quiet",
                        "--emulate",
                        "--debug");
        assertThat(help.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
    }

    @Test
    void helpOfACommandIsItsOwn() {
        assertThat(Outcome.of("help", "sample").assertDone().out())
                .isEqualTo(Outcome.of("sample", "--help").out());
        assertThat(Outcome.of("help").assertDone().out())
                .isEqualTo(Outcome.of("--help").out());
        assertThat(Outcome.of("help", "bench", "models").assertDone().out())
                .isEqualTo(Outcome.of("bench", "models", "--help").out());
        Outcome.of("help", "nothing")
                .assertUsage(
                        "there is no command nothing; there are demo, sample, flux, decode, inspect, verify, bench, flops, doctor");
        Outcome.of("help", "bench", "nothing").assertUsage("there is no command bench nothing; there are ");
        Outcome.of("help", "sample", "more").assertUsage("there is no command sample more; sample has none below it");
    }

    /** A command's own words: picocli would print its parent's for one that has none. */
    @ParameterizedTest
    @ValueSource(
            strings = {"demo", "sample", "flux", "decode", "inspect", "verify", "bench", "bench list", "flops", "doctor"
            })
    void helpSaysWhatThisCommandDoes(String command) {
        String about = Outcome.of("--help").out().lines().toList().get(1);
        Outcome help = Outcome.of((command + " --help").split(" ")).assertDone();

        assertThat(about).startsWith("Runs diffusion transformers");
        assertThat(help.out()).doesNotContain(about).containsPattern("^[^\n]+\\.\nUsage: clusca " + command + " ");
    }

    @Test
    void verifySaysHowFarItCame() {
        int[] asked = {0};
        Outcome stopped = Outcome.cancelled(
                null, () -> asked[0]++ >= 2, "verify", "--backend", "reference", "--op", "^copy|^gemm/");

        assertThat(stopped.err())
                .isEqualTo("clusca verify: interrupted; 2 cases: 2 passed, 0 failed, 0 skipped until then\n");
        assertThat(stopped.code()).isEqualTo(130);
    }

    @ParameterizedTest
    @ValueSource(strings = {"demo", "sample", "flops"})
    void helpNamesTheDefaults(String command) {
        assertThat(Outcome.of(command, "--help").out())
                .containsPattern("Default: 50[.,]")
                .doesNotContain("${", "null");
    }

    @Test
    void versionNamesTheLibraryAndJava() {
        assertThat(Outcome.of("--version").assertDone().out())
                .startsWith("clusca ")
                .contains("Java 2");
        assertThat(Outcome.of("sample", "--version").assertDone().out()).startsWith("clusca ");
    }

    @Test
    void saysWhatMayHaveBeenMeant() {
        Outcome.of("dem").assertUsage("did you mean demo");
        Outcome.of("flops", "--model", "dit-xl/2", "--polcy", "full").assertUsage("--polcy");
    }

    @Test
    void namesTheOptionsThatAreMissing() {
        Outcome.of("sample").assertUsage("Missing required option: '--model=PATH'");
        Outcome.of("sample", "--model").assertUsage("--model");
    }

    /** picocli would read arguments from a file named behind an at sign; here it is an argument like any other. */
    @Test
    void readsNoArgumentsFromFiles(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("args"), "--help");

        Outcome.of("flops", "--model=dit-s/2", "@" + file).assertUsage("@" + file);
    }

    @Test
    void debugAddsTheStackTrace() {
        Outcome outcome = Outcome.of("sample", "--debug", "--model", "none", "--classes", "0", "--latents", "/none/x");

        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.err())
                .startsWith("clusca sample: cannot write /none/x")
                .contains("\tat dev.clusca");
    }
}
