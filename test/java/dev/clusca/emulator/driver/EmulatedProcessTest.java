package dev.clusca.emulator.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.ChildProcess;
import dev.clusca.bindings.CudaLibrary;
import dev.clusca.bindings.cuda.Cuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** How a process comes to have the emulated driver, in processes of their own. */
class EmulatedProcessTest {
    private static ChildProcess.Result run(Class<?> main, String emulate, String... flags) {
        String[] arguments =
                Stream.concat(Arrays.stream(flags), Stream.of(main.getName())).toArray(String[]::new);
        return ChildProcess.java(ChildProcess.classPath(), Map.of("CLUSCA_EMULATE", emulate), arguments)
                .await();
    }

    @Test
    void theEnvironmentAloneIsEnough() {
        assertThat(run(PrintName.class, "1").output()).isEqualTo(DeviceModel.NAME + " 8\n");
    }

    @Test
    void aPropertyIsEnoughAndMoreDescribeTheDevice() {
        ChildProcess.Result result = run(PrintName.class, "0", "-Dclusca.emulate", "-Dclusca.emulate.capability=9.0");
        assertThat(result.output()).isEqualTo(DeviceModel.NAME + " 9\n");
    }

    @Test
    void javaMayChooseBeforeTheFirstLook() {
        ChildProcess.Result result = run(Choose.class, "0");
        assertThat(result.output()).isEqualTo(DeviceModel.NAME + " 8\n");
        assertThat(result.exit()).isZero();
    }

    @Test
    void javaMayNotChooseLater() {
        ChildProcess.Result result = run(ChooseLate.class, "0");
        assertThat(result.exit()).isNotZero();
        assertThat(result.output()).contains("already looked for the machine's CUDA driver");
    }

    @Test
    void aSwitchThatMeansNothingIsAnError() {
        ChildProcess.Result result = run(PrintName.class, "perhaps");
        assertThat(result.exit()).isNotZero();
        assertThat(result.output()).contains("CLUSCA_EMULATE is \"perhaps\"");
    }

    /** Prints the name and the first number of the compute capability of device 0. */
    static final class PrintName {
        private PrintName() {}

        public static void main(String[] args) {
            CudaLibrary.gate().ensureAvailable();
            try (Arena arena = Arena.ofConfined()) {
                Cuda.cuInit(0);
                MemorySegment name = arena.allocate(100);
                Cuda.cuDeviceGetName(name, 100, 0);
                MemorySegment major = arena.allocate(4);
                Cuda.cuDeviceGetAttribute(major, Cuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR(), 0);
                System.out.println(name.getString(0) + " " + major.get(ValueLayout.JAVA_INT, 0));
            }
        }
    }

    /** Chooses the emulated driver, then prints its name. */
    static final class Choose {
        private Choose() {}

        public static void main(String[] args) {
            EmulatedDriver driver = EmulatedDriver.choose(DeviceModel.standard());
            assertThat(EmulatedDriver.ofProcess()).contains(driver);
            PrintName.main(args);
        }
    }

    /** Looks for a driver, then chooses the emulated one. */
    static final class ChooseLate {
        private ChooseLate() {}

        public static void main(String[] args) {
            CudaLibrary.gate().isAvailable();
            EmulatedDriver.choose(DeviceModel.standard());
        }
    }
}
