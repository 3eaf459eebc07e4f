package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./clusca verify --backend cuda --emulate --golden}: whole models on the shipped kernels against golden values. */
@Tag("emulated")
class CudaGoldenTest {
    /** Where a cluster is empty, the published code refreshes token 0, whose row no pass writes: it must not be read. */
    @Test
    void goldenRunsWithAnEmptyCluster(@TempDir Path folder) throws IOException {
        try (Backend reference = Backends.require("reference", BackendOptions.DEFAULT);
                MadeGolden golden = new MadeGolden(folder, reference, 11, 1)) {
            golden.write();
        }
        Verify.run("--backend", "cuda", "--golden", folder.toString(), "--op", "^dit/trajectories/clusca")
                .isClean();
    }

    /** All layers of a cached step in one kernel, whose blocks wait for each other. */
    @Test
    void goldenRunWithTheChainAsOneKernel() {
        Verify.Outcome outcome = Verify.run(
                "--backend",
                "cuda:chain",
                "--golden",
                Verify.golden().toString(),
                "--op",
                "^dit/trajectories/clusca_gamma0/bf16",
                "--stats");
        outcome.isClean();
        assertThat(outcome.output())
                .containsPattern("chain_bf16 +[1-9]")
                .doesNotContainPattern("\n *(gemm_refresh|prefix_gather_norm)");
    }

    /** FLUX of odd sizes, without guidance and biases, and with an empty cluster. */
    @Test
    void goldenRunsOfAnotherFlux(@TempDir Path folder) throws IOException {
        MadeFluxGolden.write(folder, 11);
        Verify.run(
                        "--backend",
                        "cuda",
                        "--golden",
                        folder.toString(),
                        "--op",
                        "^flux/(flux-forward/|flux-trajectories/(clusca|clusca_gamma0.75/labels)$)")
                .isClean();
    }

    /** The published code's values: a forward pass, clusters, updates, whole trajectories, and pictures of latents, in F32 and in BF16. */
    @Test
    void goldenSets() {
        Verify.Outcome outcome = Verify.run(
                "--backend", "cuda", "--golden", Verify.golden().toString(), "--op", "^(dit|dit-diffusers|flux|vae)/");
        assertThat(outcome.failures()).isEmpty();
        assertThat(outcome.exit()).as(outcome.lastLine()).isZero();
        assertThat(outcome.output()).contains(" 0 skipped");
        for (String name : List.of(
                "dit/dit-forward/forward ",
                "dit/kmeans/xl ",
                "dit/trajectories/clusca ",
                "dit/trajectories/clusca/labels ",
                "dit/trajectories/clusca/bf16 ",
                "dit/trajectories/taylorseer/bf16 ",
                "dit-diffusers/forward ",
                "flux/flux-forward/forward ",
                "flux/flux-trajectories/clusca ",
                "flux/flux-trajectories/clusca/published-order ",
                "flux/flux-trajectories/clusca/bf16 ",
                "vae/mid_block ",
                "vae/image ",
                "vae/bf16/image ")) {
            assertThat(outcome.output().lines()).anyMatch(line -> line.startsWith(name) && line.endsWith("  ok"));
        }
    }
}
