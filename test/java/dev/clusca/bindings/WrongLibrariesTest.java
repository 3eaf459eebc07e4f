package dev.clusca.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.bindings.blas.LtHandle;
import dev.clusca.bindings.blas.StandInCublasLt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Missing and wrong libraries of CUDA: what a user is told. Each in a process of its own, since a gate opens or shuts once. */
class WrongLibrariesTest {
    private static final String REMEDY =
            "install CUDA 13 or 12 (or: pip install nvidia-cublas for CUDA 13, nvidia-cublas-cu12 for CUDA 12), or name its"
                    + " folder with -Dclusca.cublaslt.path=DIR.\n";

    @TempDir
    Path folder;

    @Test
    void noDriver() {
        assertThat(child(CudaGate.class, Map.of(), "-Dclusca.cuda.path=" + folder))
                .isEqualTo("the CUDA driver is not available: libcuda.so.1 was not found in " + folder
                        + ". Expected: libcuda.so.1 where -Dclusca.cuda.path points. Remedy: install NVIDIA's driver; in a"
                        + " container, start it with the NVIDIA container toolkit (--gpus all); elsewhere, name the file"
                        + " with -Dclusca.cuda.path=FILE.\n");
    }

    @Test
    void theLibraryOfCuda13() throws IOException {
        Path library = library("libcublasLt.so.13");
        assertThat(lt("-Dclusca.cublaslt.path=" + folder)).isEqualTo(library + " is 13.1.1\n");
    }

    /** What clusca uses is the same in CUDA 12. */
    @Test
    void theLibraryOfCuda12() throws IOException {
        Path library = library("libcublasLt.so.12");
        assertThat(lt("-Dclusca.cublaslt.path=" + library)).isEqualTo(library + " is 13.1.1\n");
    }

    @Test
    void aLibraryOfCuda12ThatLacksAFunction() throws IOException {
        Path library = library("libcublasLt.so.12", "-DcublasLtMatmulAlgoGetHeuristic=another");
        assertThat(lt("-Dclusca.cublaslt.path=" + folder))
                .isEqualTo("cuBLASLt is not available: " + library + " has no function cublasLtMatmulAlgoGetHeuristic."
                        + " Expected: a version of cuBLASLt that has it. Remedy: install CUDA 13 or 12 (or: pip install"
                        + " nvidia-cublas for CUDA 13, nvidia-cublas-cu12 for CUDA 12).\n");
    }

    @Test
    void aLibraryThatWasCutShort() throws IOException {
        Path library = library("libcublasLt.so.13");
        byte[] whole = Files.readAllBytes(library);
        Files.write(library, Arrays.copyOf(whole, 4000));
        assertThat(lt("-Dclusca.cublaslt.path=" + folder))
                .isEqualTo("cuBLASLt is not available: " + library
                        + " is cut short: it has 4000 bytes, and its own headers"
                        + " tell of " + whole.length
                        + ". Expected: the whole file. Remedy: install or copy it again, or "
                        + REMEDY);
    }

    /** The newer of two is taken wherever it lies, and the other is named; the property decides otherwise. */
    @Test
    void twoVersionsOnThePath() throws IOException {
        Path near = Files.createDirectory(folder.resolve("near"));
        Path far = Files.createDirectory(folder.resolve("far"));
        Path older = StandInCublasLt.compile(near, "libcublasLt.so.12");
        Path newer = StandInCublasLt.compile(far, "libcublasLt.so.13");
        Map<String, String> environment = Map.of("LD_LIBRARY_PATH", near + ":" + far);
        assertThat(child(LtGate.class, environment))
                .startsWith(newer + " is 13.1.1, taken before ")
                .contains(older.toString());
        assertThat(child(LtGate.class, environment, "-Dclusca.cublaslt.path=" + near))
                .isEqualTo(older + " is 13.1.1\n");
    }

    @Test
    void aPropertyThatPointsNowhere() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThat(child(
                        LtGate.class,
                        Map.of(
                                "LD_LIBRARY_PATH",
                                library("libcublasLt.so.13").getParent().toString()),
                        "-Dclusca.cublaslt.path=" + empty))
                .isEqualTo("cuBLASLt is not available: libcublasLt.so.13 or libcublasLt.so.12 was not found in " + empty
                        + ". Expected: libcublasLt.so.13 or libcublasLt.so.12 where -Dclusca.cublaslt.path points. Remedy: "
                        + REMEDY);
    }

    @Test
    void aPropertyThatNamesNoLibrary() throws IOException {
        library("libcublasLt.so.13");
        Path text = Files.writeString(folder.resolve("notes.txt"), "not a library");
        assertThat(lt("-Dclusca.cublaslt.path=" + text))
                .isEqualTo("cuBLASLt is not available: libcublasLt.so.13 or libcublasLt.so.12 was not found: " + text
                        + " is neither a folder nor a library for this processor."
                        + " Expected: libcublasLt.so.13 or libcublasLt.so.12 where -Dclusca.cublaslt.path points. Remedy: "
                        + REMEDY);
    }

    /** The folder that a wheel of NVIDIA's unpacks to; where the dynamic linker knows one as well, that is taken before. */
    @Test
    void theFolderOfPip() throws IOException {
        Path lib = Files.createDirectories(folder.resolve("venv/lib/python3.12/site-packages/nvidia/cublas/lib"));
        Path library = StandInCublasLt.compile(lib, "libcublasLt.so.13");
        assertThat(child(
                        LtGate.class,
                        Map.of("VIRTUAL_ENV", folder.resolve("venv").toString())))
                .contains(library.toString());
    }

    private Path library(String name, String... flags) throws IOException {
        return StandInCublasLt.compile(folder, name, flags);
    }

    private String lt(String... flags) {
        return child(LtGate.class, Map.of(), flags);
    }

    private static String child(Class<?> main, Map<String, String> environment, String... flags) {
        return ChildProcess.java(
                        ChildProcess.classPath(),
                        environment,
                        Stream.concat(Stream.of(flags), Stream.of(main.getName()))
                                .toArray(String[]::new))
                .await()
                .output();
    }

    /** Opens the gate to cuBLASLt, and says what it found. */
    static final class LtGate {
        private LtGate() {}

        public static void main(String[] args) {
            print(CublasLtLibrary.gate(), () -> " is " + LtHandle.version());
        }
    }

    /** Opens the gate to the driver. */
    static final class CudaGate {
        private CudaGate() {}

        public static void main(String[] args) {
            print(CudaLibrary.gate(), () -> "");
        }
    }

    private static void print(NativeLibrary gate, Supplier<String> more) {
        try {
            gate.ensureAvailable();
            List<Path> others = gate.passedOver();
            System.out.println(gate.origin()
                    + more.get()
                    + (others.isEmpty()
                            ? ""
                            : others.stream()
                                    .map(Path::toString)
                                    .collect(Collectors.joining(", ", ", taken before ", ""))));
        } catch (NativeUnavailableException e) {
            System.out.println(e.getMessage());
        }
    }
}
