package dev.clusca.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.Ops;
import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.model.flux.TinyFlux;
import dev.clusca.pipeline.FluxPrompt;
import dev.clusca.pipeline.FluxSampling;
import dev.clusca.sampler.FlowMatching;
import dev.clusca.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which operations FLUX's steps consist of. */
class FluxPlanTest {
    private static final int DOUBLES = 2;

    /** A cached step reads every ladder in one pass over the image's tokens, recomputes the image's representatives, and leaves the text alone. */
    @Test
    void aCachedStepIsTwoPassesAndOneChain() {
        List<Map<String, Integer>> steps = operations("clusca:interval=3,order=1,clusters=4", StepOrder.PREFIX_PASS, 5);
        assertThat(steps.get(2))
                .containsEntry("drawRepresentatives", 1)
                .containsEntry("prefixPass", 1)
                .containsEntry("prefixGatherNorm", DOUBLES)
                .containsEntry("gemmRefresh", DOUBLES)
                .containsEntry("forecastPass", 1)
                .containsEntry("forecastResidual", 1) // the fifth single block, which has no other to pair with
                .containsEntry("gemm", 1 + DOUBLES + 1) // first and last layer, and the representatives' fc1
                .doesNotContainKeys(
                        "attention", "qkNormRope", "gemmLadder", "gemmPrefixUpdate", "ladderUpdate", "kMeans", "cast");
        // A full step: image tokens of the single blocks alone have ladders, the text of the double blocks none.
        assertThat(steps.get(1))
                .containsEntry("attention", DOUBLES + 5)
                .containsEntry("kMeans", 1)
                .containsEntry("gemmPrefixUpdate", DOUBLES)
                .containsEntry("gemmLadder", DOUBLES + 5)
                .containsEntry("gemmResidual", 2 * DOUBLES + 5)
                .containsEntry("cast", 1);
    }

    @Test
    void thePublishedOrderForecastsTheText() {
        List<Map<String, Integer>> steps =
                operations("clusca:interval=3,order=1,clusters=4,gamma=0.1", StepOrder.LAYER_BY_LAYER, 4);
        assertThat(steps.get(2))
                .containsEntry("drawRepresentatives", 2)
                .containsEntry("forecastResidual", 2 * 2 * DOUBLES + 4)
                .containsEntry("scatterRows", 2 * DOUBLES)
                .containsEntry("propagate", DOUBLES) // the image's alone
                .containsEntry("cast", 1)
                .doesNotContainKeys("attention", "kMeans", "forecastPass", "prefixPass");
        assertThat(steps.get(1)).containsEntry("kMeans", 2);
    }

    /** The operations of each step by name. */
    private static List<Map<String, Integer>> operations(String policy, StepOrder order, int singles) {
        List<Map<String, Integer>> steps = new ArrayList<>();
        steps.add(new HashMap<>());
        try (Backend backend = Backends.require("reference", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            Ops ops = proxy(Ops.class, (method, args) -> {
                steps.getLast().merge(method.getName(), 1, Integer::sum);
                if (method.getName().equals("advance")) {
                    steps.add(new HashMap<>());
                }
                return method.invoke(backend.ops(), args);
            });
            Backend counting = proxy(
                    Backend.class,
                    (method, args) -> method.getName().equals("ops") ? ops : method.invoke(backend, args));
            FluxModel model =
                    new FluxModel(new RandomFlux(TinyFlux.config(singles, false), 1), counting, arena, DType.F32);
            new FluxSampling(model)
                    .flow(FlowMatching.even(4))
                    .policy(CachePolicy.parse(policy))
                    .order(order)
                    .run(new FluxPrompt(TinyFlux.numbers(5 * 24, 1), TinyFlux.numbers(20, 2)), 2, 4);
        }
        return steps;
    }

    private interface Call {
        Object make(java.lang.reflect.Method method, Object[] args) throws ReflectiveOperationException;
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(Proxy.newProxyInstance(
                FluxPlanTest.class.getClassLoader(), new Class<?>[] {type}, (_, method, args) -> {
                    try {
                        return call.make(method, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }
}
