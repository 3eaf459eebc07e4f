package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.Ops;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import dev.clusca.tensor.Tensor;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code ./clusca verify --backend cuda --emulate}: the shipped kernels against the reference. */
@Tag("emulated")
class CudaVerifyTest {
    @Test
    void everyOperationThatHasAKernel() {
        Verify.Outcome outcome =
                Verify.run("--backend", "cuda", "--op", "^[a-zA-Z]+/(f32|bf16|bf16\\+f32)/", "--stats");
        assertThat(outcome.failures()).isEmpty();
        assertThat(outcome.exit()).as(outcome.lastLine()).isZero();
        for (Method method : Ops.class.getMethods()) {
            List<String> cases = outcome.output()
                    .lines()
                    .filter(line -> line.startsWith(method.getName() + "/"))
                    .toList();
            assertThat(cases)
                    .as(method.getName())
                    .isNotEmpty()
                    .allMatch(line -> line.endsWith("  ok")
                            || line.endsWith(" million lane-instructions on an emulated GPU; --large runs it"))
                    .anyMatch(line -> line.endsWith("  ok"));
        }
        // Exact, not near.
        assertThat(outcome.output()
                        .lines()
                        .filter(line -> line.matches("(kMeans|draw\\w+|gatherRows|scatterRows)/.*ok")))
                .isNotEmpty()
                .allMatch(line -> line.contains("error 0.00e+00  bound 0.00e+00"));
        assertThat(outcome.output())
                .containsPattern(
                        "kernel +launches +instructions +lanes +bytes loaded +bytes stored +sectors +conflicts")
                .containsPattern("kmeans_bf16 +[1-9]")
                .containsPattern("attention_row_d72_bf16 +[1-9]") // 256 tokens
                .containsPattern("attention_d72_bf16 +[1-9]") // 257
                .containsPattern("attention_wide_bf16 +[1-9]")
                .containsPattern("convolve_128x8_bf16 +[1-9]");
    }

    /** On a GPU as large as an H200 no case took the largest tiles, which whole models take there. */
    @Test
    void theLargestTilesOnALargeDevice() {
        assertThat(verifyOn(
                        "multiprocessors=132",
                        "cuda",
                        "^(gemm.*/(1100x72|2x550x60|69x17x)|convolve/.*/1x96x96x32x128)"))
                .containsPattern("gemm_128x144_bf16 +[1-9]")
                .containsPattern("gemm_residual_128x144_bf16 +[1-9]")
                .containsPattern("gemm_refresh_128x144_bf16 +[1-9]")
                .containsPattern("convolve_128x128_bf16 +[1-9]");
    }

    /** A device with less shared memory than most: what does not fit is left to the operations one by one. */
    @Test
    void theChainOnADeviceWithLittleSharedMemory() {
        assertThat(verifyOn("capability=8.6", "cuda:chain", "^prefixChain/.*(2x64x192|4x20x64|2x33x40)/"))
                .containsPattern("chain_bf16 +[1-9]");
    }

    /** What a clean {@code verify --stats} prints on a device of its own, that of this process being made for good. */
    private static String verifyOn(String device, String backend, String operations) {
        ChildProcess.Result result = ChildProcess.java(
                        ChildProcess.classPath(),
                        Map.of("CLUSCA_EMULATE", "1"),
                        "-Dclusca.emulate." + device,
                        "dev.clusca.cli.Main",
                        "verify",
                        "--backend=" + backend,
                        "--stats",
                        "--op=" + operations)
                .await();
        assertThat(result.exit()).as(result.output()).isZero();
        return result.output();
    }

    /** The same through the provider that is not the default, over the models' shapes. */
    @Test
    void theModelsShapesThroughTheOtherProvider() {
        String before = System.setProperty(CudaDrivers.PROPERTY, "ffm");
        try {
            Verify.Outcome outcome = Verify.run(
                    "--backend",
                    "cuda",
                    "--op",
                    "^(?!gemm|kMeans)[a-zA-Z]+/(f32|bf16)/.*(1152|x192|advance|n256|32x32)");
            assertThat(outcome.output().lines().findFirst().orElseThrow()).contains("through ffm");
            assertThat(outcome.failures()).isEmpty();
            assertThat(outcome.output()).contains(" 0 skipped");
            assertThat(outcome.exit()).as(outcome.lastLine()).isZero();
        } finally {
            if (before == null) {
                System.clearProperty(CudaDrivers.PROPERTY);
            } else {
                System.setProperty(CudaDrivers.PROPERTY, before);
            }
        }
    }

    @Test
    void aKernelsFaultEndsTheRunAndNamesItsLine() {
        try (Backend cuda = Backends.require("cuda", BackendOptions.DEFAULT);
                Backend reference = Backends.require("reference", BackendOptions.DEFAULT)) {
            Backend faulty = new FaultyBackend(cuda, (ops, backend) -> new ForwardingOps(ops) {
                @Override
                public void gatherRows(Tensor x, Tensor index, Tensor rows) {
                    super.gatherRows(Tensor.wrap(x.address() + (1L << 40), x.dtype(), x.shape()), index, rows);
                }
            });
            Verify.run(faulty, reference, "--op", "^(gatherRows|advance)/")
                    .failedWith("gatherRows/f32/", "FAILED")
                    .failedWith("gather_rows_f32_f32, PTX line", "access outside every allocation")
                    .failedWith("FAILED: ", " cases did not run, since the last one broke the backend for good");
        }
    }
}
