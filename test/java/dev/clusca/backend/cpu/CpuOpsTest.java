package dev.clusca.backend.cpu;

import static dev.clusca.backend.cpu.Twins.assertClose;
import static dev.clusca.backend.cpu.Twins.assertEqual;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.clusca.backend.Activation;
import dev.clusca.backend.Draws;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.StepTable.Column;
import dev.clusca.backend.cpu.Twins.Twin;
import dev.clusca.backend.cpu.Twins.TwinLinear;
import dev.clusca.backend.cpu.Twins.TwinModulation;
import dev.clusca.backend.cpu.Twins.TwinSteps;
import dev.clusca.bindings.cpu.CpuLevel;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every operation of the cpu backend against the reference, at every level of the instruction set that this processor has. */
@ParameterizedClass
@MethodSource("levels")
class CpuOpsTest {
    /** Extents combined sparsely: tokens, width. Multiples of a vector and their neighbours, and the real model's width. */
    private static final int[][] SHAPES = {
        {1, 33}, {3, 1}, {31, 3}, {32, 97}, {33, 32}, {97, 128}, {128, 31}, {200, 257}, {257, 200}, {64, 1152}
    };

    /** BF16 results that differ only where two roundings meet a tie. */
    private static final double ROUNDED_ONCE = 1e-3;

    /** A ratio of many digits: of 3 and 7 tenths of two BF16 numbers a tenth lie between two others. */
    private static final float FEW_TIES = 0.31831f;

    /** BF16 results with sums of rounded terms. */
    private static final double ROUNDED_INSIDE = 6e-3;

    private final CpuLevel chosen = CpuLevel.current().orElseThrow();

    @Parameter
    CpuLevel level;

    /** Made when the level is set: the backend takes its products by it. */
    private Twins twins;

    static List<CpuLevel> levels() {
        return CpuLevel.available();
    }

    @BeforeEach
    void select() {
        level.select();
        twins = new Twins(2);
    }

    @AfterEach
    void close() {
        twins.close();
        chosen.select();
    }

    /** Every shape with every type, and with a second type that differs in half of them. */
    static Stream<Case> cases() {
        return IntStream.range(0, SHAPES.length)
                .boxed()
                .flatMap(i -> Stream.of(DType.F32, DType.BF16)
                        .map(dtype -> new Case(SHAPES[i][0], SHAPES[i][1], dtype, i % 2 == 0 ? dtype : other(dtype))));
    }

    record Case(int tokens, int width, DType dtype, DType second) {}

