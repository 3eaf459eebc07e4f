package dev.clusca.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.Ops;
import dev.clusca.model.dit.DitModel;
import dev.clusca.model.dit.TinyDit;
import dev.clusca.pipeline.Sampling;
import dev.clusca.sampler.Ddim;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The fast order of cached steps against the published one, and what it asks of memory. */
class PrefixPassTest {
    private static final int STEPS = 13;
    private static final int TOKENS = 16;
    private static final int LAYERS = 3;

    @TempDir
    Path folder;

    /** Four cached steps in a row, twice; gamma at both ends and where T0 becomes explicit in between; every order. */
    @ParameterizedTest
    @CsvSource({
        "reference, 0, 2", "reference, 0.005, 0", "reference, 0.005, 4", "reference, 0.3, 1", "reference, 0.3, 3",
        "reference, 0.9, 2", "reference, 1, 0", "reference, 1, 4", "cpu, 0, 1", "cpu, 0.005, 2",
        "cpu, 0.3, 4", "cpu, 0.9, 3", "cpu, 1, 2", "cpu, 0.005, 0", "cpu, 1, 0"
    })
    void equalsThePublishedOrder(String backend, float gamma, int order) throws Exception {
        assertEqualOrders(backend, new ClusCa(5, order, 6, gamma), Choices.DRAWN);
    }

    @ParameterizedTest
    @CsvSource({"reference, 0.3", "cpu, 0.3", "cpu, 0", "cpu, 1"})
    void passesOverEmptyClusters(String backend, float gamma) throws Exception {
        // Clusters 2 and 5 of 6 have no member, and each full step deals the others out anew.
        Choices holes = new Choices() {
            @Override
            public Optional<int[]> labels(int step) {
                int[] labels = new int[4 * TOKENS];
                for (int i = 0; i < labels.length; i++) {
                    labels[i] = new int[] {0, 1, 3, 4}[(i * 7 + step) / 3 % 4];
                }
                return Optional.of(labels);
            }
        };
        assertEqualOrders(backend, new ClusCa(5, 2, 6, gamma), holes);
    }

    @ParameterizedTest
    @CsvSource({
        "reference, 'taylorseer:interval=4,order=3'",
        "reference, fora:interval=3",
        "cpu, 'taylorseer:interval=5,order=2'",
        "cpu, 'taylorseer:interval=3,order=4'",
        "cpu, fora:interval=3",
        "reference, 'clusca:full=3/4/9,order=2,clusters=5,gamma=0.3,first=1'",
        "cpu, 'clusca:full=3/4/9,order=2,clusters=5,gamma=0.3,first=1'",
        "cpu, 'taylorseer:full=6,order=1'"
    })
    void equalsThePublishedOrderUnderOtherPolicies(String backend, String policy) throws Exception {
        assertEqualOrders(backend, CachePolicy.parse(policy), Choices.DRAWN);
    }

    private void assertEqualOrders(String name, CachePolicy policy, Choices choices) throws Exception {
        TinyDit.write(folder);
        try (Backend backend = Backends.require(name, BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            Sampling sampling = sampling(backend, arena).policy(policy).choices(choices);
            List<float[]> fast = steps(sampling);
            List<float[]> published = steps(sampling.order(StepOrder.LAYER_BY_LAYER));
            for (int step = 0; step < STEPS; step++) {
                assertThat(relativeError(fast.get(step), published.get(step)))
                        .as("relative L2 distance of the samples after step %d under %s", step, policy)
                        .isLessThanOrEqualTo(1e-5);
            }
        }
    }

    private Sampling sampling(Backend backend, Arena arena) {
        return new Sampling(DitModel.load(folder, backend, arena, DType.F32))
                .sampler(new Ddim(STEPS, 0, false))
                .guidance(2)
                .seed(11);
    }

    /** The samples after every step, of two images. */
    private static List<float[]> steps(Sampling sampling) {
        List<float[]> all = new ArrayList<>();
        sampling.preview((first, step, samples) -> all.add(samples)).run(1, 3);
        return all;
    }

    private static double relativeError(float[] found, float[] expected) {
        double error = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            error += ((double) found[i] - expected[i]) * ((double) found[i] - expected[i]);
            norm += (double) expected[i] * expected[i];
        }
        return Math.sqrt(error / norm);
    }

