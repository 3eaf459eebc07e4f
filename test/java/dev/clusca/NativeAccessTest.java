package dev.clusca;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import dev.clusca.bindings.NativeLibrary;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Native code is reached through the bindings alone. */
class NativeAccessTest {
    private static final Set<String> LOADS = Set.of("load", "loadLibrary");

    private static final DescribedPredicate<JavaCall<?>> NATIVE_ACCESS =
            describe("link, load or reinterpret native code or memory", call -> {
                var owner = call.getTargetOwner();
                String name = call.getName();
                return owner.isAssignableTo(Linker.class)
                        || owner.isEquivalentTo(SymbolLookup.class)
                        || (owner.isAssignableTo(MemorySegment.class) && name.equals("reinterpret"))
                        || ((owner.isEquivalentTo(System.class) || owner.isEquivalentTo(Runtime.class))
                                && LOADS.contains(name))
                        || (owner.isEquivalentTo(NativeLibrary.class) && name.equals("downcall"));
            });

    private static final ArchRule NATIVE_ACCESS_ONLY_IN_BINDINGS = noClasses()
            .that()
            .resideOutsideOfPackage("dev.clusca.bindings..")
            .should()
            .callCodeUnitWhere(NATIVE_ACCESS)
            .because("all native access lives in bindings, behind one gate per library");

    @Test
    void nativeAccessLivesInBindings() {
        JavaClasses shipped = new ClassFileImporter()
                .withImportOption(location -> !location.contains("/test-classes/"))
                .importPackages("dev.clusca");
        assertThat(shipped.contain(NativeLibrary.class)).isTrue();
        NATIVE_ACCESS_ONLY_IN_BINDINGS.check(shipped);
    }

    @Test
    void theRuleOnNativeAccessBites() {
        JavaClasses offender = new ClassFileImporter().importClasses(Offender.class);
        assertThat(NATIVE_ACCESS_ONLY_IN_BINDINGS
                        .evaluate(offender)
                        .getFailureReport()
                        .getDetails())
                .hasSize(2)
                .anyMatch(line -> line.contains("reinterpret"))
                .anyMatch(line -> line.contains("nativeLinker"));
    }

    /** Does what the rule forbids. */
    static final class Offender {
        private Offender() {}

        static MemorySegment offend() {
            Linker.nativeLinker();
            return MemorySegment.NULL.reinterpret(1);
        }
    }
}
