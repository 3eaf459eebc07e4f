package dev.clusca;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import dev.clusca.bindings.NativeLibrary;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Holds the arrows between packages that the design draws. */
class ArchitectureTest {
    /** Every package of the library; each may import itself and those before it. */
    private static final List<String> ORDER = List.of(
            "dev.clusca.bindings..",
            "dev.clusca.tensor",
            "dev.clusca.random",
            "dev.clusca.backend",
            "dev.clusca.backend.*..",
            "dev.clusca.emulator..",
            "dev.clusca.checkpoint",
            "dev.clusca.model..",
            "dev.clusca.cache",
            "dev.clusca.sampler",
            "dev.clusca.pipeline..",
            "dev.clusca.cases",
            "dev.clusca.measure..",
            "dev.clusca.cli..");

    private static final List<String> CONCRETE_BACKENDS = List.of("reference", "cpu", "cuda");

    /** Thousands of classes that jextract wrote: they import nothing of ours, and reading them takes most of a minute. */
    private static final Pattern GENERATED = Pattern.compile(".*/dev/clusca/bindings/(cuda|cudnn|cublaslt|onednn)/.*");

    private static final JavaClasses SHIPPED = new ClassFileImporter()
            .withImportOption(location -> !location.contains("/test-classes/")
                    && !location.contains("/bench/target/")
                    && !location.matches(GENERATED))
            .importPackages("dev.clusca");

    /** A generator with a state would make draws depend on their order. */
    private static final ArchRule DRAWS_ARE_COUNTER_BASED = noClasses()
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Random.class, SplittableRandom.class, ThreadLocalRandom.class)
            .orShould()
            .callMethod(Math.class, "random");

    /** Half of a report would have decimal commas where the machine is German. */
    private static final ArchRule NUMBERS_LOOK_THE_SAME_EVERYWHERE = noClasses()
            .should()
            .callMethod(String.class, "formatted", Object[].class)
            .orShould()
            .callMethod(String.class, "format", String.class, Object[].class)
            .orShould()
            .callMethod(String.class, "toLowerCase")
            .orShould()
            .callMethod(String.class, "toUpperCase");

    @Test
    void everyPackageHasItsPlaceInTheOrder() {
        assertThat(SHIPPED.contain(NativeLibrary.class)).isTrue();
        classes().should().resideInAnyPackage(ORDER.toArray(String[]::new)).check(SHIPPED);
    }

    @Test
    void packagesImportOnlyThoseBeforeThem() {
        for (int i = 0; i + 1 < ORDER.size(); i++) {
            String[] later = ORDER.subList(i + 1, ORDER.size()).toArray(String[]::new);
            noClasses()
                    .that()
                    .resideInAPackage(ORDER.get(i))
                    .should()
                    .dependOnClassesThat(resideInAnyPackage(later))
                    .allowEmptyShould(true)
                    .check(SHIPPED);
        }
    }

    /** Backends are found through ServiceLoader, so a new one changes nothing elsewhere. */
    @Test
    void nobodyKnowsAConcreteBackend() {
        for (String backend : CONCRETE_BACKENDS) {
            String inside = "dev.clusca.backend." + backend + "..";
            noClasses()
                    .that()
                    .resideOutsideOfPackage(inside)
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage(inside)
                    .check(SHIPPED);
        }
    }

    @Test
    void onlyNativeBackendsTheEmulatedDriverAndTheDoctorKnowTheBindings() {
        noClasses()
                .that(resideOutsideOfPackages(
                        "dev.clusca.bindings..",
                        "dev.clusca.backend.cpu..",
                        "dev.clusca.backend.cuda..",
                        "dev.clusca.emulator.driver..",
                        "dev.clusca.cli.."))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.clusca.bindings..")
                .check(SHIPPED);
    }

    @Test
    void drawsAreCounterBased() {
        DRAWS_ARE_COUNTER_BASED.check(SHIPPED);
    }

    @Test
    void numbersLookTheSameEverywhere() {
        NUMBERS_LOOK_THE_SAME_EVERYWHERE.check(SHIPPED);
    }

    @Test
    void everyPackageIsNullMarked() {
        assertThat(SHIPPED.stream()
                        .map(c -> c.getPackage())
                        .distinct()
                        .filter(p -> !p.isAnnotatedWith(NullMarked.class))
                        .map(JavaPackage::getName))
                .as("packages whose package-info lacks @NullMarked")
                .isEmpty();
    }

    @Test
    void theRulesBite() {
        JavaClasses offender = new ClassFileImporter().importClasses(Offender.class);
        assertThat(NUMBERS_LOOK_THE_SAME_EVERYWHERE
                        .evaluate(offender)
                        .getFailureReport()
                        .getDetails())
                .hasSize(2);
        assertThat(DRAWS_ARE_COUNTER_BASED.evaluate(offender).getFailureReport().getDetails())
                .anyMatch(line -> line.contains("Math.random"))
                .anyMatch(line -> line.contains("java.util.Random"));
    }

    /** Does what the rules forbid. */
    static final class Offender {
        private Offender() {}

        static double offend() {
            return Math.random() + new Random().nextDouble();
        }

        @SuppressWarnings({"StringCaseLocaleUsage", "AnnotateFormatMethod"})
        static String offend(double number) {
            return "%.1f".formatted(number).toUpperCase();
        }
    }
}
