package dev.clusca.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.clusca.Repository;
import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.Ops;
import dev.clusca.backend.WorkArena;
import dev.clusca.pipeline.profile.Cost;
import dev.clusca.tensor.DType;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelCasesTest {
    private static final ModelShape TINY = ModelShape.parse("grid=4,width=32,heads=2");
    private static final long SEED = 1;

    /** What is no part of a guided DiT's step with its usual settings, or too small to be worth a measurement. */
    private static final Set<String> LEFT_OUT = Set.of(
            "timestepFeatures",
            "conditioning",
            "prefixMaterialise",
            "drawFirstTokens",
            "ddpmUpdate",
            "cast",
            "advance",
            "convolve",
            "groupNorm");

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void theyAreRightOnEveryBackendThatComputesHere(DType dtype) {
        try (Backend reference = Backends.require("reference", BackendOptions.DEFAULT);
                Backend fastest = Backends.open("auto")) {
            for (OpCase c : ModelCases.of(TINY, dtype, 1)) {
                Verdict verdict = new Oracle(c, reference, SEED, false)
                        .check(OpRun.of(fastest, c, new OpRun.Inputs(c, SEED), false));
                assertThat(verdict).as(c.name()).isInstanceOf(Verdict.Passed.class);
            }
        }
    }

    /** Half of all operations were measured on tensors that began in the middle of a vector, where a GPU takes other kernels. */
    @Test
    void theyAreMeasuredOnTensorsThatAreAlignedAsAModelsAre() {
        try (Backend backend = Backends.open("cpu");
                WorkArena work = new WorkArena(backend)) {
            for (OpCase c : ModelCases.of(TINY, DType.BF16, 1)) {
                OpRun run = OpRun.prepare(backend, work.arena(), c, new OpRun.Inputs(c, SEED), false);
                assertThat(c.args())
                        .filteredOn(arg -> arg.role() != Arg.Role.WEIGHT)
                        .allSatisfy(
                                arg -> assertThat(run.get(arg.name()).memory().address() % 16)
                                        .as(c.name() + ", " + arg.name())
                                        .isZero());
            }
        }
    }

    @Test
    void everyOperationOfAStepIsThereOnce() {
        List<OpCase> cases = ModelCases.of(TINY, DType.BF16, 2);
        assertThat(cases.stream().map(OpCase::name)).doesNotHaveDuplicates();
        Set<String> all =
                Arrays.stream(Ops.class.getMethods()).map(Method::getName).collect(Collectors.toSet());
        all.removeAll(LEFT_OUT);
        assertThat(cases.stream().map(OpCase::op).collect(Collectors.toSet())).isEqualTo(all);
    }

    @Test
    void aProductCostsItsContract() {
        OpCase fc1 = named(ModelCases.of(ModelShape.parse("dit-xl/2"), DType.F32, 1), "gemm/f32/512x1152x4608/gelu");
        assertThat(fc1.cost())
                .isEqualTo(new Cost(4L * (512 * 1152 + 1152 * 4608 + 512 * 4608), 2.0 * 512 * 1152 * 4608));
    }

    @Test
    void queriesAndKeysGoInAndOutAndValuesStay() {
        OpCase flux =
                named(ModelCases.of(ModelShape.parse("grid=32,width=3072,heads=24"), DType.BF16, 1), "qkNormRope");
        long both = 2 * 2048L * 3072;
        assertThat(flux.cost()).isEqualTo(new Cost(2 * 2 * both + 4 * (2 * 128 + 1024 * 128), 7.0 * both));
    }

    /** One operation moves less than its two parts: the feature goes through no memory. */
    @Test
    void aFusedOperationCostsLessThanItsParts() {
        List<OpCase> cases = ModelCases.of(ModelShape.parse("dit-b/2"), DType.BF16, 1);
        long fused = named(cases, "gemmPrefixUpdate").cost().bytes();
        long parts = named(cases, "gemmResidual/bf16+f32/2x256x3072").cost().bytes()
                + named(cases, "prefixUpdate").cost().bytes();
        assertThat(fused).isLessThan(parts).isGreaterThan(parts / 2);
    }

    @Test
    void everyCaseHasACost() {
        for (OpCase c : ModelCases.of(TINY, DType.F32, 1)) {
            assertThat(c.cost().bytes()).as(c.name()).isPositive();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dit-xl/2", "DiT-XL/2@512", "grid=32", "models/shapes-dit"})
    void shapesHaveManyNames(String text) {
        ModelShape shape = ModelShape.parse(
                text.startsWith("models")
                        ? Repository.path("models", "shapes-dit").toString()
                        : text);
        assertThat(shape.tokens()).isEqualTo(text.contains("512") || text.contains("32") ? 1024 : 256);
        assertThat(shape.width()).isEqualTo(text.startsWith("models") ? 192 : 1152);
        assertThat(shape.hidden()).isEqualTo(4 * shape.width());
    }

    @Test
    void aWrongShapeIsRefusedInASentence() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelShape.parse("tokens=4"))
                .withMessageContaining("'tokens=4' is no extent of a model")
                .withMessageContaining("grid, patch");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelShape.parse("grid=x"))
                .withMessageContaining("no number");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelShape.parse("width=100,heads=7"))
                .withMessageContaining("not a multiple of heads");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelShape.parse("dit-xl/2@many"))
                .withMessageContaining("number of pixels");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelShape.parse("sdxl"))
                .withMessageContaining("there is no published DiT");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelShape.parse("grid=0"))
                .withMessageContaining("expected 1 to");
    }

    private static OpCase named(List<OpCase> cases, String start) {
        return cases.stream()
                .filter(c -> c.name().startsWith(start))
                .findFirst()
                .orElseThrow();
    }
}
