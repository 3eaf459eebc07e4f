package dev.clusca.bindings.dnn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.SuiteRunner;
import dev.clusca.bindings.CudnnLibrary;
import dev.clusca.bindings.NativeUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The typed layer over cuDNN, and what its gate says of missing and wrong libraries; each in a JVM of its own. */
class CudnnTest {
    /** Set where a suite is to run. */
    static final String SUITE = "clusca.cudnn.suite";

    private static final String INSTALL = "install cuDNN 9 for CUDA 13 (or: pip install nvidia-cudnn-cu13)";

    @TempDir
    static Path folder;

    private static Path standIn = Path.of("");
    private static Path blas = Path.of("");

    @BeforeAll
    static void compile() throws IOException {
        standIn = CudnnStandIn.cudnn(folder);
        blas = CudnnStandIn.cublasLt(folder, 13000);
    }

    @Test
    void descriptorsAndPlansOnTheStandIn() {
        SuiteRunner.assertThatAllPassed(
                run(SuiteRunner.class, Map.of(), standIn, blas, CudnnDescriptorSuite.class.getName()),
                CudnnDescriptorSuite.TESTS);
    }

    /** Where the library is installed, or -Dclusca.cudnn.path names it. */
    @Test
    void descriptorsAndPlansOnTheRealLibrary() {
        Assumptions.assumeTrue(
                CudnnLibrary.gate().isAvailable(),
                () -> CudnnLibrary.gate()
                        .unavailabilityCause()
                        .map(NativeUnavailableException::getMessage)
                        .orElse(""));
        Path driver = CudnnStandIn.cuda(folder);
        SuiteRunner.assertThatAllPassed(
                run(
                        SuiteRunner.class,
                        Map.of("LD_LIBRARY_PATH", driver.getParent().toString()),
                        CudnnLibrary.gate().origin(),
                        blas,
                        CudnnDescriptorSuite.class.getName()),
                CudnnDescriptorSuite.TESTS);
    }

    @Test
    void computesOnTheStandIn() {
        SuiteRunner.assertThatAllPassed(
                run(SuiteRunner.class, Map.of(), standIn, blas, CudnnExecutionSuite.class.getName()),
                CudnnExecutionSuite.TESTS);
    }

    @Test
    void aLibraryThatIsNowhereIsNamed() throws IOException {
        Path empty = temporary();
        assertThat(made(empty, blas))
                .isEqualTo("cuDNN is not available: libcudnn.so.9 was not found in " + empty
                        + ". Expected: libcudnn.so.9 where -Dclusca.cudnn.path points. Remedy: " + INSTALL
                        + ", or name its folder with -Dclusca.cudnn.path=DIR.");
    }

    @Test
    void anOldVersionIsRefused() throws IOException {
        Path old = CudnnStandIn.cudnn(temporary(), "-DSTAND_IN_VERSION=8907");
        assertThat(made(old, blas))
                .isEqualTo("cuDNN is not available: " + old + " is cuDNN 8.9.7. Expected: cuDNN 9.0 or newer. Remedy: "
                        + INSTALL + ".");
    }

    @Test
    void aMissingFunctionIsNamed() throws IOException {
        Path without = CudnnStandIn.cudnn(temporary(), "-DSTAND_IN_WITHOUT_EXECUTE");
        assertThat(made(without, blas))
                .isEqualTo("cuDNN is not available: " + without
                        + " has no function cudnnBackendExecute. Expected: a version of cuDNN that has it. Remedy: "
                        + INSTALL + ".");
    }

    /** The dynamic linker would end the process with it. */
    @Test
    void aTruncatedFileIsRefused() throws IOException {
        Path cut = temporary().resolve("libcudnn.so.9");
        byte[] whole = Files.readAllBytes(standIn);
        Files.write(cut, Arrays.copyOf(whole, 4096));
        assertThat(made(cut, blas))
                .startsWith("cuDNN is not available: " + cut)
                .contains("4096")
                .endsWith(INSTALL + ", or name its folder with -Dclusca.cudnn.path=DIR.");
    }

    /** The real one ends the process where its parts are missing, so they are looked for before it is called. */
    @Test
    void aLibraryWithoutItsPartsIsRefused() throws IOException {
        Path lone = Files.copy(standIn, temporary().resolve("libcudnn.so.9"));
        assertThat(made(lone, blas))
                .isEqualTo("cuDNN is not available: libcudnn_graph.so.9 does not lie beside " + lone
                        + ", and cuDNN ends the process without it. Expected: all libraries of cuDNN in one folder."
                        + " Remedy: " + INSTALL + ", or copy all libcudnn*.so.9 together.");
    }

    /** cuDNN ends the process where it finds no cuBLASLt, so it is loaded before. */
    @Test
    void cuBlasLtIsNeededBesideIt() throws IOException {
        assertThat(made(standIn, temporary()))
                .startsWith("cuBLASLt is not available: libcublasLt.so.13")
                .contains("Remedy: install CUDA 13");
    }

