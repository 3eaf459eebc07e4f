package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.clusca.backend.Backends;
import dev.clusca.backend.Ops;
import java.lang.reflect.Method;
import org.junit.jupiter.api.Test;

/** All of {@code ./clusca verify} on the cpu backend. */
class CpuVerifyTest {
    @Test
    void everyOperationAndEveryGoldenSet() {
        Backends.Candidate cpu = Backends.discover().stream()
                .filter(c -> c.provider().name().equals("cpu"))
                .findFirst()
                .orElseThrow();
        assumeTrue(cpu.isUsable(), cpu::toString);
        Verify.Outcome outcome =
                Verify.run("--backend", "cpu", "--golden", Verify.golden().toString(), "--strict");
        outcome.isClean();
        for (Method method : Ops.class.getMethods()) {
            assertThat(outcome.output()).as("a case of every operation").contains("\n" + method.getName() + "/");
        }
        assertThat(outcome.output())
                .contains(
                        "\ndit/trajectories/clusca_gamma1/bf16",
                        "\nshapes-dit/taylorseer",
                        "\ndit-diffusers/forward",
                        "\nvae/bf16/image");
    }
}
