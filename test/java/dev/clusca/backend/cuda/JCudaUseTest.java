package dev.clusca.backend.cuda;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import jcuda.Pointer;
import jcuda.driver.CUdevice;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Test;

/**
 * How JCuda may be used: by its provider alone, and never so that it calls the driver inside a JNI critical section, from where an upcall of the emulator that allocates would deadlock some collectors.
 */
class JCudaUseTest {
    private static final DescribedPredicate<JavaCall<?>> CRITICAL =
            describe("hand a Java array to the driver as memory", call -> {
                String owner = call.getTargetOwner().getName();
                boolean takesArray = call.getTarget().getRawParameterTypes().stream()
                        .anyMatch(type ->
                                type.isArray() && type.getComponentType().isPrimitive());
                return switch (owner) {
                    case "jcuda.Pointer" -> call.getName().equals("to") && takesArray;
                    case "jcuda.driver.JCudaDriver" ->
                        call.getName().equals("cuDeviceGetName")
                                || call.getName().equals("cuModuleLoadDataJIT")
                                || call.getName().equals("cuModuleLoad")
                                || call.getName().equals("cuModuleLoadData")
                                || call.getName().equals("cuModuleLoadFatBinary");
                    default -> false;
                };
            });

    private static final ArchRule NATIVE_MEMORY_ONLY =
            noClasses().should().callCodeUnitWhere(CRITICAL).because("JCuda pins the array while it calls the driver");

    private static final ArchRule ONLY_IN_ITS_PROVIDER = noClasses()
            .that()
            .haveNameNotMatching("dev\\.clusca\\.backend\\.cuda\\.driver\\.JCuda.*")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("jcuda..");

    private static final JavaClasses SHIPPED = new ClassFileImporter()
            .withImportOption(location -> !location.contains("/test-classes/"))
            .importPackages("dev.clusca.backend", "dev.clusca.cli", "dev.clusca.pipeline", "dev.clusca.emulator");

    @Test
    void handsOverNativeMemoryOnly() {
        assertThat(SHIPPED.contain("dev.clusca.backend.cuda.driver.JCudaDriverProvider"))
                .isTrue();
        NATIVE_MEMORY_ONLY.check(SHIPPED);
    }

    @Test
    void staysInsideItsProvider() {
        ONLY_IN_ITS_PROVIDER.check(SHIPPED);
    }

    @Test
    void theRulesBite() {
        JavaClasses offender = new ClassFileImporter().importClasses(Offender.class);
        assertThat(NATIVE_MEMORY_ONLY.evaluate(offender).getFailureReport().getDetails())
                .hasSize(3)
                .anyMatch(line -> line.contains("Pointer.to([I)"))
                .anyMatch(line -> line.contains("cuModuleLoadData"))
                .anyMatch(line -> line.contains("cuDeviceGetName"));
        assertThat(ONLY_IN_ITS_PROVIDER.evaluate(offender).hasViolation()).isTrue();
    }

    /** Does what the rules forbid. */
    static final class Offender {
        private Offender() {}

        static Pointer offend() {
            JCudaDriver.cuModuleLoadData(new CUmodule(), new byte[1]);
            JCudaDriver.cuDeviceGetName(new byte[1], 1, new CUdevice());
            return Pointer.to(new int[1]);
        }
    }
}
