package dev.clusca.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.cli.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BenchCommandTest {
    @Test
    void aloneItNamesTheCommandsBelowIt() {
        Outcome.of("bench")
                .assertUsage("bench what? There are list, kernels, models, flux, host, compare, plot, history");
        assertThat(Outcome.of("bench", "--help").assertDone().out())
                .contains("models", "plot", "./clusca bench models");
        Outcome.of("bench", "plots").assertUsage("did you mean");
    }

    @Test
    void listPrintsNothingOfWhatItCannotList() {
        Outcome.of("bench", "list", "--shapes", "foo").assertUsage("there is no published DiT 'foo'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"models", "flux", "plot"})
    void everyCommandHasHelpWithExamples(String command) {
        Outcome help = Outcome.of("bench", command, "--help").assertDone();

        assertThat(help.out())
                .contains(
                        "Usage: clusca bench " + command,
                        "Examples:",
                        "  ./clusca bench " + command,
                        "--quiet",
                        "--emulate",
                        "--debug")
                .doesNotContain("${", "null");
        assertThat(help.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
    }
}
