package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.clusca.backend.BackendProvider;
import dev.clusca.backend.Backends;
import dev.clusca.bindings.cpu.CpuLevel;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the variants of the cpu backend compute otherwise than itself: matrix products, attention and convolutions. */
class CpuVariantsTest {
    private static final String PRODUCTS = "^(gemm|gemmResidual|gemmRefresh|attention|convolve)/";

    private static List<String> variants() {
        Backends.Candidate cpu = Backends.discover().stream()
                .filter(c -> c.provider().name().equals("cpu"))
                .findFirst()
                .orElseThrow();
        assumeTrue(cpu.isUsable(), cpu::toString);
        return cpu.provider().variants().stream()
                .map(BackendProvider.Variant::name)
                .toList();
    }

    @Test
    void computeTheSame() {
        for (String variant : variants()) {
            Verify.Outcome outcome =
                    Verify.run("--backend", "cpu:" + variant, "--op", PRODUCTS + "f32/[0-9x]*(31|x33|97|x72|144)/");
            assertThat(outcome.output()).startsWith("backend cpu:" + variant + ": ");
            outcome.isClean();
            for (String operation : List.of("gemm", "gemmResidual", "gemmRefresh", "attention", "convolve")) {
                assertThat(outcome.output()).contains("\n" + operation + "/f32/");
            }
        }
    }

    /** Without AVX-512 oneDNN has no bfloat16: such products are skipped with the reason, all else goes on. */
    @Test
    void oneDnnSaysWhatItCannotMultiply() {
        assumeTrue(variants().contains("onednn"), "oneDNN's products are what the cpu backend itself takes");
        assumeFalse(CpuLevel.available().contains(CpuLevel.V4), "with AVX-512 it can multiply everything");
        Verify.Outcome outcome =
                Verify.run("--backend", "cpu:onednn", "--op", "^(gemm|attention|cast)/bf16/.*(33x97|1x31x31|33)");
        assertThat(outcome.output())
                .doesNotContain("FAILED")
                .contains(
                        "skipped: linear: oneDNN multiplies no bfloat16 without AVX-512; take f32, or --backend cpu, whose own products do",
                        "skipped: attention: oneDNN multiplies no bfloat16");
        assertThat(outcome.exit()).as(outcome.output()).isZero();
    }
}
