package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Backends;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code ./clusca verify --backend cuda:naive --emulate}: the first rung of each kernel's ladder against the reference, over few extents that divide nothing. */
@Tag("emulated")
class NaiveVerifyTest {
    /** What {@code NaiveOps} computes otherwise than the backend itself. */
    private static final List<String> OPERATIONS = List.of(
            "gemm",
            "gemmResidual",
            "qkNormRope",
            "attention",
            "layerNormModulate",
            "ladderUpdate",
            "forecastResidual",
            "forecastPass",
            "prefixPass",
            "gemmLadder",
            "gemmPrefixUpdate",
            "prefixGatherNorm",
            "gemmRefresh",
            "kMeans",
            "convolve",
            "groupNorm");

    /** Those whose shapes have extents of their own. */
    private static final List<String> OTHERWISE = List.of("qkNormRope", "attention", "kMeans", "convolve", "groupNorm");

    /** Those whose tensors have one type. */
    private static final Set<String> PLAIN = Set.of("qkNormRope", "attention", "kMeans");

    private static final String CASES = "^(("
            + OPERATIONS.stream().filter(op -> !OTHERWISE.contains(op)).collect(Collectors.joining("|"))
            + ")/[^/]+/([123]x)?(1|3|33)x(1|31|33|97)(x(31|33|97))?"
            + "|gemmPrefixUpdate/[^/]+/[12]x33x128"
            + "|qkNormRope/[^/]+/[12]x(1|33|97)x(33|64|98|144|216)"
            + "|attention/[^/]+/[12]x(1|33|97)x(33|64|144)"
            + "|kMeans/[^/]+/[123]x(1|33|97)x(33|97)"
            + "|convolve/[^/]+/[12]x[1-5]x(7|33)x(31|33|97)x(1|3|33|97)"
            + "|groupNorm/[^/]+/([123]x[1-4]x(1|33)x(33|97)|2x9x11x64))/";

    @Test
    void everyNaiveOperation() {
        Verify.Outcome outcome = Verify.run("--backend", "cuda:naive", "--stats", "--op", CASES);
        assertThat(outcome.output()).startsWith("backend cuda:naive: ");
        outcome.isClean();
        for (String operation : OPERATIONS) {
            List<String> cases = outcome.output()
                    .lines()
                    .filter(line -> line.startsWith(operation + "/"))
                    .toList();
            for (String type :
                    PLAIN.contains(operation) ? List.of("f32", "bf16") : List.of("f32", "bf16", "bf16+f32")) {
                assertThat(cases)
                        .as("%s of %s", operation, type)
                        .anyMatch(line -> line.startsWith(operation + "/" + type + "/") && line.endsWith("  ok"));
            }
        }
        assertThat(outcome.output().lines().filter(line -> line.startsWith("kMeans/")))
                .allMatch(line -> line.contains("error 0.00e+00  bound 0.00e+00"))
                .anyMatch(line -> line.contains("/nan "))
                .anyMatch(line -> line.contains("/together/"));
        for (String nan : List.of(
                "gemm/f32/.*",
                "gemmResidual/bf16/.*",
                "qkNormRope/bf16/.*",
                "attention/bf16/.*",
                "layerNormModulate/f32/.*",
                "forecastPass/f32/.*",
                "convolve/bf16/.*",
                "groupNorm/f32/.*",
                "prefixPass/bf16/.*")) {
            assertThat(outcome.output().lines()).anyMatch(line -> line.matches(nan + "/nan .*"));
        }
        // The tuned kernels of these operations stay out.
        assertThat(outcome.output())
                .containsPattern("naive_gemm_bf16 +[1-9]")
                .doesNotContainPattern(
                        "\n *(gemm|attention|layer_norm|qk_norm|ladder|forecast|prefix_pass|kmeans|convolve|group_norm)_");
    }

    /** What else the backend does, it does alike. */
    @Test
    void otherOperationsAreThoseOfTheBackend() {
        Verify.run(
                        "--backend",
                        "cuda:naive",
                        "--op",
                        "^(gatherRows|prefixUpdate|prefixRefresh|unpatchify|advance)/f32/.*(33x97|advance|2x2)")
                .isClean();
    }

    @Test
    void autoTakesTheBackendItself() {
        try (Backend chosen = Backends.open("auto")) {
            assertThat(chosen.name()).isEqualTo("cuda");
        }
    }
}
