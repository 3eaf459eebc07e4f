package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.SuiteRunner;
import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.bindings.dnn.CudnnStandIn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The variant cuda:cudnn; in JVMs of their own, since a process has one driver and one cuDNN for good. */
class CudnnOpsTest {
    /** Set where the suite is to run. */
    static final String SUITE = "clusca.cudnn.backend";

    @TempDir
    static Path folder;

    private static Path driver = Path.of("");
    private static Path cudnn = Path.of("");
    private static Path blas = Path.of("");

    @BeforeAll
    static void compile() throws IOException {
        driver = CudaStub.compile(folder);
        cudnn = CudnnStandIn.cudnn(folder);
        blas = CudnnStandIn.cublasLt(folder, 13000);
    }

    @Test
    void computesThroughCudnn() {
        SuiteRunner.assertThatAllPassed(
                run(Map.of(), cudnn, SuiteRunner.class.getName(), CudnnBackendSuite.class.getName()),
                CudnnBackendSuite.TESTS);
    }

    @Test
    void withoutTheLibraryTheReasonIsSaid() throws IOException {
        Path empty = Files.createTempDirectory(folder, "empty");
        assertThat(run(Map.of(), empty, Open.class.getName()).output().strip())
                .startsWith("the backend cuda:cudnn is not usable here: cuDNN is not available: libcudnn.so.9 was not"
                        + " found in " + empty)
                .contains("Remedy: install cuDNN 9 for CUDA 13 (or: pip install nvidia-cudnn-cu13)");
    }

    @Test
    void underEmulationTheReasonIsSaid() {
        assertThat(run(Map.of("CLUSCA_EMULATE", "1"), cudnn, Open.class.getName())
                        .output()
                        .strip())
                .startsWith("the backend cuda:cudnn is not usable here: cuDNN is not available: the CUDA driver of this"
                        + " process is a stand-in")
                .contains("use clusca's own kernels under emulation");
    }

    @Test
    void withoutAGpuForCudnnTheReasonIsSaid() {
        assertThat(run(Map.of("STAND_IN_NO_GPU", "1"), cudnn, Open.class.getName())
                        .output()
                        .strip())
                .isEqualTo("cuDNN: cudnnCreate for the current context returned status 1001"
                        + " (CUDNN_STATUS_NOT_INITIALIZED): cudaGetDeviceCount(&count) != cudaSuccess;"
                        + " no GPU can be used in this process: check nvidia-smi and CUDA_VISIBLE_DEVICES");
    }

    @Test
    void theDoctorListsIt() {
        assertThat(run(Map.of(), cudnn, "dev.clusca.cli.Main", "doctor")
                        .output()
                        .lines())
                .anyMatch(line -> line.matches("  cuda:cudnn +attention of bf16 .* by cuDNN 9; .*"))
                .anyMatch(line -> line.matches("  cuDNN +.*/libcudnn.so.9"));
    }

    private static ChildProcess.Result run(Map<String, String> environment, Path library, String... main) {
        List<String> command = new ArrayList<>(List.of(
                "-D" + SUITE + "=on",
                "-Dclusca.cuda.path=" + driver,
                "-Dclusca.cudnn.path=" + library,
                "-Dclusca.cublaslt.path=" + blas));
        command.addAll(List.of(main));
        ChildProcess.Result result = ChildProcess.java(
                        ChildProcess.classPath(), environment, command.toArray(String[]::new))
                .await();
        assertThat(result.exit()).as(result.output()).isZero();
        return result;
    }

    /** Prints why the variant cannot be opened, or that it can. */
    static final class Open {
        private Open() {}

        public static void main(String[] args) {
            try (Backend backend = Backends.require("cuda:cudnn", BackendOptions.DEFAULT)) {
                System.out.println("opened " + backend.name());
            } catch (BackendException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