    @Test
    void librariesOfTwoVersionsOfCudaAreRefused() throws IOException {
        Path old = CudnnStandIn.cudnn(temporary(), "-DSTAND_IN_CUDART=12090");
        assertThat(made(old, blas))
                .isEqualTo(old + " is made for CUDA 12, and " + blas
                        + " is of CUDA 13. Expected: both of one major version. Remedy: install cuDNN 9 for CUDA 13"
                        + " (or: pip install nvidia-cudnn-cu13).");
    }

    @Test
    void withoutAGpuSaysSo() {
        assertThat(made(standIn, blas, "STAND_IN_NO_GPU"))
                .isEqualTo("cuDNN: cudnnCreate for the current context returned status 1001"
                        + " (CUDNN_STATUS_NOT_INITIALIZED): cudaGetDeviceCount(&count) != cudaSuccess;"
                        + " no GPU can be used in this process: check nvidia-smi and CUDA_VISIBLE_DEVICES");
    }

    @Test
    void underEmulationItIsRefused() {
        assertThat(made(standIn, blas, "CLUSCA_EMULATE"))
                .startsWith("cuDNN is not available: the CUDA driver of this process is a stand-in")
                .contains("use clusca's own kernels under emulation");
    }

    @Test
    void anOldVersionHasNoAttention() throws IOException {
        Path old = CudnnStandIn.cudnn(temporary(), "-DSTAND_IN_VERSION=91002");
        assertThat(run(PlanAttention.class, Map.of(), old, blas).output().strip())
                .isEqualTo("attention as one operation: this is cuDNN 9.10.2. Expected: cuDNN 9.13.1 or newer."
                        + " Remedy: install a newer cuDNN (or: pip install --upgrade nvidia-cudnn-cu13).");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "none",
            value = {
                "BF16 | 64 | 92400 | 90 | none",
                "BF16 | 72 | 91301 | 80 | none",
                "BF16 | 256 | 92400 | 90 | none",
                "BF16 | 64 | 91300 | 90 | attention: this is cuDNN 9.13.0. Expected: cuDNN 9.13.1 or newer.",
                "BF16 | 64 | 92400 | 75 | attention on a GPU of compute capability 7.5. Expected: 8.0 or newer.",
                "F32 | 64 | 92400 | 90 | attention in F32. Expected: BF16: cuDNN's attention takes 16-bit types.",
                "BF16 | 68 | 92400 | 90 | attention in heads of 68 channels. Expected: a multiple of 8, 256 at most.",
                "BF16 | 136 | 92400 | 100 | attention in heads of 136 channels. Expected: a multiple of 8, 128 at most."
            })
    void whatAttentionTakesIsDeclared(CudnnType type, long d, long version, int capability, String refusal) {
        String said = new AttentionShape(type, 1, 2, 3, d)
                .refusal(version, capability)
                .map(NativeUnavailableException::getMessage)
                .orElse(null);
        if (refusal == null) {
            assertThat(said).isNull();
        } else {
            assertThat(said).startsWith(refusal).contains(" Remedy: ");
        }
    }

    /** What making a handle says. */
    private static String made(Path cudnn, Path cublasLt, String... switches) {
        Map<String, String> environment = switches.length == 0 ? Map.of() : Map.of(switches[0], "1");
        ChildProcess.Result result = run(MakeHandle.class, environment, cudnn, cublasLt);
        assertThat(result.exit()).as(result.output()).isZero();
        return result.output().strip();
    }

    private static ChildProcess.Result run(
            Class<?> main, Map<String, String> environment, Path cudnn, Path cublasLt, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                "-D" + SUITE + "=on",
                "-Dclusca.cudnn.path=" + cudnn,
                "-Dclusca.cublaslt.path=" + cublasLt,
                main.getName()));
        command.addAll(List.of(arguments));
        return ChildProcess.java(ChildProcess.classPath(), environment, command.toArray(String[]::new))
                .await();
    }

    private static Path temporary() throws IOException {
        return Files.createTempDirectory(folder, "cudnn");
    }

    /** Prints why no handle can be made, or that it can. */
    static final class MakeHandle {
        private MakeHandle() {}

        public static void main(String[] args) {
            try (CudnnHandle _ = new CudnnHandle(0)) {
                System.out.println("made");
            } catch (NativeUnavailableException | CudnnException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    /** Prints why attention cannot be planned, or that it can. */
    static final class PlanAttention {
        private PlanAttention() {}

        public static void main(String[] args) {
            try (CudnnHandle handle = new CudnnHandle(0);
                    AttentionPlan _ = new AttentionPlan(handle, new AttentionShape(CudnnType.BF16, 1, 2, 3, 8))) {
                System.out.println("made");
            } catch (NativeUnavailableException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
