package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Golden sets of another model, other steps, other policies and other names run as the published ones do: every size comes from the files. */
class OtherSizesTest {
    private static final long SEED = Long.getLong("clusca.seed", 11);

    /** With guidance, and without, where the batch has rows that our run does not compute and a cluster is empty. */
    @ParameterizedTest
    @ValueSource(floats = {1.75f, 1})
    void everySizeComesFromTheFiles(float guidance, @TempDir Path folder) throws IOException {
        System.out.println("clusca.seed=" + SEED);
        try (Backend reference = Backends.require("reference", BackendOptions.DEFAULT);
                MadeGolden golden = new MadeGolden(folder, reference, SEED, guidance)) {
            golden.write();
        }
        onEveryBackend(
                folder,
                "dit/dit-forward/block2.attn",
                "dit/diffusion/ddim25",
                "dit/diffusion/update.ddim_eta0.3.7",
                "(schedule 25)",
                "dit/kmeans/n17/warm",
                "dit/kmeans/n40",
                "dit/trajectories/clusca_gamma0.75/labels",
                "dit/trajectories/taylorseer/bf16");
    }

    @Test
    void everySizeOfAFluxComesFromTheFiles(@TempDir Path folder) throws IOException {
        System.out.println("clusca.seed=" + SEED);
        MadeFluxGolden.write(folder, SEED);
        onEveryBackend(
                folder,
                "flux/flux-forward/double2.txt",
                "flux/flux-forward/single1",
                "out.forward[2, 180]",
                "flux/flux-trajectories/clusca/published-order",
                "flux/flux-trajectories/clusca_gamma0.75/labels",
                "flux/flux-trajectories/taylorseer/bf16");
    }

    /** Runs the folder's cases wherever they can run. */
    private static void onEveryBackend(Path folder, String... found) {
        for (Backends.Candidate candidate : Backends.discover()) {
            if (candidate.isUsable()) {
                Verify.Outcome outcome = Verify.run(
                        "--backend",
                        candidate.provider().name(),
                        "--golden",
                        folder.toString(),
                        "--op",
                        "^(dit|flux)/");
                outcome.isClean();
                assertThat(outcome.output()).contains(found);
            }
        }
    }
}
