package dev.clusca.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.backend.StepTable.Column;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/** What the operations say to arguments that break their contract. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CheckedOpsTest {
    private final Backend backend = Backends.open("reference");
    private final Arena arena = Arena.ofShared();

    // Arguments that fit together: 2 batch rows, 1 image, 4 tokens, 6 channels, 2 clusters, 3 steps, 3 chunks.
    private final Tensor x = f32(2, 4, 6);
    private final Tensor other = f32(2, 4, 6);
    private final Tensor ladder = f32(3, 2, 4, 6);
    private final Tensor index = i32(2, 2);
    private final Tensor rows = f32(2, 2, 6);
    private final Tensor labels = i32(2, 4);
    private final Tensor ids = i32(2);
    private final Tensor centroids = f32(2, 2, 6);
    private final Tensor iterations = i32(2);
    private final Tensor image = f32(1, 3, 4, 4);
    private final Tensor output = f32(2, 6, 4, 4);
    private final StepTable steps = new StepTable(f32(3, Column.COUNT), i32(1));
    private final Modulation modulation = new Modulation(f32(3, 2, 3, 6), ids, steps);
    private final Draws draws = new Draws(1, ids, 0, steps);
    private final Tensor ladders = f32(2, 3, 2, 4, 6);
    private final CachedLayers cached = layers(ladders, f32(2, 3, 2, 4, 6));
    private final Tensor retained = f32(3, 2);
    private final PrefixState prefix = state(retained, 0.5f);
    private final Linear layer = backend.linear(arena, f32(6, 6), null, DType.F32);

    @AfterAll
    void close() {
        backend.close();
        arena.close();
    }

    private CachedLayers layers(Tensor attention, Tensor mlp) {
        return new CachedLayers(attention, mlp, f32(2, 3, 2, 3, 6), ids, steps, 0, 1);
    }

    private PrefixState state(Tensor shares, float ratio) {
        return new PrefixState(labels, i32(2, 2, 2), shares, f32(2, 2, 2, 6), f32(2, 2, 2, 6), f32(2, 2, 6), ratio);
    }

    private Tensor f32(long... extents) {
        return backend.allocate(arena, DType.F32, Shape.of(extents));
    }

    /** A layer of six inputs and six outputs. */
    private Linear square() {
        return linear(6, 6);
    }

    private Linear linear(int inputs, int outputs) {
        return backend.linear(arena, f32(outputs, inputs), null, DType.F32);
    }

    /** All layers of a cached step, with working memory for rows and normalised rows. */
    private Consumer<Ops> chained(MlpChain mlps, Tensor hidden, Tensor fresh) {
        return o -> o.prefixChain(mlps, cached, prefix, rows, f32(2, 2, 6), hidden, fresh);
    }

    /** Of two layers that are not the same. */
    private MlpChain chain(Linear first, Linear last) {
        return new MlpChain(List.of(first, square()), List.of(square(), last), 0, 1, 1e-6f);
    }

    private Tensor bf16(long... extents) {
        return backend.allocate(arena, DType.BF16, Shape.of(extents));
    }

    private Tensor i32(long... extents) {
        return backend.allocate(arena, DType.I32, Shape.of(extents));
    }

    private record Case(Consumer<Ops> call, List<String> says) {}

    private static Case wrong(Consumer<Ops> call, String... says) {
        return new Case(call, List.of(says));
    }

    @TestFactory
    Stream<DynamicTest> saysWhatWasFoundAndExpected() {
        return cases().entrySet().stream()
                .flatMap(operation -> operation.getValue().stream()
                        .map(c -> DynamicTest.dynamicTest(
                                operation.getKey() + ": " + c.says,
                                () -> assertThatThrownBy(() -> c.call.accept(backend.ops()))
                                        .isInstanceOf(IllegalArgumentException.class)
                                        .hasMessageStartingWith(operation.getKey() + ": ")
                                        .hasMessageContainingAll(c.says.toArray(String[]::new))
                                        .hasMessageMatching(".*(expected|only the thread|allocate).*"))));
    }

    @Test
    void everyOperationHasWrongArguments() {
        assertThat(cases().keySet())
                .isEqualTo(
                        Stream.of(Ops.class.getMethods()).map(Method::getName).collect(Collectors.toSet()));
    }

    private Map<String, List<Case>> cases() {
        Tensor features = f32(1, 4, 6);
        Tensor weight = f32(6, 12);
        Tensor bias = f32(6);
        Tensor picture = f32(1, 2, 3, 6);
        Tensor shifted = f32(40);
        Tensor shared = f32(2, 3, 6);
        return Map.ofEntries(
                Map.entry(
                        "patchEmbed",
                        List.of(
                                wrong(
                                        o -> o.patchEmbed(bf16(1, 3, 4, 4), weight, bias, null, 2, features),
                                        "images is BF16[1, 3, 4, 4]",
                                        "F32"),
                                wrong(
                                        o -> o.patchEmbed(image, weight, bias, null, 3, features),
                                        "height of the images is 4",
                                        "patch size, which is 3"),
                                wrong(
                                        o -> o.patchEmbed(image, weight, bias, null, 0, features),
                                        "patch size, which is 0"),
                                wrong(
                                        o -> o.patchEmbed(image, weight, bias, null, 2, f32(1, 5, 6)),
                                        "x is F32[1, 5, 6]",
                                        "[R, N, C] = [any, 4, any]"),
                                wrong(
                                        o -> o.patchEmbed(f32(2, 3, 4, 4), weight, bias, null, 2, f32(3, 4, 6)),
                                        "number of rows of x is 3",
                                        "images, which is 2"),
                                wrong(
                                        o -> o.patchEmbed(image, f32(6, 13), bias, null, 2, features),
                                        "weight is F32[6, 13]",
                                        "[6, 12]"),
                                wrong(
                                        o -> o.patchEmbed(image, weight, f32(7), null, 2, features),
                                        "bias is F32[7]",
                                        "[6]"),
                                wrong(
                                        o -> o.patchEmbed(image, weight, bias, f32(4, 7), 2, features),
                                        "positions is F32[4, 7]",
                                        "[4, 6]"),
                                wrong(
                                        o -> o.patchEmbed(image, weight, bias, features.slice(0), 2, features),
                                        "x F32[1, 4, 6] overlaps positions"))),
                Map.entry(
                        "timestepFeatures",
                        List.of(
                                wrong(
                                        o -> o.timestepFeatures(f32(3, 1), 0, f32(3, 4)),
                                        "timesteps is F32[3, 1]",
                                        "[S]"),
                                wrong(o -> o.timestepFeatures(f32(3), 0, f32(2, 4)), "out is F32[2, 4]", "[3, any]"),
                                wrong(o -> o.timestepFeatures(f32(3), 0, f32(3, 5)), "features is 5", "multiple of"),
                                wrong(o -> o.timestepFeatures(f32(3), 2, f32(3, 4)), "shift is 2", "0 to 1"))),
                Map.entry(
                        "conditioning",
                        List.of(
                                wrong(
                                        o -> o.conditioning(f32(3, 6), f32(5, 7), i32(2), f32(3, 2, 6)),
                                        "table is F32[5, 7]",
                                        "[any, 6]"),
                                wrong(
                                        o -> o.conditioning(f32(3, 6), f32(5, 6), f32(2), f32(3, 2, 6)),
                                        "labels is F32[2]",
                                        "I32"),
                                wrong(
                                        o -> o.conditioning(f32(3, 6), f32(5, 6), i32(2), f32(2, 3, 6)),
                                        "out is F32[2, 3, 6]",
                                        "[3, 2, 6]"))),
                Map.entry(
                        "gemm",
                        List.of(
                                wrong(
                                        o -> o.gemm(f32(8, 5), layer, Activation.NONE, x),
                                        "a is F32[8, 5]",
                                        "last extent 6"),
                                wrong(
                                        o -> o.gemm(bf16(8, 6), layer, Activation.NONE, x),
                                        "a is BF16[8, 6]",
                                        "expected F32"),
                                wrong(
                                        o -> o.gemm(x, layer, Activation.NONE, f32(9, 6)),
                                        "out is F32[9, 6]",
                                        "8 rows of a"),
                                wrong(
                                        o -> o.gemm(x, layer, Activation.NONE, i32(8, 6)),
                                        "out is I32[8, 6]",
                                        "F32 or BF16"),
                                wrong(o -> o.gemm(x, layer, Activation.NONE, x), "out F32[2, 4, 6] overlaps a"),
                                wrong(
                                        o -> o.gemm(x, new Foreign(), Activation.NONE, other),
                                        "layer is a Foreign",
                                        "this backend made"))),
                Map.entry(
                        "gemmResidual",
                        List.of(
                                wrong(
                                        o -> o.gemmResidual(f32(8, 6), layer, modulation, 0, null, x),
                                        "a is F32[8, 6]",
                                        "[any, any, 6]"),
                                wrong(
                                        o -> o.gemmResidual(other, layer, modulation, 3, null, x),
                                        "chunk is 3",
                                        "0 to 2"),
                                wrong(o -> o.gemmResidual(other, layer, modulation, -1, null, x), "chunk is -1"),
                                wrong(
                                        o -> o.gemmResidual(other, layer, modulation, 0, x, x),
                                        "feature F32[2, 4, 6] overlaps x"),
                                wrong(
                                        o -> o.gemmResidual(other, layer, modulation, 0, other, x),
                                        "feature F32[2, 4, 6] overlaps a"),
                                wrong(
                                        o -> o.gemmResidual(other, layer, modulation, 0, rows, x),
                                        "feature is F32[2, 2, 6]",
                                        "[2, 4, 6]"),
                                wrong(
                                        o -> o.gemmResidual(x, layer, modulation, 0, null, x),
                                        "x F32[2, 4, 6] overlaps a"))),
                Map.entry(
                        "layerNormModulate",
                        List.of(
                                wrong(
                                        o -> o.layerNormModulate(
                                                x, new Modulation(f32(3, 2, 3, 5), ids, steps), 0, 1, 1e-6f, other),
                                        "modulation's table is F32[3, 2, 3, 5]",
                                        "[3, any, any, 6]"),
                                wrong(
                                        o -> o.layerNormModulate(
                                                x, new Modulation(f32(4, 2, 3, 6), ids, steps), 0, 1, 1e-6f, other),
                                        "modulation's table is F32[4, 2, 3, 6]"),
                                wrong(
                                        o -> o.layerNormModulate(
                                                x,
                                                new Modulation(modulation.table(), i32(3), steps),
                                                0,
                                                1,
                                                1e-6f,
                                                other),
                                        "conditions is I32[3]",
                                        "[2]"),
                                wrong(o -> o.layerNormModulate(x, modulation, 0, 9, 1e-6f, other), "chunk is 9"),
                                wrong(
                                        o -> o.layerNormModulate(x, modulation, 0, 1, Float.NaN, other),
                                        "epsilon is NaN",
                                        "at least 0"),
                                wrong(
                                        o -> o.layerNormModulate(x, modulation, 0, 1, 1e-6f, x),
                                        "out F32[2, 4, 6] overlaps x"),
                                wrong(
                                        o -> o.layerNormModulate(x, modulation, 0, 1, 1e-6f, f32(2, 4, 7)),
                                        "out is F32[2, 4, 7]"))),
                Map.entry(
                        "qkNormRope",
                        List.of(
                                wrong(o -> o.qkNormRope(f32(2, 4, 19), 2, null, null, 0, null), "extent of qkv is 19"),
                                wrong(
                                        o -> o.qkNormRope(f32(2, 4, 18), 4, f32(2), f32(2), 0, null),
                                        "width C is 6",
                                        "number of heads, which is 4"),
                                wrong(
                                        o -> o.qkNormRope(i32(2, 4, 36), 3, f32(4), f32(4), 0, null),
                                        "qkv is I32[2, 4, 36]",
                                        "F32 or BF16"),
                                wrong(
                                        o -> o.qkNormRope(f32(2, 4, 36), 3, null, null, 1e-6f, null),
                                        "the scales and the rotations are null",
                                        "or both"),
                                wrong(
                                        o -> o.qkNormRope(f32(2, 4, 36), 3, null, f32(4), 1e-6f, f32(4, 2, 2)),
                                        "queryScale is null"),
                                wrong(
                                        o -> o.qkNormRope(f32(2, 4, 36), 3, f32(4), null, 1e-6f, f32(4, 2, 2)),
                                        "keyScale is null"),
                                wrong(
                                        o -> o.qkNormRope(f32(2, 4, 36), 3, f32(12), f32(4), 1e-6f, null),
                                        "queryScale is F32[12]",
                                        "[d] = [4]"),
                                wrong(
                                        o -> o.qkNormRope(bf16(2, 4, 36), 3, f32(4), bf16(4), 1e-6f, null),
                                        "keyScale is BF16[4]",
                                        "F32"),
                                wrong(
                                        o -> o.qkNormRope(f32(2, 4, 36), 3, f32(4), f32(4), -1, null),
                                        "epsilon is -1.0",
                                        "at least 0"),
                                wrong(
                                        o -> o.qkNormRope(f32(2, 4, 36), 3, f32(4), f32(4), Float.NaN, null),
                                        "epsilon is NaN"),
                                wrong(
                                        o -> o.qkNormRope(f32(2, 4, 36), 4, null, null, 0, f32(4, 1, 2)),
                                        "head width d is 3",
                                        "a multiple of the channels of a pair, which is 2"),
                                wrong(
                                        o -> o.qkNormRope(f32(2, 4, 36), 3, null, null, 0, f32(8, 2, 2)),
                                        "rotations is F32[8, 2, 2]",
                                        "[N, d / 2, 2] = [4, 2, 2]"),
                                wrong(
                                        o -> o.qkNormRope(f32(2, 4, 36), 3, null, null, 0, f32(4, 4, 1)),
                                        "rotations is F32[4, 4, 1]"),
                                wrong(
                                        o -> o.qkNormRope(
                                                shared, 1, shared.reshape(36).rows(0, 2), f32(2), 0, null),
                                        "qkv F32[2, 3, 6] overlaps queryScale"),
                                wrong(
                                        o -> o.qkNormRope(
                                                shared,
                                                1,
                                                f32(2),
                                                shared.reshape(36).rows(34, 2),
                                                0,
                                                null),
                                        "qkv F32[2, 3, 6] overlaps keyScale"),
                                wrong(
                                        o -> o.qkNormRope(
                                                shared,
                                                1,
                                                null,
                                                null,
                                                0,
                                                shared.reshape(6, 3, 2)
                                                        .rows(0, 3)
                                                        .reshape(9, 1, 2)
                                                        .rows(1, 3)),
                                        "qkv F32[2, 3, 6] overlaps rotations"))),
                Map.entry(
                        "attention",
                        List.of(
                                wrong(o -> o.attention(f32(2, 4, 19), 2, x), "last extent of qkv is 19", "3"),
                                wrong(
                                        o -> o.attention(f32(2, 4, 18), 4, x),
                                        "width C is 6",
                                        "number of heads, which is 4"),
                                wrong(o -> o.attention(f32(2, 4, 18), 0, x), "heads, which is 0"),
                                wrong(o -> o.attention(bf16(2, 4, 18), 2, x), "out is F32[2, 4, 6]", "BF16"),
                                wrong(
                                        o -> o.attention(f32(2, 0, 18), 2, f32(2, 0, 6)),
                                        "qkv is F32[2, 0, 18]",
                                        "at least 1"))),
                Map.entry(
                        "ladderUpdate",
                        List.of(
                                wrong(o -> o.ladderUpdate(x, f32(6, 2, 4, 6), steps), "planes is 6", "1 to 5"),
                                wrong(
                                        o -> o.ladderUpdate(x, f32(3, 2, 5, 6), steps),
                                        "ladder is F32[3, 2, 5, 6]",
                                        "[any, 2, 4, 6]"),
                                wrong(
                                        o -> o.ladderUpdate(ladder.slice(1), ladder, steps),
                                        "ladder F32[3, 2, 4, 6] overlaps feature"))),
                Map.entry(
                        "forecastResidual",
                        List.of(
                                wrong(
                                        o -> o.forecastResidual(f32(2, 4, 6), modulation, 0, x),
                                        "ladder is F32[2, 4, 6]"),
                                wrong(o -> o.forecastResidual(ladder, modulation, 5, x), "chunk is 5"),
                                wrong(
                                        o -> o.forecastResidual(ladder, modulation, 0, ladder.slice(2)),
                                        "x F32[2, 4, 6] overlaps ladder"))),
                Map.entry(
                        "forecastPass",
                        List.of(
                                wrong(
                                        o -> o.forecastPass(layers(f32(2, 6, 2, 4, 6), f32(2, 6, 2, 4, 6)), x),
                                        "planes is 6"),
                                wrong(
                                        o -> o.forecastPass(layers(ladders, f32(3, 3, 2, 4, 6)), x),
                                        "the MLP ladders is F32[3, 3, 2, 4, 6]",
                                        "[2, 3, 2, 4, 6]"),
                                wrong(
                                        o -> o.forecastPass(layers(ladders, ladders), x),
                                        "overlaps the attention ladders"),
                                wrong(o -> o.forecastPass(cached, bf16(2, 4, 6)), "x is BF16[2, 4, 6]", "F32"),
                                wrong(
                                        o -> o.forecastPass(
                                                cached, ladders.slice(0).slice(1)),
                                        "x F32[2, 4, 6] overlaps the attention ladders"))),
                Map.entry(
                        "prefixMaterialise",
                        List.of(wrong(
                                o -> o.prefixMaterialise(cached, state(f32(2, 2), 0.5f)),
                                "retained is F32[2, 2]",
                                "[3, 2]"))),
                Map.entry(
                        "prefixPass",
                        List.of(
                                wrong(o -> o.prefixPass(cached, state(retained, 1.5f), x), "ratio is 1.5", "0 to 1"),
                                wrong(
                                        o -> o.prefixPass(cached, prefix, f32(2, 3, 6)),
                                        "x is F32[2, 3, 6]",
                                        "[2, 4, 6]"))),
                Map.entry(
                        "prefixGather",
                        List.of(
                                wrong(o -> o.prefixGather(prefix, 2, rows), "the layer is 2", "0 to 1"),
                                wrong(o -> o.prefixGather(prefix, 0, f32(2, 3, 6)), "out is F32[2, 3, 6]", "[2, 2, 6]"),
                                wrong(o -> o.prefixGather(prefix, 0, prefix.spread()), "overlaps spread"))),
                Map.entry(
                        "prefixRefresh",
                        List.of(
                                wrong(
                                        o -> o.prefixRefresh(f32(2, 2, 5), cached, prefix, 0),
                                        "fresh is F32[2, 2, 5]",
                                        "[2, 2, 6]"),
                                wrong(o -> o.prefixRefresh(prefix.spread(), cached, prefix, 0), "overlaps spread"))),
                Map.entry(
                        "prefixClose",
                        List.of(wrong(o -> o.prefixClose(prefix, f32(2, 4, 5)), "x is F32[2, 4, 5]", "[2, 4, 6]"))),
                Map.entry(
                        "prefixUpdate",
                        List.of(
                                wrong(o -> o.prefixUpdate(f32(2, 4, 5), cached, prefix, 0), "feature is F32[2, 4, 5]"),
                                wrong(
                                        o -> o.prefixUpdate(
                                                cached.mlp().slice(1).slice(1), cached, prefix, 1),
                                        "the layer's MLP ladder",
                                        "overlaps feature"))),
                Map.entry(
                        "gemmLadder",
                        List.of(
                                wrong(
                                        o -> o.gemmLadder(
                                                x, square(), modulation, 0, bf16(2, 4, 6), ladder, f32(2, 4, 6)),
                                        "feature is BF16[2, 4, 6]",
                                        "F32"),
                                wrong(
                                        o -> o.gemmLadder(
                                                x, square(), modulation, 0, ladder.slice(0), ladder, f32(2, 4, 6)),
                                        "ladder F32[3, 2, 4, 6] overlaps feature"))),
                Map.entry(
                        "gemmPrefixUpdate",
                        List.of(
                                wrong(
                                        o -> o.gemmPrefixUpdate(
                                                x, square(), f32(2, 4, 6), cached, prefix, 2, f32(2, 4, 6)),
                                        "the layer is 2",
                                        "0 to 1"),
                                wrong(
                                        o -> o.gemmPrefixUpdate(
                                                x,
                                                square(),
                                                cached.mlp().slice(1).slice(0),
                                                cached,
                                                prefix,
                                                1,
                                                f32(2, 4, 6)),
                                        "the layer's MLP ladder",
                                        "overlaps feature"))),
                Map.entry(
                        "prefixGatherNorm",
                        List.of(
                                wrong(
                                        o -> o.prefixGatherNorm(prefix, 2, modulation, 0, 1, 1e-6f, rows, f32(2, 2, 6)),
                                        "the layer is 2",
                                        "0 to 1"),
                                wrong(
                                        o -> o.prefixGatherNorm(
                                                prefix, 0, modulation, 0, 1, 1e-6f, f32(2, 2, 6), prefix.spread()),
                                        "overlaps spread"))),
                Map.entry(
                        "gemmRefresh",
                        List.of(
                                wrong(
                                        o -> o.gemmRefresh(f32(2, 3, 6), square(), f32(2, 2, 6), cached, prefix, 0),
                                        "a is F32[2, 3, 6]",
                                        "[2, 2, 6]"),
                                wrong(
                                        o -> o.gemmRefresh(f32(2, 2, 6), square(), prefix.spread(), cached, prefix, 0),
                                        "overlaps spread"))),
                Map.entry(
                        "prefixChain",
                        List.of(
                                wrong(
                                        chained(
                                                new MlpChain(List.of(square()), List.of(square()), 0, 1, 1e-6f),
                                                f32(2, 2, 6),
                                                f32(2, 2, 6)),
                                        "the chain's number of layers is 1",
                                        "2 to 2"),
                                wrong(
                                        chained(
                                                new MlpChain(
                                                        List.of(square(), square()),
                                                        List.of(square(), square()),
                                                        0,
                                                        1,
                                                        Float.NaN),
                                                f32(2, 2, 6),
                                                f32(2, 2, 6)),
                                        "epsilon is NaN"),
                                wrong(
                                        chained(chain(square(), linear(6, 5)), f32(2, 2, 6), f32(2, 2, 6)),
                                        "fc2 of layer 1 is f32 of 6 inputs and 5 outputs",
                                        "f32 of 6 and 6"),
                                wrong(
                                        chained(chain(square(), square()), f32(2, 2, 5), f32(2, 2, 6)),
                                        "hidden is F32[2, 2, 5]",
                                        "[2, 2, 6]"),
                                wrong(
                                        chained(chain(square(), square()), f32(2, 2, 6), prefix.spread()),
                                        "overlaps spread"),
                                wrong(
                                        o -> o.prefixChain(
                                                chain(square(), square()),
                                                cached,
                                                prefix,
                                                rows,
                                                rows,
                                                f32(2, 2, 6),
                                                f32(2, 2, 6)),
                                        "normed",
                                        "overlaps the working rows"))),
                Map.entry(
                        "kMeans",
                        List.of(
                                wrong(
                                        o -> o.kMeans(x, KMeansOptions.DEFAULT, f32(2, 5, 6), labels, iterations),
                                        "clusters K is 5",
                                        "1 to 4"),
                                wrong(
                                        o -> o.kMeans(x, KMeansOptions.DEFAULT, bf16(2, 2, 6), labels, iterations),
                                        "centroids is BF16[2, 2, 6]",
                                        "F32"),
                                wrong(
                                        o -> o.kMeans(x, KMeansOptions.DEFAULT, centroids, i32(2, 3), iterations),
                                        "labels is I32[2, 3]",
                                        "[2, 4]"),
                                wrong(
                                        o -> o.kMeans(
                                                x,
                                                KMeansOptions.DEFAULT,
                                                centroids,
                                                labels,
                                                labels.slice(0).rows(0, 2)),
                                        "iterations I32[2] overlaps labels"),
                                wrong(
                                        o -> o.kMeans(x, KMeansOptions.DEFAULT, x.rows(0, 2), labels, iterations),
                                        "centroids F32[2, 4, 6] overlaps x"))),
                Map.entry(
                        "drawFirstTokens",
                        List.of(
                                wrong(o -> o.drawFirstTokens(draws, 1, index), "first tokens K is 2", "1 to 1"),
                                wrong(o -> o.drawFirstTokens(draws, 4, i32(3, 2)), "draws' rows is I32[2]", "[3]"),
                                wrong(
                                        o -> o.drawFirstTokens(new Draws(1, ids, 1 << 15, steps), 4, index),
                                        "stream is 32768",
                                        "0 to 32767"))),
                Map.entry(
                        "drawRepresentatives",
                        List.of(
                                wrong(
                                        o -> o.drawRepresentatives(draws, labels, i32(3, 1, 2)),
                                        "representatives is I32[3, 1, 2]",
                                        "[any, 2, any]"),
                                wrong(
                                        o -> o.drawRepresentatives(draws, labels, i32(3, 2, 5)),
                                        "clusters K is 5",
                                        "1 to 4"),
                                wrong(
                                        o -> o.drawRepresentatives(new Draws(1, ids, -1, steps), labels, i32(3, 2, 2)),
                                        "stream is -1"))),
                Map.entry(
                        "gatherRows",
                        List.of(
                                wrong(o -> o.gatherRows(x, i32(2, 3), rows), "index is I32[2, 3]", "[2, 2]"),
                                wrong(o -> o.gatherRows(x, index, f32(2, 2, 5)), "rows is F32[2, 2, 5]", "[2, any, 6]"),
                                wrong(
                                        o -> o.gatherRows(x, i32(2, 5), f32(2, 5, 6)),
                                        "rows K for the tokens of x is 5",
                                        "1 to 4"))),
                Map.entry(
                        "scatterRows",
                        List.of(
                                wrong(o -> o.scatterRows(rows, labels, x), "index is I32[2, 4]"),
                                wrong(
                                        o -> o.scatterRows(f32(1, 2, 6), index, x),
                                        "rows is F32[1, 2, 6]",
                                        "[2, any, 6]"),
                                wrong(o -> o.scatterRows(x, labels, x), "target F32[2, 4, 6] overlaps rows"))),
                Map.entry(
                        "propagate",
                        List.of(
                                wrong(o -> o.propagate(rows, index, labels, 1.5f, x), "ratio is 1.5", "0 to 1"),
                                wrong(o -> o.propagate(rows, index, labels, Float.NaN, x), "ratio is NaN"),
                                wrong(
                                        o -> o.propagate(rows, index, i32(4, 2), 0, x),
                                        "labels is I32[4, 2]",
                                        "[2, 4]"))),
                Map.entry(
                        "unpatchify",
                        List.of(
                                wrong(
                                        o -> o.unpatchify(f32(1, 4, 11), 2, image),
                                        "tokens is F32[1, 4, 11]",
                                        "[1, 4, 12]"),
                                wrong(
                                        o -> o.unpatchify(f32(1, 4, 12), 2, bf16(1, 3, 4, 4)),
                                        "images is BF16[1, 3, 4, 4]",
                                        "F32"))),
                Map.entry(
                        "guidance",
                        List.of(
                                wrong(o -> o.guidance(f32(3, 6, 4, 4), 1, 3), "rows is 3", "multiple of"),
                                wrong(o -> o.guidance(output, 1, 7), "channels is 7", "1 to 6"))),
                Map.entry(
                        "ddimUpdate",
                        List.of(
                                wrong(
                                        o -> o.ddimUpdate(f32(3, 3, 4, 4), output, null, false, steps),
                                        "rows of output is 2",
                                        "3"),
                                wrong(
                                        o -> o.ddimUpdate(f32(1, 7, 4, 4), output, null, false, steps),
                                        "channels of output is 6"),
                                wrong(
                                        o -> o.ddimUpdate(image, output, f32(2, 3, 4, 4), false, steps),
                                        "noise is F32[2, 3, 4, 4]"),
                                wrong(
                                        o -> o.ddimUpdate(image, output, image, false, steps),
                                        "x F32[1, 3, 4, 4] overlaps noise"))),
                Map.entry(
                        "ddpmUpdate",
                        List.of(
                                wrong(
                                        o -> o.ddpmUpdate(f32(1, 4, 4, 4), output, f32(1, 4, 4, 4), false, steps),
                                        "needs a variance after the noise",
                                        "channels of output is 6",
                                        "expected at least 8"),
                                wrong(
                                        o -> o.ddpmUpdate(image, f32(2, 6, 4, 5), image, false, steps),
                                        "output is F32[2, 6, 4, 5]"))),
                Map.entry(
                        "convolve",
                        List.of(
                                wrong(
                                        o -> o.convolve(picture, new Foreign(), false, null, f32(1, 2, 3, 6)),
                                        "layer is a Foreign"),
                                wrong(
                                        o -> o.convolve(bf16(1, 2, 3, 6), layer, false, null, f32(1, 2, 3, 6)),
                                        "x is BF16[1, 2, 3, 6]",
                                        "F32"),
                                wrong(
                                        o -> o.convolve(f32(1, 2, 3, 5), layer, false, null, f32(1, 2, 3, 6)),
                                        "layer has 6 inputs",
                                        "5 channels"),
                                wrong(
                                        o -> o.convolve(picture, layer, true, null, f32(1, 2, 3, 6)),
                                        "out is F32[1, 2, 3, 6]",
                                        "[B, 2 h, 2 w, outputs] = [1, 4, 6, 6]"),
                                wrong(
                                        o -> o.convolve(picture, layer, false, f32(1, 2, 3, 5), f32(1, 2, 3, 6)),
                                        "residual is F32[1, 2, 3, 5]"),
                                wrong(o -> o.convolve(picture, layer, false, null, picture), "overlaps x"),
                                wrong(
                                        o -> o.convolve(
                                                picture,
                                                layer,
                                                false,
                                                shifted.rows(1, 36).reshape(1, 2, 3, 6),
                                                shifted.rows(0, 36).reshape(1, 2, 3, 6)),
                                        "overlaps residual"))),
                Map.entry(
                        "groupNorm",
                        List.of(
                                wrong(
                                        o -> o.groupNorm(x, 2, bias, bias, 1e-6f, Activation.SILU, other),
                                        "x is F32[2, 4, 6]",
                                        "[B, h, w, C]"),
                                wrong(
                                        o -> o.groupNorm(picture, 4, bias, bias, 1e-6f, Activation.SILU, picture),
                                        "channels of x is 6",
                                        "groups, which is 4"),
                                wrong(
                                        o -> o.groupNorm(picture, 0, bias, bias, 1e-6f, Activation.SILU, picture),
                                        "groups, which is 0"),
                                wrong(
                                        o -> o.groupNorm(picture, 2, bf16(6), bias, 1e-6f, Activation.SILU, picture),
                                        "weight is BF16[6]"),
                                wrong(
                                        o -> o.groupNorm(picture, 2, bias, f32(5), 1e-6f, Activation.SILU, picture),
                                        "bias is F32[5]"),
                                wrong(
                                        o -> o.groupNorm(picture, 2, bias, bias, 0, Activation.SILU, picture),
                                        "epsilon is 0"),
                                wrong(
                                        o -> o.groupNorm(picture, 2, bias, bias, Float.NaN, Activation.SILU, picture),
                                        "epsilon is NaN"),
                                wrong(
                                        o -> o.groupNorm(picture, 2, bias, bias, 1e-6f, Activation.GELU_TANH, picture),
                                        "activation is GELU_TANH"),
                                wrong(
                                        o -> o.groupNorm(
                                                picture, 2, bias, bias, 1e-6f, Activation.SILU, f32(1, 3, 2, 6)),
                                        "out is F32[1, 3, 2, 6]"),
                                wrong(
                                        o -> o.groupNorm(
                                                shifted.rows(1, 36).reshape(1, 2, 3, 6),
                                                2,
                                                bias,
                                                bias,
                                                1e-6f,
                                                Activation.SILU,
                                                shifted.rows(0, 36).reshape(1, 2, 3, 6)),
                                        "overlaps x"))),
                Map.entry(
                        "cast",
                        List.of(
                                wrong(o -> o.cast(x, bf16(2, 24)), "target is BF16[2, 24]", "[2, 4, 6]"),
                                wrong(o -> o.cast(labels, i32(2, 4)), "source is I32[2, 4]", "F32 or BF16"),
                                wrong(o -> o.cast(x, x), "overlaps source"))),
                Map.entry(
                        "advance",
                        List.of(wrong(
                                o -> o.advance(new StepTable(f32(0, Column.COUNT), i32(1))),
                                "step table's rows is F32[0, " + Column.COUNT + "]",
                                "at least 1"))));
    }

    /** A layer of nobody's. */
    private record Foreign() implements Linear {
        @Override
        public int inputs() {
            return 6;
        }

        @Override
        public int outputs() {
            return 6;
        }

        @Override
        public DType dtype() {
            return DType.F32;
        }

        @Override
        public boolean hasBias() {
            return false;
        }
    }

    @Test
    void refusesMemoryThatTheBackendCannotUse() {
        Tensor device = Tensor.wrap(0x1000, DType.F32, Shape.of(2, 4, 6));
        assertThatThrownBy(() -> backend.ops().cast(device, other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("cast: source F32[2, 4, 6] is an address without host memory");
        try (Arena confined = Arena.ofConfined()) {
            Tensor mine = Tensor.of(confined.allocate(x.bytes()), DType.F32, x.shape());
            assertThatThrownBy(() -> backend.ops().cast(x, mine))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("target F32[2, 4, 6] lies in a confined arena")
                    .hasMessageContaining("Arena.ofShared()");
        }
        Tensor gone;
        try (Arena closed = Arena.ofShared()) {
            gone = backend.allocate(closed, DType.F32, x.shape());
        }
        assertThatThrownBy(() -> backend.ops().cast(x, gone)).hasMessageContaining("arena was closed");
        Linear layer;
        try (Arena closed = Arena.ofShared()) {
            layer = backend.linear(closed, f32(6, 6), null, DType.F32);
        }
        assertThatThrownBy(() -> backend.ops().gemm(x, layer, Activation.NONE, other))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("a layer of 6 inputs and 6 outputs was used after its arena was closed");
        backend.ops().cast(x, other);
        backend.synchronize();
    }

    @Test
    void aClosedRecordingIsNotReplayed() {
        Backend.Recording recording = backend.record(() -> backend.ops().cast(x, other));
        recording.replay();
        recording.close();
        assertThatThrownBy(recording::replay)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("a recording was used after it was closed");
    }

    /** What a file is mapped as, for one: native code that writes there ends the process. */
    @TestFactory
    Stream<DynamicTest> refusesOutputsInReadOnlyMemory() {
        Tensor fixed = fixed(DType.F32, 2, 4, 6);
        Tensor fixedLadder = fixed(DType.F32, 3, 2, 4, 6);
        Tensor fixedRows = fixed(DType.F32, 2, 2, 6);
        Tensor fixedIndex = fixed(DType.I32, 2, 2);
        Tensor fixedImage = fixed(DType.F32, 1, 3, 4, 4);
        Tensor qkv = f32(2, 4, 18);
        Tensor features = f32(2, 4, 12);
        CachedLayers fixedLayers = layers(ladders, fixed(DType.F32, 2, 3, 2, 4, 6));
        PrefixState fixedState = new PrefixState(
                labels, i32(2, 2, 2), retained, fixed(DType.F32, 2, 2, 2, 6), f32(2, 2, 2, 6), f32(2, 2, 6), 0.5f);
        Tensor pixels = f32(1, 2, 3, 6);
        Tensor fixedPixels = fixed(DType.F32, 1, 2, 3, 6);
        Map<String, Consumer<Ops>> calls = Map.ofEntries(
                Map.entry("patchEmbed", o -> o.patchEmbed(image, f32(6, 12), f32(6), null, 2, fixed)),
                Map.entry("timestepFeatures", o -> o.timestepFeatures(f32(2), 0, fixed(DType.F32, 2, 4))),
                Map.entry("conditioning", o -> o.conditioning(f32(2, 6), f32(5, 6), i32(2), fixedRows)),
                Map.entry("gemm", o -> o.gemm(x, layer, Activation.NONE, fixed)),
                Map.entry("gemmResidual", o -> o.gemmResidual(x, layer, modulation, 0, null, fixed)),
                Map.entry("gemmResidual's feature", o -> o.gemmResidual(x, layer, modulation, 0, fixed, other)),
                Map.entry("layerNormModulate", o -> o.layerNormModulate(x, modulation, 0, 1, 0, fixed)),
                Map.entry("qkNormRope", o -> o.qkNormRope(fixed(DType.F32, 2, 4, 18), 1, f32(6), f32(6), 0, null)),
                Map.entry("attention", o -> o.attention(qkv, 1, fixed)),
                Map.entry("ladderUpdate", o -> o.ladderUpdate(x, fixedLadder, steps)),
                Map.entry("forecastResidual", o -> o.forecastResidual(ladder, modulation, 0, fixed)),
                Map.entry("forecastPass", o -> o.forecastPass(cached, fixed)),
                Map.entry("prefixMaterialise", o -> o.prefixMaterialise(fixedLayers, prefix)),
                Map.entry("prefixPass", o -> o.prefixPass(cached, prefix, fixed)),
                Map.entry("prefixPass's rows", o -> o.prefixPass(cached, fixedState, x)),
                Map.entry("prefixGather", o -> o.prefixGather(prefix, 0, fixedRows)),
                Map.entry("prefixRefresh", o -> o.prefixRefresh(rows, cached, fixedState, 0)),
                Map.entry("prefixClose", o -> o.prefixClose(prefix, fixed)),
                Map.entry("prefixUpdate", o -> o.prefixUpdate(x, fixedLayers, prefix, 0)),
                Map.entry("gemmLadder", o -> o.gemmLadder(x, layer, modulation, 0, other, fixedLadder, f32(2, 4, 6))),
                Map.entry("gemmRefresh", o -> o.gemmRefresh(f32(2, 2, 6), layer, fixedRows, cached, prefix, 0)),
                Map.entry(
                        "prefixChain",
                        o -> o.prefixChain(
                                chain(layer, layer), cached, prefix, fixedRows, f32(2, 2, 6), f32(2, 2, 6), rows)),
                Map.entry("kMeans", o -> o.kMeans(x, KMeansOptions.DEFAULT, fixedRows, labels, iterations)),
                Map.entry("drawFirstTokens", o -> o.drawFirstTokens(draws, 4, fixedIndex)),
                Map.entry("drawRepresentatives", o -> o.drawRepresentatives(draws, labels, fixed(DType.I32, 1, 2, 2))),
                Map.entry("gatherRows", o -> o.gatherRows(x, index, fixedRows)),
                Map.entry("scatterRows", o -> o.scatterRows(rows, index, fixed)),
                Map.entry("propagate", o -> o.propagate(rows, index, labels, 0.5f, fixed)),
                Map.entry("unpatchify", o -> o.unpatchify(features.rows(0, 1), 2, fixedImage)),
                Map.entry("guidance", o -> o.guidance(fixed(DType.F32, 2, 3, 4, 4), 1, 3)),
                Map.entry("ddimUpdate", o -> o.ddimUpdate(fixedImage, output, null, false, steps)),
                Map.entry("ddpmUpdate", o -> o.ddpmUpdate(fixedImage, output, image, false, steps)),
                Map.entry("cast", o -> o.cast(x, fixed)),
                Map.entry("advance", o -> o.advance(new StepTable(steps.rows(), fixed(DType.I32, 1)))),
                Map.entry("convolve", o -> o.convolve(pixels, layer, false, null, fixedPixels)),
                Map.entry(
                        "groupNorm", o -> o.groupNorm(pixels, 2, f32(6), f32(6), 1e-6f, Activation.NONE, fixedPixels)),
                Map.entry("write", o -> backend.write(fixed, x.memory())));
        return calls.entrySet().stream()
                .map(call -> DynamicTest.dynamicTest(
                        call.getKey(),
                        () -> assertThatThrownBy(() -> call.getValue().accept(backend.ops()))
                                .isInstanceOf(IllegalArgumentException.class)
                                .hasMessageContaining(
                                        "lies in read-only memory; expected memory that can be written")));
    }

    private Tensor fixed(DType dtype, long... extents) {
        Tensor tensor = backend.allocate(arena, dtype, Shape.of(extents));
        return Tensor.of(tensor.memory().asReadOnly(), dtype, tensor.shape());
    }

    @Test
    void aStepTableHasEveryScalarOfEachStep() {
        assertThatThrownBy(() -> StepTable.of(backend, arena, new float[0][]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least one step");
        assertThatThrownBy(() -> StepTable.of(backend, arena, new float[][] {new float[Column.COUNT], {1, 2, 3}}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("step 1 of a step table has 3 scalars; expected " + Column.COUNT);
        assertThatThrownBy(() -> StepTable.of(backend, arena, new float[][] {new float[Column.COUNT + 1]}))
                .hasMessageContaining("step 0 of a step table has " + (Column.COUNT + 1));
    }

    @Test
    void saysWhatIsNull() {
        assertThatThrownBy(() -> backend.write(x, null)).hasMessageContaining("write: the host memory is null");
        assertThatThrownBy(() -> backend.read(null, x.memory())).hasMessageContaining("read: the tensor is null");
        assertThatThrownBy(() -> backend.linear(arena, f32(6, 5), null, null)).hasMessageContaining("dtype is null");
        assertThatThrownBy(() -> backend.ops().gemmLadder(x, layer, modulation, 0, null, ladder, other))
                .hasMessageContaining("feature is null");
    }

    @Test
    void aLayerIsMadeOfMatchingTensors() {
        assertThatThrownBy(() -> backend.linear(arena, f32(6), null, DType.F32))
                .hasMessageContaining("linear: weight is F32[6]")
                .hasMessageContaining("[outputs, inputs]");
        assertThatThrownBy(() -> backend.linear(arena, f32(6, 5), f32(5), DType.F32))
                .hasMessageContaining("bias is F32[5]")
                .hasMessageContaining("[outputs] = [6]");
        assertThatThrownBy(() -> backend.linear(arena, f32(6, 5), null, DType.F16))
                .hasMessageContaining("dtype is F16");
        Tensor device = Tensor.wrap(0x1000, DType.F32, Shape.of(6, 5));
        assertThatThrownBy(() -> backend.linear(arena, device, null, DType.F32))
                .hasMessageContaining("weight F32[6, 5] is an address without host memory")
                .hasMessageContaining("weights are copied from host memory");
    }
}