    private static DType other(DType dtype) {
        return dtype == DType.F32 ? DType.BF16 : DType.F32;
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void embedsPatches(DType dtype) {
        for (int[] s : new int[][] {{1, 4, 4, 33}, {2, 4, 8, 97}, {4, 3, 16, 1152}, {8, 1, 8, 31}}) {
            int patch = s[0];
            int channels = s[1];
            int side = s[2];
            int width = s[3];
            int tokens = side / patch * (side / patch);
            Twin images = twins.random(DType.F32, 2, channels, side, side);
            Twin weight = twins.random(dtype, width, (long) channels * patch * patch);
            Twin bias = twins.random(other(dtype), width);
            Twin positions = twins.random(DType.F32, tokens, width);
            Twin x = twins.poison(dtype, 4, tokens, width);
            Twin bare = twins.poison(other(dtype), 2, tokens, width);
            twins.run(side1 -> {
                side1.ops()
                        .patchEmbed(
                                side1.of(images),
                                side1.of(weight),
                                side1.of(bias),
                                side1.of(positions),
                                patch,
                                side1.of(x));
                side1.ops().patchEmbed(side1.of(images), side1.of(weight), side1.of(bias), null, patch, side1.of(bare));
            });
            assertClose("x with patch " + patch, x, ROUNDED_ONCE);
            assertClose("x without positions, patch " + patch, bare, ROUNDED_ONCE);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void makesTimestepFeaturesAndConditions(DType dtype) {
        Twin timesteps = twins.of(DType.F32, new long[] {4}, 0, 1, 999, 500.5);
        Twin labels = twins.of(DType.I32, new long[] {3}, 2, 0, 9);
        for (int shift : new int[] {0, 1}) {
            Twin features = twins.poison(dtype, 4, 256);
            Twin table = twins.random(other(dtype), 3, 256);
            Twin out = twins.poison(dtype, 4, 3, 256);
            twins.run(s -> {
                s.ops().timestepFeatures(s.of(timesteps), shift, s.of(features));
                s.ops().conditioning(s.of(features), s.of(table), s.of(labels), s.of(out));
            });
            assertClose("timestep features", features, ROUNDED_ONCE);
            assertClose("conditions, the last label unknown", out, ROUNDED_ONCE);
        }
    }

    /** Inputs that are a power of two or so are copied apart, in pieces of the rows. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void multipliesRowsThatWouldCrowdTheCache(DType dtype) {
        for (int inputs : new int[] {512, 1024, 3072}) {
            TwinLinear layer = twins.linear(inputs, 70, true, dtype, dtype);
            Twin a = twins.random(dtype, 600, inputs);
            Twin out = twins.poison(DType.F32, 600, 70);
            twins.run(s -> s.ops().gemm(s.of(a), s.of(layer), Activation.NONE, s.of(out)));
            assertClose(inputs + " inputs", out, ROUNDED_INSIDE);
        }
    }

    /** As many that AMX's level stores them past the caches, where they begin at a line of them and where they do not. */
    @ParameterizedTest
    @ValueSource(ints = {3456, 2655})
    void multipliesIntoMoreThanTheCachesKeep(int outputs) {
        TwinLinear layer = twins.linear(64, outputs, true, DType.F32, DType.BF16);
        Twin a = twins.random(DType.BF16, 203, 64);
        for (Activation activation : Activation.values()) {
            Twin out = twins.poison(DType.BF16, 203, outputs);
            twins.run(s -> s.ops().gemm(s.of(a), s.of(layer), activation, s.of(out)));
            assertClose(outputs + " outputs, " + activation, out, ROUNDED_INSIDE);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void multiplies(Case c) {
        int outputs = c.width == 1152 ? 3456 : 2 * c.width + 1;
        for (Activation activation : Activation.values()) {
            TwinLinear layer = twins.linear(c.width, outputs, activation != Activation.SILU, c.second, c.dtype);
            Twin a = twins.random(c.dtype, c.tokens, c.width);
            Twin out = twins.poison(c.second, c.tokens, outputs);
            twins.run(s -> s.ops().gemm(s.of(a), s.of(layer), activation, s.of(out)));
            assertClose(c + " with " + activation, out, ROUNDED_ONCE);
        }
    }

    /** Each sum by itself: an activation of a large one would hide that of a small one. */
    @ParameterizedTest
    @EnumSource(names = {"GELU_TANH", "SILU"})
    void activatesSumsOfAnySize(Activation activation) {
        double[] sums = {
            0,
            1e-30,
            -1e-30,
            1e-3,
            -1e-3,
            1,
            -1,
            4,
            -4,
            20,
            -20,
            85,
            -60,
            1e4,
            -1e4,
            1e20,
            -1e20,
            3e38,
            -3e38,
            Double.NaN
        };
        Twin one = twins.of(DType.F32, new long[] {1, 1}, 1);
        TwinLinear layer = twins.linear(twins.of(DType.F32, new long[] {sums.length, 1}, sums), null, DType.F32);
        Twin out = twins.poison(DType.F32, 1, sums.length);
        twins.run(s -> s.ops().gemm(s.of(one), s.of(layer), activation, s.of(out)));
        double[] expected = Twins.values(out.reference());
        double[] found = Twins.values(out.cpu());
        for (int i = 0; i < sums.length; i++) {
            if (Double.isNaN(sums[i])) {
                assertThat(found[i]).isNaN();
            } else {
                assertThat(found[i])
                        .as("%s of %s", activation, sums[i])
                        .isCloseTo(expected[i], offset(4e-6 * Math.abs(expected[i]) + 1e-10));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void addsGatedProducts(Case c) {
        TwinSteps steps = twins.step(Map.of());
        TwinModulation modulation = twins.modulation(c.second, 3, c.width, steps);
        TwinLinear layer = twins.linear(2 * c.width, c.width, true, DType.F32, c.dtype);
        Twin a = twins.random(c.dtype, 3, c.tokens, 2 * c.width);
        Twin feature = twins.poison(c.dtype, 3, c.tokens, c.width);
        Twin x = twins.random(c.second, 3, c.tokens, c.width);
        Twin y = twins.random(c.second, 3, c.tokens, c.width);
        twins.run(s -> {
            s.ops().gemmResidual(s.of(a), s.of(layer), s.of(modulation), 2, s.of(feature), s.of(x));
            s.ops().gemmResidual(s.of(a), s.of(layer), s.of(modulation), 3, null, s.of(y));
        });
        assertClose(c + ", the feature", feature, ROUNDED_ONCE);
        assertClose(c + ", x", x, ROUNDED_ONCE);
        assertClose(c + ", x without a feature", y, ROUNDED_ONCE);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void normalizes(Case c) {
        TwinModulation modulation = twins.modulation(c.second, 3, c.width, twins.step(Map.of()));
        Twin x = twins.random(c.dtype, 3, c.tokens, c.width);
        Twin out = twins.poison(c.second, 3, c.tokens, c.width);
        twins.run(s -> s.ops().layerNormModulate(s.of(x), s.of(modulation), 1, 3, 1e-6f, s.of(out)));
        assertClose(c.toString(), out, ROUNDED_ONCE);
    }

    /** Heads of whole vectors and with a rest, one that has odd channels and so no rotation, and enough tokens for several threads. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void preparesQueriesAndKeys(DType dtype) {
        for (int[] s : new int[][] {
            {1, 1, 2, 1},
            {3, 2, 33, 2},
            {31, 3, 32, 1},
            {97, 2, 72, 2},
            {33, 4, 98, 2},
            {128, 3, 128, 2},
            {2, 1, 520, 2}
        }) {
            int heads = s[1];
            int d = s[2];
            Twin queryScale = twins.random(DType.F32, d);
            Twin keyScale = twins.random(DType.F32, d);
            Twin rotations = twins.random(DType.F32, s[0], d / 2, 2);
            Twin normed = twins.random(dtype, s[3], s[0], 3L * heads * d);
            Twin turned = twins.random(dtype, s[3], s[0], 3L * heads * d);
            Twin both = twins.random(dtype, s[3], s[0], 3L * heads * d);
            twins.run(t -> {
                t.ops().qkNormRope(t.of(normed), heads, t.of(queryScale), t.of(keyScale), 1e-6f, null);
                if (d % 2 == 0) {
                    t.ops().qkNormRope(t.of(turned), heads, null, null, 0, t.of(rotations));
                    t.ops().qkNormRope(t.of(both), heads, t.of(queryScale), t.of(keyScale), 1e-6f, t.of(rotations));
                }
            });
            String what = s[0] + " tokens, " + heads + " heads of " + d;
            assertClose(what + ", normed", normed, ROUNDED_ONCE);
            assertClose(what + ", turned", turned, ROUNDED_ONCE);
            assertClose(what + ", both", both, ROUNDED_ONCE);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void attends(DType dtype) {
        for (int[] s : new int[][] {
            {1, 1, 8, 2},
            {1, 3, 24, 2},
            {3, 2, 24, 1},
            {33, 3, 33, 2},
            {97, 4, 24, 3},
            {128, 2, 64, 2},
            {257, 16, 72, 2}
        }) {
            int tokens = s[0];
            int heads = s[1];
            int width = heads * s[2];
            Twin qkv = twins.random(dtype, s[3], tokens, 3L * width);
            Twin out = twins.poison(dtype, s[3], tokens, width);
            twins.run(t -> t.ops().attention(t.of(qkv), heads, t.of(out)));
            assertClose(tokens + " tokens, " + heads + " heads of " + s[2], out, ROUNDED_INSIDE);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void attendsInPieces(DType dtype) {
        // 1500 x 1500 scores a head take 9 MB, more than a piece: some queries of one head at a time.
        Twin qkv = twins.random(dtype, 1, 1500, 3 * 2 * 8);
        Twin out = twins.poison(dtype, 1, 1500, 2 * 8);
        twins.run(t -> t.ops().attention(t.of(qkv), 2, t.of(out)));
        assertClose("1500 tokens", out, ROUNDED_INSIDE);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void buildsAndEvaluatesLadders(Case c) {
        for (int terms = 1; terms <= 5; terms++) {
            TwinSteps steps = twins.step(Map.of(
                    Column.TERMS,
                    (double) terms,
                    Column.LADDER_TERMS,
                    (double) terms,
                    Column.LADDER_DIVISOR,
                    -3.0,
                    Column.FACTOR_0,
                    1.0,
                    Column.FACTOR_1,
                    -2.0,
                    Column.FACTOR_2,
                    2.0,
                    Column.FACTOR_3,
                    -4.0 / 3,
                    Column.FACTOR_4,
                    2.0 / 3));
            TwinModulation modulation = twins.modulation(c.second, 2, c.width, steps);
            Twin feature = twins.random(c.second, 2, c.tokens, c.width);
            // Planes that do not exist yet are NaN and must not be touched.
            Twin ladder = ladder(c, terms);
            Twin given = ladder(c, terms);
            Twin x = twins.random(c.second, 2, c.tokens, c.width);
            twins.run(s -> {
                s.ops().ladderUpdate(s.of(feature), s.of(ladder), s.of(steps));
                s.ops().forecastResidual(s.of(given), s.of(modulation), 0, s.of(x));
            });
            assertClose(c + ", ladder of " + terms, ladder, ROUNDED_ONCE);
            assertClose(c + ", forecast of " + terms, x, ROUNDED_ONCE);
        }
    }

    private Twin ladder(Case c, int known) {
        Twin ladder = twins.random(c.dtype, 5, 2, c.tokens, c.width);
        ladder.reference().rows(known, 5 - known).memory().fill((byte) 0xff);
        ladder.cpu().rows(known, 5 - known).memory().fill((byte) 0xff);
        return ladder;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void clustersToTheBit(Case c) {
        for (KMeansOptions options :
                List.of(KMeansOptions.DEFAULT, KMeansOptions.PUBLISHED, new KMeansOptions(2, 1e-4f, 1e-8f, false))) {
            int clusters = Math.min(c.tokens, c.tokens > 100 ? 16 : 5);
            Twin x = twins.random(c.dtype, 3, c.tokens, c.width);
            // Equal rows: all but one cluster are empty.
            for (int n = 0; n < c.tokens; n++) {
                x.reference()
                        .slice(2)
                        .slice(n)
                        .memory()
                        .copyFrom(x.reference().slice(2).slice(0).memory());
                x.cpu()
                        .slice(2)
                        .slice(n)
                        .memory()
                        .copyFrom(x.reference().slice(2).slice(0).memory());
            }
            Twin centroids = twins.random(DType.F32, 3, clusters, c.width);
            if (clusters > 1) {
                // Equal centroids: the lower takes all, the other becomes empty.
                for (Tensor side : List.of(centroids.reference(), centroids.cpu())) {
                    side.slice(0)
                            .slice(1)
                            .memory()
                            .copyFrom(side.slice(0).slice(0).memory());
                }
            }
            Twin labels = twins.poison(DType.I32, 3, c.tokens);
            Twin iterations = twins.poison(DType.I32, 3);
            twins.run(s -> s.ops().kMeans(s.of(x), options, s.of(centroids), s.of(labels), s.of(iterations)));
            assertEqual(c + ", iterations", iterations);
            assertEqual(c + ", labels", labels);
            assertEqual(c + ", centroids", centroids);
        }
    }

    /** Of values from 1 to 2 no mean moves by more than itself: the first iteration is the last where that is allowed, and one of many where nothing is. */
    @Test
    void stopsByTheRelativeChange() {
        int[] next = {0};
        Twin x = twins.fill(DType.F32, new long[] {1, 97, 40}, () -> 1 + next[0]++ * 7919 % 1000 / 1000.0);
        for (float relative : new float[] {1, 0}) {
            Twin centroids = twins.fill(DType.F32, new long[] {1, 3, 40}, () -> 1 + next[0]++ * 7919 % 1000 / 1000.0);
            Twin labels = twins.poison(DType.I32, 1, 97);
            Twin iterations = twins.poison(DType.I32, 1);
            KMeansOptions options = new KMeansOptions(10, relative, 0, false);
            twins.run(s -> s.ops().kMeans(s.of(x), options, s.of(centroids), s.of(labels), s.of(iterations)));
            assertEqual("iterations", iterations);
            assertThat(iterations.cpu().memory().get(ValueLayout.JAVA_INT, 0) == 1)
                    .isEqualTo(relative == 1);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void clustersWhatIsNotANumber(DType dtype) {
        Twin x = twins.random(dtype, 2, 33, 40);
        x.reference().slice(1).slice(7).memory().fill((byte) 0xff);
        x.cpu().slice(1).slice(7).memory().fill((byte) 0xff);
        Twin centroids = twins.random(DType.F32, 2, 4, 40);
        Twin labels = twins.poison(DType.I32, 2, 33);
        Twin iterations = twins.poison(DType.I32, 2);
        twins.run(s -> s.ops().kMeans(s.of(x), KMeansOptions.DEFAULT, s.of(centroids), s.of(labels), s.of(iterations)));
        assertEqual("iterations", iterations);
        assertEqual("labels", labels);
        assertClose("centroids", centroids, 0);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void drawsToTheBit(Case c) {
        int clusters = Math.min(c.tokens, 7);
        TwinSteps steps = twins.step(Map.of(Column.STEP, 49.0));
        Twin rows = twins.of(DType.I32, new long[] {4}, 0, 1, 12, 13);
        Twin tokens = twins.poison(DType.I32, 4, clusters);
        Twin labels = twins.integers(0, Math.max(clusters - 1, 1), 4, c.tokens);
        Twin representatives = twins.poison(DType.I32, 3, 4, clusters);
        long seed = twins.random.nextLong();
        twins.run(s -> {
            Draws draws = new Draws(seed, s.of(rows), 1, s.of(steps));
            s.ops().drawFirstTokens(draws, c.tokens, s.of(tokens));
            s.ops().drawRepresentatives(draws, s.of(labels), s.of(representatives));
        });
        assertEqual(c + ", first tokens", tokens);
        assertEqual(c + ", representatives", representatives);
    }

    /** Seeds that draw the largest word of all, for token 0: it is the first, whatever comes after. */
    @ParameterizedTest
    @CsvSource({"1911550991, '0, 1, 2, 3'", "8950728116, '0, 1, 3, 2'"})
    void theLargestWordIsDrawnFirst(long seed, String expected) {
        TwinSteps steps = twins.step(Map.of(Column.STEP, 0.0));
        Twin rows = twins.of(DType.I32, new long[] {1}, 0);
        Twin tokens = twins.poison(DType.I32, 1, 4);
        twins.run(s -> s.ops().drawFirstTokens(new Draws(seed, s.of(rows), 0, s.of(steps)), 4, s.of(tokens)));
        assertEqual("first tokens", tokens);
        assertThat(tokens.reference().memory().toArray(ValueLayout.JAVA_INT))
                .isEqualTo(Stream.of(expected.split(", "))
                        .mapToInt(Integer::parseInt)
                        .toArray());
    }

    /** NaNs of every kind, as a GPU's arithmetic gives them too, in one key: every query meets it. */
    @ParameterizedTest
    @ValueSource(ints = {0x7fc00000, 0x7fffffff, 0xffffffff, 0x7fc00001})
    void attendsToWhatIsNotANumber(int bits) {
        Twin qkv = twins.random(DType.F32, 1, 4, 3 * 16);
        for (Tensor tensor : List.of(qkv.reference(), qkv.cpu())) {
            tensor.memory().setAtIndex(ValueLayout.JAVA_INT, 3 * 16 + 16 + 3, bits);
        }
        Twin out = twins.poison(DType.F32, 1, 4, 16);
        twins.run(s -> s.ops().attention(s.of(qkv), 1, s.of(out)));
        assertThat(out.cpu().memory().toArray(ValueLayout.JAVA_FLOAT)).containsOnly(Float.NaN);
        assertClose("attention", out, ROUNDED_INSIDE);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void drawsAmongManyTokens(DType dtype) {
        TwinSteps steps = twins.step(Map.of(Column.STEP, 3.0));
        Twin rows = twins.of(DType.I32, new long[] {1}, 5);
        Twin tokens = twins.poison(DType.I32, 1, 64);
        Twin labels = twins.integers(0, 64, 1, 4000);
        Twin representatives = twins.poison(DType.I32, 2, 1, 64);
        twins.run(s -> {
            Draws draws = new Draws(dtype.ordinal(), s.of(rows), 0, s.of(steps));
            s.ops().drawFirstTokens(draws, 4000, s.of(tokens));
            s.ops().drawRepresentatives(draws, s.of(labels), s.of(representatives));
        });
        assertEqual("first tokens", tokens);
        assertEqual("representatives", representatives);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void movesRows(Case c) {
        int clusters = Math.min(c.tokens, 5);
        Set<Integer> distinct = new HashSet<>();
        double[] index = IntStream.range(0, 2 * clusters)
                .mapToDouble(i -> {
                    if (i % clusters == 0) {
                        distinct.clear();
                    }
                    int n = twins.random.nextInt(c.tokens);
                    return i % 4 == 3 || !distinct.add(n) ? -1 : n;
                })
                .toArray();
        Twin at = twins.of(DType.I32, new long[] {2, clusters}, index);
        Twin labels = twins.integers(0, clusters, 2, c.tokens);
        Twin x = twins.random(c.dtype, 2, c.tokens, c.width);
        Twin rows = twins.poison(c.second, 2, clusters, c.width);
        Twin target = twins.random(c.dtype, 2, c.tokens, c.width);
        Twin blend = twins.random(c.dtype, 2, c.tokens, c.width);
        twins.run(s -> {
            s.ops().gatherRows(s.of(x), s.of(at), s.of(rows));
            s.ops().scatterRows(s.of(rows), s.of(at), s.of(target));
            s.ops().propagate(s.of(rows), s.of(at), s.of(labels), FEW_TIES, s.of(blend));
        });
        assertEqual(c + ", gathered", rows);
        assertEqual(c + ", scattered", target);
        assertClose(c + ", propagated", blend, ROUNDED_ONCE);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void casts(Case c) {
        Twin source = twins.random(c.dtype, c.tokens, c.width);
        Twin same = twins.poison(c.dtype, c.tokens, c.width);
        Twin changed = twins.poison(other(c.dtype), c.tokens, c.width);
        twins.run(s -> {
            s.ops().cast(s.of(source), s.of(same));
            s.ops().cast(s.of(source), s.of(changed));
        });
        assertEqual(c + ", copied", same);
        assertEqual(c + ", converted", changed);
    }

    /** Ties, of which random values have hardly any: whole vectors are rounded by other code than what is left of a row. */
    @Test
    void roundsVectorsToEven() {
        double[] ties = new double[120];
        Arrays.setAll(ties, i -> 1 + (2 * i + 1) * 0x1p-8);
        Twin feature = twins.of(DType.F32, new long[] {1, 3, 40}, ties);
        Twin ladder = twins.poison(DType.BF16, 1, 1, 3, 40);
        TwinSteps steps = twins.step(Map.of(Column.LADDER_TERMS, 1.0, Column.LADDER_DIVISOR, -1.0));
        twins.run(s -> s.ops().ladderUpdate(s.of(feature), s.of(ladder), s.of(steps)));
        assertEqual("ladder", ladder);
    }

    @Test
    void roundsAsJavaDoes() {
        // Ties both ways, overflow to infinity, subnormal numbers, and NaNs whose payload a plain rounding would carry
        // into the sign.
        int[] edges = {
            0,
            0x80000000,
            0x3f800000,
            0x3f808000,
            0x3f818000,
            0x3f808001,
            1,
            0x7f7fffff,
            0x7f800000,
            0xff800000,
            0x7fc00000,
            0x7f800001,
            0xff812345,
            0x7fffffff,
            0xffffffff,
            0x00800000
        };
        Twin source = twins.poison(DType.F32, edges.length * 3);
        for (int i = 0; i < edges.length * 3; i++) {
            for (Tensor tensor : List.of(source.reference(), source.cpu())) {
                tensor.memory().setAtIndex(ValueLayout.JAVA_INT, i, edges[i % edges.length]);
            }
        }
        Twin target = twins.poison(DType.BF16, edges.length * 3);
        twins.run(s -> s.ops().cast(s.of(source), s.of(target)));
        for (int i = 0; i < edges.length * 3; i++) {
            short expected = Bf16.fromFloat(Float.intBitsToFloat(edges[i % edges.length]));
            assertThat(target.cpu().memory().getAtIndex(ValueLayout.JAVA_SHORT, i))
                    .as("bits %08x", edges[i % edges.length])
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void leavesTheModel(DType dtype) {
        for (int[] s : new int[][] {{1, 4, 3}, {2, 8, 32}, {4, 3, 16}}) {
            int patch = s[0];
            int channels = s[1];
            int side = s[2] / patch * patch;
            int tokens = side / patch * (side / patch);
            Twin x = twins.random(dtype, 4, tokens, (long) patch * patch * channels);
            Twin images = twins.poison(DType.F32, 4, channels, side, side);
            twins.run(t -> t.ops().unpatchify(t.of(x), patch, t.of(images)));
            assertEqual("images", images);
            int guided = Math.min(3, channels);
            twins.run(t -> t.ops().guidance(t.of(images), 4.5f, guided));
            assertClose("guided", images, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32"})
    void updatesSamples(DType dtype) {
        for (boolean clip : new boolean[] {false, true}) {
            for (double noiseWeight : new double[] {0, 0.25}) {
                TwinSteps steps = twins.step(Map.of(
                        Column.SAMPLE_TO_START, 157.4,
                        Column.NOISE_TO_START, 157.2,
                        Column.START_WEIGHT, 0.0065,
                        Column.SECOND_WEIGHT, 0.97,
                        Column.NOISE_WEIGHT, noiseWeight,
                        Column.LOG_VARIANCE_MIN, -9.2,
                        Column.LOG_VARIANCE_MAX, -3.9));
                Twin output = twins.random(dtype, 4, 8, 9, 9);
                Twin ddim = twins.random(dtype, 2, 4, 9, 9);
                Twin ddpm = twins.random(dtype, 2, 4, 9, 9);
                @Nullable Twin noise = noiseWeight == 0 ? null : twins.random(dtype, 2, 4, 9, 9);
                Twin always = twins.random(dtype, 2, 4, 9, 9);
                twins.run(s -> {
                    s.ops().ddimUpdate(s.of(ddim), s.of(output), noise == null ? null : s.of(noise), clip, s.of(steps));
                    s.ops().ddpmUpdate(s.of(ddpm), s.of(output), s.of(always), clip, s.of(steps));
                    s.ops().advance(s.of(steps));
                });
                assertClose("DDIM", ddim, 0);
                assertClose("DDPM", ddpm, 0);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void passesOnWhatIsNotANumber(DType dtype) {
        TwinSteps steps = twins.step(Map.of(Column.TERMS, 1.0, Column.FACTOR_0, 1.0));
        TwinModulation modulation = twins.modulation(DType.F32, 1, 48, steps);
        TwinLinear layer = twins.linear(48, 48, true, DType.F32, dtype);
        Twin a = twins.random(dtype, 1, 20, 48);
        set(a, 5);
        Twin qkv = twins.random(dtype, 1, 20, 144);
        set(qkv, 5);
        Twin ladder = twins.random(dtype, 1, 1, 20, 48);
        set(ladder, 5);
        Twin attended = twins.poison(dtype, 1, 20, 48);
        Twin normalized = twins.poison(dtype, 1, 20, 48);
        Twin x = twins.random(dtype, 1, 20, 48);
        List<Twin> products = Stream.of(Activation.values())
                .map(activation -> twins.poison(dtype, 1, 20, 48))
                .toList();
        twins.run(s -> {
            for (Activation activation : Activation.values()) {
                s.ops().gemm(s.of(a), s.of(layer), activation, s.of(products.get(activation.ordinal())));
            }
            s.ops().attention(s.of(qkv), 2, s.of(attended));
            s.ops().layerNormModulate(s.of(a), s.of(modulation), 0, 1, 1e-6f, s.of(normalized));
            s.ops().forecastResidual(s.of(ladder), s.of(modulation), 2, s.of(x));
        });
        for (Activation activation : Activation.values()) {
            assertClose("a product with " + activation, products.get(activation.ordinal()), ROUNDED_INSIDE);
        }
        assertClose("attention", attended, ROUNDED_INSIDE);
        assertClose("LayerNorm", normalized, ROUNDED_INSIDE);
        assertClose("a forecast", x, ROUNDED_INSIDE);
    }

    private static void set(Twin twin, int row) {
        for (Tensor tensor : List.of(twin.reference(), twin.cpu())) {
            int width = tensor.shape().size(-1);
            tensor.reshape(tensor.shape().elements() / width, width)
                    .slice(row)
                    .memory()
                    .fill((byte) 0xff);
        }
    }
}
