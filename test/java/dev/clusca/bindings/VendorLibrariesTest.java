package dev.clusca.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.Repository;
import dev.clusca.bindings.cublaslt.CublasLt;
import dev.clusca.bindings.cuda.Cuda;
import dev.clusca.bindings.cudnn.Cudnn;
import dev.clusca.bindings.onednn.OneDnn;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The gates to the vendors' libraries, on machines that have them and on those that do not. */
class VendorLibrariesTest {
    @Test
    void oneDnnComesInAJar() {
        assertThat(OneDnnLibrary.gate().unavailabilityCause()).isEmpty();
        assertThat(OneDnnLibrary.gate().missingOptionalSymbols()).isEmpty();
        assertThat(DnnlJar.version()).startsWith(OneDnnLibrary.version().replaceFirst("\\.\\d+$", "") + "-");
    }

    @Test
    void oneDnnCanBeCalledThroughItsGeneratedClass() {
        OneDnnLibrary.gate().ensureAvailable();
        assertThat(OneDnn.dnnl_data_type_size(OneDnn.dnnl_f32())).isEqualTo(4);
    }

    @Test
    void theHashesBelongToTheVersionThatTheBuildUses() throws IOException {
        assertThat(Files.readString(Repository.path("pom.xml")))
                .contains("<dnnl.version>" + DnnlJar.version() + "</dnnl.version>")
                .contains("<jcuda.version>" + JCudaNatives.version() + "</jcuda.version>");
    }

    @Test
    void jcudasLibrariesHaveTheBytesThatArePinned(@TempDir Path folder) {
        Path extracted = new NativeCache(folder)
                .extract("jcuda", JCudaNatives.version(), List.of(JCudaNatives.driver(), JCudaNatives.cublas()));
        assertThat(extracted)
                .isDirectoryContaining("glob:**libJCudaDriver-12.6.0-linux-x86_64.so")
                .isDirectoryContaining("glob:**libJCublas2-12.6.0-linux-x86_64.so");
    }

    static Stream<Arguments> installed() {
        return Stream.of(
                Arguments.of(CudaLibrary.gate(), List.of("libcuda.so.1")),
                Arguments.of(CublasLtLibrary.gate(), List.of("libcublasLt.so.13", "libcublasLt.so.12")),
                Arguments.of(CublasLibrary.gate(), List.of("libcublas.so.12")),
                Arguments.of(CudnnLibrary.gate(), List.of("libcudnn.so.9")));
    }

    /** Whether the library is here depends on the machine; that it opens or says why does not. */
    @ParameterizedTest
    @MethodSource("installed")
    void whatIsInstalledOpensOrSaysWhy(NativeLibrary gate, List<String> fileNames) {
        if (gate.isAvailable()) {
            assertThat(fileNames).contains(gate.origin().getFileName().toString());
        } else {
            NativeUnavailableException cause = gate.unavailabilityCause().orElseThrow();
            assertThat(cause.found()).contains(fileNames);
            assertThat(cause.remedy()).contains("install ");
        }
    }

    static Stream<Arguments> generated() {
        return Stream.of(
                Arguments.of("cuda", Cuda.class),
                Arguments.of("cublaslt", CublasLt.class),
                Arguments.of("cudnn", Cudnn.class),
                Arguments.of("onednn", OneDnn.class));
    }

    @ParameterizedTest
    @MethodSource("generated")
    void gatesCheckTheFunctionsOfTheirGeneratedClass(String library, Class<?> generated) {
        Symbols symbols = Symbols.listedFor(library, "it");
        List<String> functions = Arrays.stream(generated.getDeclaredMethods())
                .map(Method::getName)
                .filter(name -> name.endsWith("$handle"))
                .map(name -> name.substring(0, name.length() - "$handle".length()))
                .toList();
        assertThat(Stream.concat(symbols.required().stream(), symbols.optional().stream()))
                .containsExactlyInAnyOrderElementsOf(functions);
    }

    /** OpenMP reads the variable while it is loaded, so it is asked for in a JVM of its own. */
    @Test
    void openMpWaitsPassivelyUnlessTheUserSaysOtherwise() {
        assertThat(waitPolicy(Map.of())).isEqualTo("passive\n");
        assertThat(waitPolicy(Map.of("OMP_WAIT_POLICY", "active"))).isEqualTo("active\n");
    }

    private static String waitPolicy(Map<String, String> environment) {
        return ChildProcess.java(ChildProcess.classPath(), environment, WaitPolicy.class.getName())
                .await()
                .output();
    }

    /** Opens the gate and prints the variable as native code sees it. */
    static final class WaitPolicy {
        private WaitPolicy() {}

        public static void main(String[] args) throws Throwable {
            OneDnnLibrary.gate().ensureAvailable();
            Linker linker = Linker.nativeLinker();
            MethodHandle getenv = linker.downcallHandle(
                    linker.defaultLookup().findOrThrow("getenv"),
                    FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS));
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment value = (MemorySegment) getenv.invokeExact(arena.allocateFrom("OMP_WAIT_POLICY"));
                System.out.println(value.reinterpret(Long.MAX_VALUE).getString(0));
            }
        }
    }
}