    /**
     * A cached step hands all ladders to one operation, which reads each plane once (the emulator counts the kernel's sectors, CostTest), and otherwise only rows of
     * representatives; the modulations are multiplied once a run.
     */
    @ParameterizedTest
    @ValueSource(strings = {"clusca:interval=4,clusters=5,gamma=0.1", "taylorseer:interval=4,order=2"})
    void readsEachPlaneOnceAStepAndMultipliesModulationsOnceARun(String spec) throws Exception {
        TinyDit.write(folder);
        CachePolicy policy = CachePolicy.parse(spec);
        List<Map<String, Integer>> calls = new ArrayList<>();
        calls.add(new HashMap<>());
        int[] modulations = new int[1];
        try (Backend reference = Backends.require("reference", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            Backend counting = counting(reference, calls, modulations);
            sampling(counting, arena).policy(policy).run(1, 3);
        }
        List<StepKind> kinds = policy.kinds(STEPS);
        assertThat(modulations[0])
                .as("products that give six chunks, one a layer")
                .isEqualTo(LAYERS);
        for (int step = 0; step < STEPS; step++) {
            if (kinds.get(step) == StepKind.CACHED) {
                Map<String, Integer> made = calls.get(step);
                boolean clusters = policy instanceof ClusCa;
                assertThat(made.getOrDefault("prefixPass", 0)).isEqualTo(clusters ? 1 : 0);
                assertThat(made.getOrDefault("forecastPass", 0)).isEqualTo(clusters ? 0 : 1);
                assertThat(made.getOrDefault("prefixGatherNorm", 0)).isEqualTo(clusters ? LAYERS : 0);
                assertThat(made.getOrDefault("gemmRefresh", 0)).isEqualTo(clusters ? LAYERS : 0);
                assertThat(made)
                        .doesNotContainKeys(
                                "forecastResidual",
                                "ladderUpdate",
                                "gemmLadder",
                                "gemmPrefixUpdate",
                                "attention",
                                "gatherRows",
                                "scatterRows",
                                "propagate",
                                "kMeans");
            }
        }
    }

    /** A backend that notes the name of each operation by step, and how many products put out six chunks. */
    private static Backend counting(Backend backend, List<Map<String, Integer>> calls, int[] modulations) {
        ClassLoader loader = PrefixPassTest.class.getClassLoader();
        Ops ops = (Ops) Proxy.newProxyInstance(loader, new Class<?>[] {Ops.class}, (_, method, args) -> {
            calls.getLast().merge(method.getName(), 1, Integer::sum);
            if (method.getName().equals("gemm") && ((Tensor) args[3]).shape().dim(-1) == 6 * 24) {
                modulations[0]++;
            }
            if (method.getName().equals("advance")) {
                calls.add(new HashMap<>());
            }
            return invoke(() -> method.invoke(backend.ops(), args));
        });
        return (Backend) Proxy.newProxyInstance(
                loader,
                new Class<?>[] {Backend.class},
                (_, method, args) -> method.getName().equals("ops") ? ops : invoke(() -> method.invoke(backend, args)));
    }

    private interface Invocation {
        Object run() throws ReflectiveOperationException;
    }

    private static Object invoke(Invocation invocation) throws Throwable {
        try {
            return invocation.run();
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    @Test
    void makesOrderZeroExplicitBeforeFloatsLoseTheirDigits() {
        List<StepKind> kinds = new ClusCa(6, 2, 4, 0.9f).kinds(8);
        // full, full, and then a = 1, 0.1, 0.01; the next, 0.001, would fall below 1/1024
        float[] shares = PrefixPass.retained(kinds, 0.9f);
        float[] before = {1, 1, 1, 0.1f, 0.01f, 0.001f, 0.1f, 0.01f};
        float[] now = {1, 1, 1, 0.1f, 0.01f, 1, 0.1f, 0.01f};
        for (int step = 0; step < kinds.size(); step++) {
            assertThat(shares[2 * step]).as("before step %d", step).isCloseTo(before[step], offset(before[step]));
            assertThat(shares[2 * step + 1]).as("in step %d", step).isCloseTo(now[step], offset(now[step]));
        }
    }

    private static org.assertj.core.data.Offset<Float> offset(float value) {
        return org.assertj.core.data.Offset.offset(value * 1e-5f);
    }
}
