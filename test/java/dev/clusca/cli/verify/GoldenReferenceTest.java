package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.checkpoint.Json;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The reference backend follows the golden values: it is what every other backend is compared with. */
class GoldenReferenceTest {
    @Test
    void smallModel() {
        Verify.Outcome outcome =
                Verify.run("--backend", "reference", "--golden", Verify.golden().toString(), "--op", "^dit");
        outcome.isClean();
        assertThat(outcome.output())
                .contains("dit/dit-forward/block3.mlp", "dit/dit-forward/forward_with_cfg")
                .contains(
                        "dit/diffusion/ddim50",
                        "dit/diffusion/update.ddim_eta0.7.25",
                        "dit/diffusion/update.ddpm_clipped.49")
                .contains("dit/kmeans/duplicate_init/warm", "labels equal, 26 iterations")
                .contains("dit/trajectories/clusca_gamma1/bf16", "1536 of 1536 labels equal")
                .contains("dit-diffusers/forward");
    }

    @Test
    void flux() {
        Verify.Outcome outcome =
                Verify.run("--backend", "reference", "--golden", Verify.golden().toString(), "--op", "^flux/");
        outcome.isClean();
        assertThat(outcome.output())
                .contains("flux/flux-forward/double1.txt", "flux/flux-forward/single2", "flux/flux-forward/forward")
                .contains(
                        "flux/flux-trajectories/full",
                        "flux/flux-trajectories/taylorseer/bf16",
                        "flux/flux-trajectories/clusca/published-order",
                        "580 of 580 labels equal");
        assertThat(outcome.lastLine()).startsWith("16 cases: 16 passed");
    }

    @Test
    void trainedModel() {
        Verify.Outcome outcome =
                Verify.run("--backend", "reference", "--golden", Verify.golden().toString(), "--op", "^shapes-dit/");
        outcome.isClean();
        assertThat(outcome.lastLine()).startsWith("4 cases: 4 passed");
    }

    @Test
    void operationsLeaveNoTraceOutsideTheirOutputs() {
        Verify.Outcome outcome = Verify.run("--backend", "reference", "--op", "^(attention|ladderUpdate|propagate)/");
        assertThat(outcome.output()).contains("Its own operations are only checked for stray and missing writes");
        outcome.isClean();
    }

    @Test
    void jsonHoldsTheCountsAndEveryCase() {
        Verify.Outcome outcome = Verify.run("--backend", "reference", "--op", "^(dit/kmeans/small|advance/)", "--json");
        assertThat(outcome.exit()).isZero();
        Map<?, ?> report = (Map<?, ?>) Json.parse(outcome.output(), "the report");
        assertThat(report.get("schema")).isEqualTo(1L);
        assertThat(report.get("ok")).isEqualTo(true);
        assertThat(report.get("passed")).isEqualTo(3L);
        assertThat((List<?>) report.get("cases"))
                .hasSize(3)
                .allSatisfy(c -> assertThat(((Map<?, ?>) c).get("result")).isEqualTo("ok"));
    }

    @Test
    void quietPrintsNoCaseThatPassed() {
        Verify.Outcome outcome = Verify.run("--backend", "reference", "--op", "^dit/kmeans/small", "--quiet");
        assertThat(outcome.exit()).isZero();
        assertThat(outcome.output()).doesNotContain("dit/kmeans/small").contains("2 cases: 2 passed");
    }

    @Test
    void listNamesEveryCaseAndRunsNone() {
        Verify.Outcome outcome = Verify.run("--backend", "reference", "--list");
        assertThat(outcome.exit()).isZero();
        assertThat(outcome.output())
                .contains("gemm/f32/16x1152x4608/gelu_tanh/bias  a[16, 1152]", " bytes")
                .contains("dit/kmeans/xl/warm")
                .doesNotContain("  ok", "FAILED");
    }
}
