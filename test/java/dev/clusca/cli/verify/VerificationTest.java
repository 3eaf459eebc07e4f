package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.cases.Case;
import dev.clusca.cases.Verdict;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VerificationTest {
    private record Claims(String name, Verdict verdict) implements Case {
        @Override
        public String dtype() {
            return "f32";
        }

        @Override
        public String shape() {
            return "[1]";
        }

        @Override
        public Verdict run() {
            return verdict;
        }
    }

    /** A case that says it passed is held against its own numbers: no comparison with a NaN is true. */
    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, 2, Double.POSITIVE_INFINITY})
    void whatPassedWithAnErrorBeyondItsBoundFailed(double error) {
        StringWriter text = new StringWriter();
        Verification verification =
                new Verification(new PrintWriter(text), false, false, name -> "again " + name, () -> false, () -> {});
        verification.run(List.of(
                new Claims("good", new Verdict.Passed(1, 1, "")), new Claims("bad", new Verdict.Passed(error, 1, ""))));

        assertThat(verification.isGood()).isFalse();
        assertThat(verification.report())
                .containsEntry("passed", 1)
                .containsEntry("failed", 1)
                .containsEntry("ok", false);
        assertThat(text.toString())
                .contains("good  f32  [1]", "  ok")
                .contains("  FAILED", "the measured error is not within its bound", "rerun: again bad");
    }
}
