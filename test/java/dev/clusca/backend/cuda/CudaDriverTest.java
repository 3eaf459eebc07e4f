package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.SuiteRunner;
import dev.clusca.backend.cuda.driver.CudaCapability;
import dev.clusca.backend.cuda.driver.CudaDrivers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Both providers under the same suite. */
class CudaDriverTest {
    @TempDir
    static Path folder;

    private static Path stub = Path.of("");

    @BeforeAll
    static void compile() {
        stub = CudaStub.compile(folder);
    }

    static Stream<String> providers() {
        return CudaDrivers.names().stream();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void passesTheSuiteOnTheStub(String provider) {
        assertThatAllPassed(run(provider, Map.of(), SuiteRunner.class, "-Dclusca.cuda.path=" + stub));
    }

    @ParameterizedTest
    @MethodSource("providers")
    void passesTheSuiteOnTheEmulator(String provider) {
        assertThatAllPassed(run(
                provider,
                Map.of("CLUSCA_EMULATE", "1"),
                SuiteRunner.class,
                "-Dclusca.emulate.memory=" + (64 << 20),
                // The least shared memory, of which the system keeps some.
                "-Dclusca.emulate.capability=12.0"));
    }

    @ParameterizedTest
    @MethodSource("providers")
    void withoutADriverSaysWhatToInstall(String provider) {
        ChildProcess.Result result =
                run(provider, Map.of(), OpenDriver.class, "-Dclusca.cuda.path=" + folder.resolve("nowhere"));
        assertThat(result.output())
                .contains("BackendException: the CUDA driver is not available: libcuda.so.1 was not found: ")
                .contains("install NVIDIA's driver");
        assertThat(result.exit()).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource("providers")
    void whatAnOldDriverLacksIsSaid(String provider) throws IOException {
        Path old = CudaStub.compile(Files.createTempDirectory(folder, "old"), "-DSTUB_WITHOUT_TENSOR_MAPS");
        ChildProcess.Result result = run(provider, Map.of(), AskForTensorMaps.class, "-Dclusca.cuda.path=" + old);
        assertThat(result.output())
                .contains("BackendException: this driver, for CUDA 12.6, does not offer tensor maps;"
                        + " install a driver for CUDA 12.0 or newer");
        assertThat(result.exit()).isEqualTo(1);
    }

    @Test
    void anUnknownProviderIsNamedWithThoseThatThereAre() {
        ChildProcess.Result result = run("cudart", Map.of(), OpenDriver.class, "-Dclusca.cuda.path=" + stub);
        assertThat(result.output())
                .contains("there is no CUDA provider \"cudart\"; set -Dclusca.cuda.driver to one of jcuda, ffm");
    }

    @Test
    void jcudaIsRefusedWhereItGivesWrongResults() {
        ChildProcess.Result result =
                run("jcuda", Map.of(), OpenDriver.class, "-Dclusca.cuda.path=" + stub, "-Xcheck:jni");
        assertThat(result.output()).contains("JCuda gives wrong results under -Xcheck:jni");
    }

    /** JCuda's library comes from the private cache alone: a planted one where it looks by itself is not loaded. */
    @Test
    void aPlantedLibraryOfJCudaIsNotLoaded() throws IOException {
        Path planted = Files.createDirectory(folder.resolve("tmp"));
        Files.writeString(planted.resolve("libJCudaDriver-12.6.0-linux-x86_64.so"), "no library");
        ChildProcess.Result result =
                run("jcuda", Map.of(), OpenDriver.class, "-Dclusca.cuda.path=" + stub, "-Djava.io.tmpdir=" + planted);
        assertThat(result.output()).contains("jcuda: clusca stub, temporary files in " + planted);
        assertThat(result.exit()).isZero();
    }

    private static void assertThatAllPassed(ChildProcess.Result result) {
        long tests = Arrays.stream(DriverSuite.class.getDeclaredMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .count();
        SuiteRunner.assertThatAllPassed(result, (int) tests);
    }

    private static ChildProcess.Result run(
            String provider, Map<String, String> environment, Class<?> main, String... flags) {
        String[] arguments = Stream.of(
                        Stream.of("-D" + CudaDrivers.PROPERTY + "=" + provider),
                        Arrays.stream(flags),
                        Stream.of(main.getName(), DriverSuite.class.getName()))
                .flatMap(s -> s)
                .toArray(String[]::new);
        return ChildProcess.java(ChildProcess.classPath(), environment, arguments)
                .await();
    }

    /** Asks for a capability, whichever provider may have it. */
    static final class AskForTensorMaps {
        private AskForTensorMaps() {}

        public static void main(String[] args) {
            CudaDrivers.with(CudaDrivers.open(), CudaCapability.TENSOR_MAP);
        }
    }

    /** Opens the provider that the property names. */
    static final class OpenDriver {
        private OpenDriver() {}

        public static void main(String[] args) {
            var driver = CudaDrivers.open();
            System.out.println(driver.name() + ": " + driver.deviceName(0) + ", temporary files in "
                    + System.getProperty("java.io.tmpdir"));
        }
    }
}
