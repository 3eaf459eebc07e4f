package dev.clusca.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.Choices;
import dev.clusca.cache.FullCompute;
import dev.clusca.cache.StepKind;
import dev.clusca.cache.StepOrder;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.model.dit.DitModel;
import dev.clusca.model.dit.TinyDit;
import dev.clusca.sampler.Ddim;
import dev.clusca.sampler.Sampler;
import dev.clusca.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplingTest {
    @TempDir
    Path folder;

    private interface Body {
        void run(Sampling sampling) throws Exception;
    }

    private void sampling(String backendName, BackendOptions options, Body body) throws Exception {
        TinyDit.write(folder);
        try (Backend backend = Backends.require(backendName, options);
                Arena arena = Arena.ofShared()) {
            DitModel model = DitModel.load(folder, backend, arena, DType.F32);
            body.run(new Sampling(model)
                    .sampler(new Ddim(10, 0, false))
                    .guidance(2)
                    .seed(5));
        }
    }

    private void onReference(Body body) throws Exception {
        sampling("reference", BackendOptions.DEFAULT, body);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "full",
                "fora:interval=3",
                "taylorseer:interval=3,order=2",
                "clusca:interval=3,clusters=4,gamma=0.3"
            })
    void batchSizeDoesNotChangeAnImage(String policy) throws Exception {
        onReference(s -> {
            Sampling policed = s.policy(CachePolicy.parse(policy));
            float[] together = policed.run(0, 4, 2).values();
            float[] alone = policed.batch(1).run(0, 4, 2).values();
            assertThat(alone).isEqualTo(together);
        });
    }

    @Test
    void anImageDependsOnItsPlaceSeedAndClassAlone() throws Exception {
        onReference(s -> {
            float[] three = s.run(1, 2, 3).values();
            float[] other = s.run(0, 2, 4).values();
            int one = three.length / 3;
            assertThat(Arrays.copyOfRange(other, one, 2 * one)).isEqualTo(Arrays.copyOfRange(three, one, 2 * one));
            assertThat(Arrays.copyOf(other, one)).isNotEqualTo(Arrays.copyOf(three, one));
            assertThat(s.seed(6).run(1, 2, 3).values()).isNotEqualTo(three);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"full", "taylorseer:interval=3,order=2", "clusca:interval=3,clusters=4,gamma=0.3"})
    void cpuAgreesWithTheReferenceWhateverItsThreads(String policy) throws Exception {
        List<float[]> runs = new ArrayList<>();
        Body body = s -> runs.add(s.policy(CachePolicy.parse(policy)).run(3, 1).values());
        onReference(body);
        sampling("cpu", new BackendOptions(1), body);
        sampling("cpu", new BackendOptions(2), body);
        assertThat(runs.get(2)).isEqualTo(runs.get(1));
        assertThat(relativeError(runs.get(1), runs.get(0))).isLessThan(1e-4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ddpm", "ddim:eta=0.7"})
    void stochasticSamplersDrawTheSameNoiseInEveryBatch(String sampler) throws Exception {
        onReference(s -> {
            Sampling stochastic = s.sampler(Sampler.parse(sampler, 10));
            assertThat(stochastic.batch(2).run(0, 1, 2).values())
                    .isEqualTo(stochastic.run(0, 1, 2).values());
            assertThat(stochastic.run(0).values()).isNotEqualTo(s.run(0).values());
        });
    }

    /** The only step adds no noise, yet the update takes some. */
    @ParameterizedTest
    @ValueSource(strings = {"ddpm", "ddim", "ddim:eta=1"})
    void oneStepIsEnough(String sampler) throws Exception {
        onReference(s -> {
            Sampling short1 = s.sampler(Sampler.parse(sampler, 1));
            assertThat(short1.run(0, 1).values()).isEqualTo(short1.run(0, 1).values());
        });
    }

    @Test
    void theLargestBatchIsOneBatch() throws Exception {
        onReference(s -> {
            List<Integer> of = new ArrayList<>();
            s.batch(Integer.MAX_VALUE)
                    .listener((done, all, kind, ms) -> of.add(all))
                    .run(0, 1);
            assertThat(of).hasSize(10).containsOnly(10);
        });
    }

    @Test
    void aModelWithoutANullClassIsNotGuided() throws Exception {
        TinyDit.writeWithoutNullClass(folder);
        try (Backend backend = Backends.require("reference", BackendOptions.DEFAULT);
                Arena arena = Arena.ofShared()) {
            Sampling s = new Sampling(DitModel.load(folder, backend, arena, DType.F32)).sampler(new Ddim(2, 0, false));
            assertThat(s.run(4).values()).isEqualTo(s.guidance(1).run(4).values());
            assertThatThrownBy(() -> s.guidance(2)).hasMessageContaining("needs a null class");
        }
    }

    /** What operations find wrong ends the backend; so what is given from outside is checked before. */
    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -2, 16, 1_000_000_000})
    void choicesOutOfRangeAreNamedAndLeaveTheBackendUsable(int wrong) throws Exception {
        onReference(s -> {
            Sampling clustered = s.policy(CachePolicy.parse("clusca:interval=3,clusters=4,gamma=0.3"));
            int[] tokens = new int[2 * 4];
            int[] labels = new int[2 * 16];
            int[] representatives = new int[3 * 2 * 4];
            Arrays.fill(representatives, -1);
            tokens[3] = labels[3] = representatives[3] = wrong;
            Choices first = new Choices() {
                @Override
                public Optional<int[]> firstTokens() {
                    return Optional.of(tokens);
                }
            };
            Choices label = new Choices() {
                @Override
                public Optional<int[]> labels(int step) {
                    return Optional.of(labels);
                }
            };
            Choices representative = new Choices() {
                @Override
                public Optional<int[]> representatives(int step) {
                    return Optional.of(representatives);
                }
            };
            assertThatThrownBy(() -> clustered.choices(first).run(0))
                    .hasMessage("among the first tokens given is " + wrong + "; they are 0 to 15 here");
            assertThatThrownBy(() -> clustered.choices(label).run(0))
                    .hasMessage("among the labels given is " + wrong + "; they are 0 to 3 here");
            assertThatThrownBy(() -> clustered.choices(representative).run(0))
                    .hasMessage("among the representatives given is " + wrong + "; they are -1 to 15 here");
            assertThat(clustered.run(0).count()).isEqualTo(1);
        });
    }

    /** All tokens lie in cluster 0, whose representative is 4 in every layer; in the last layer of the second batch row 3's is given too. */
    private static Choices oneCluster(int ofCluster3) {
        return new Choices() {
            @Override
            public Optional<int[]> labels(int step) {
                return Optional.of(new int[2 * 16]);
            }

            @Override
            public Optional<int[]> representatives(int step) {
                int[] representatives = new int[3 * 2 * 4];
                Arrays.setAll(representatives, i -> i % 4 == 0 ? 4 : -1);
                representatives[2 * 2 * 4 + 4 + 3] = ofCluster3;
                return Optional.of(representatives);
            }
        };
    }

    /** The published code takes token 0 for a cluster without members; rows of the prefix order belong to members. */
    @Test
    void aRepresentativeFromAnotherClusterTakesThePublishedOrder() throws Exception {
        onReference(s -> {
            Sampling clustered = s.policy(CachePolicy.parse("clusca:interval=3,clusters=4,gamma=0.3"));
            Sampling stranger = clustered.choices(oneCluster(5));
            assertThatThrownBy(() -> stranger.run(0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "token 5 of batch row 1 is given as the representative of cluster 3 in layer 2, and lies in cluster 0; a representative from another cluster takes StepOrder.LAYER_BY_LAYER");
            // What stands for another cluster is spread in its own, even where that is refreshed by the same token.
            float[] alone = layered(clustered.choices(oneCluster(-1)));
            assertThat(layered(stranger)).isNotEqualTo(alone);
            assertThat(layered(clustered.choices(oneCluster(4)))).isNotEqualTo(alone);
            // Nothing is spread at gamma 0: then it is refreshed once, whatever it stands for.
            Sampling unspread = s.policy(CachePolicy.parse("clusca:interval=3,clusters=4,gamma=0"));
            assertThat(layered(unspread.choices(oneCluster(4)))).isEqualTo(layered(unspread.choices(oneCluster(-1))));
        });
    }

    private static float[] layered(Sampling sampling) {
        return sampling.order(StepOrder.LAYER_BY_LAYER).run(0).values();
    }

    /** Even tokens lie in cluster 0 and odd ones in cluster 1; in the middle layer of the second batch row cluster 1 has another representative. */
    private static Choices twoClusters(int ofCluster1) {
        return new Choices() {
            @Override
            public Optional<int[]> labels(int step) {
                int[] labels = new int[2 * 16];
                Arrays.setAll(labels, i -> i % 2);
                return Optional.of(labels);
            }

            @Override
            public Optional<int[]> representatives(int step) {
                int[] representatives = new int[3 * 2 * 4];
                Arrays.setAll(representatives, i -> i % 4 == 0 ? 4 : i % 4 == 1 ? 5 : -1);
                representatives[2 * 4 + 4 + 1] = ofCluster1;
                return Optional.of(representatives);
            }
        };
    }

    /** What its members take over in the prefix order is then written by nobody; token 4, which cluster 0 refreshes, would be left out. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            -1 | cluster 1 of batch row 1 has members and is given no representative in layer 1; give it one of them, or take StepOrder.LAYER_BY_LAYER, which forecasts them alone
            4 | token 4 of batch row 1 is given as the representative of cluster 1 in layer 1, and lies in cluster 0; a representative from another cluster takes StepOrder.LAYER_BY_LAYER
            """)
    void aClusterWithMembersAndNoneToStandForThemTakesThePublishedOrder(int given, String message) throws Exception {
        onReference(s -> {
            Sampling clustered = s.policy(CachePolicy.parse("clusca:interval=3,clusters=4,gamma=0.3"));
            Sampling without = clustered.choices(twoClusters(given));
            assertThatThrownBy(() -> without.run(0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(message);
            Sampling with = clustered.choices(twoClusters(5));
            assertThat(without.order(StepOrder.LAYER_BY_LAYER).run(0).values())
                    .doesNotContain(Float.NaN)
                    .isNotEqualTo(with.order(StepOrder.LAYER_BY_LAYER).run(0).values());
        });
    }

    @Test
    void metricsAndProgressTellTheSteps() throws Exception {
        onReference(s -> {
            List<String> heard = new ArrayList<>();
            Samples samples = s.policy(CachePolicy.parse("taylorseer:interval=3"))
                    .batch(1)
                    .listener((done, of, kind, ms) -> heard.add(done + "/" + of + kind))
                    .run(0, 1);
            assertThat(heard)
                    .hasSize(20)
                    .startsWith("1/20FULL", "2/20FULL", "3/20CACHED")
                    .endsWith("20/20CACHED");
            RunMetrics m = samples.metrics();
            assertThat(m.steps()).hasSize(20);
            assertThat(m.steps().getFirst().step()).isEqualTo(9);
            assertThat(m.steps().get(9).step()).isZero();
            assertThat(m.steps()).filteredOn(t -> t.kind() == StepKind.FULL).hasSize(8);
            assertThat(m.fullStepMs().orElseThrow()).isPositive();
            // A step begins where the one before ended.
            assertThat(m.steps().stream().mapToDouble(RunMetrics.StepTime::ms).sum())
                    .isCloseTo(m.totalMs(), within(1e-6));
            assertThat(m.executedFlops()).isPositive();
            assertThat(samples.shape().toArray()).containsExactly(2, 3, 8, 8);
            assertThat(samples.picture(1).width()).isEqualTo(8);
        });
    }

    @Test
    void previewSeesEveryStep() throws Exception {
        onReference(s -> {
            List<float[]> seen = new ArrayList<>();
            Samples samples =
                    s.preview((first, step, values) -> seen.add(values)).run(2);
            assertThat(seen).hasSize(10);
            assertThat(seen.getLast()).isEqualTo(samples.values());
            assertThat(seen.getFirst()).isNotEqualTo(seen.getLast());
        });
    }

    @Test
    void cancellingStopsTheRunAndLeavesTheModelUsable() throws Exception {
        onReference(s -> {
            AtomicInteger asked = new AtomicInteger();
            assertThatThrownBy(
                            () -> s.cancelled(() -> asked.incrementAndGet() > 3).run(0))
                    .isInstanceOf(CancellationException.class)
                    .hasMessageContaining("of 10 steps");
            assertThat(asked).hasValue(4);
            assertThat(s.run(0).count()).isEqualTo(1);
        });
    }

    @Test
    void guidanceOneIsTheConditionalModelAlone() throws Exception {
        onReference(s -> {
            float[] unguided = s.guidance(1).run(0).values();
            assertThat(relativeError(s.guidance(1.0001f).run(0).values(), unguided))
                    .isLessThan(1e-2);
            assertThat(s.guidance(3).run(0).values()).isNotEqualTo(unguided);
        });
    }

    /** Each setting makes a copy, which must hold all others. */
    @Test
    void aSettingIsKeptByThoseThatFollow() throws Exception {
        float[] noise = new float[3 * 8 * 8];
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (float) Math.sin(i);
        }
        AtomicInteger heard = new AtomicInteger();
        AtomicInteger seen = new AtomicInteger();
        AtomicInteger asked = new AtomicInteger();
        List<UnaryOperator<Sampling>> settings = List.of(
                s -> s.sampler(new Ddim(5, 0.5, true)),
                s -> s.policy(CachePolicy.parse("clusca:interval=3,clusters=4,gamma=0.3")),
                s -> s.guidance(3),
                s -> s.guidanceChannels(1),
                s -> s.seed(9),
                s -> s.order(StepOrder.LAYER_BY_LAYER),
                s -> s.noise(noise),
                s -> s.firstImage(4),
                s -> s.listener((done, of, kind, ms) -> heard.incrementAndGet()),
                s -> s.preview((first, step, values) -> seen.incrementAndGet()),
                s -> s.cancelled(() -> asked.incrementAndGet() < 0));
        onReference(s -> {
            List<float[]> runs = new ArrayList<>();
            for (int last = 0; last < settings.size(); last++) {
                Sampling set = s;
                for (int i = 1; i <= settings.size(); i++) {
                    set = settings.get((last + i) % settings.size()).apply(set);
                }
                runs.add(set.run(1).values());
                assertThat(List.of(heard.getAndSet(0), seen.getAndSet(0), asked.getAndSet(0)))
                        .as("each of 5 steps heard of, seen, and asked before")
                        .containsOnly(5);
            }
            assertThat(runs).allSatisfy(run -> assertThat(run).isEqualTo(runs.getFirst()));
        });
    }

    @Test
    void mistakesAreNamedBeforeAnythingRuns() throws Exception {
        onReference(s -> {
            assertThatThrownBy(() -> s.run()).hasMessageContaining("no class");
            assertThatThrownBy(() -> s.run(0, 5))
                    .hasMessageContaining("there is no class 5; this model has the classes 0 to 4");
            assertThatThrownBy(() -> s.run(-1)).hasMessageContaining("there is no class -1");
            assertThatThrownBy(() -> s.policy(CachePolicy.parse("clusca:clusters=17")))
                    .hasMessageContaining("17 clusters are more than the 16 tokens");
            assertThatThrownBy(() -> s.guidance(Float.NaN)).hasMessageContaining("finite");
            assertThatThrownBy(() -> s.guidanceChannels(4)).hasMessageContaining("1 to 3 channels");
            assertThatThrownBy(() -> s.batch(0)).hasMessageContaining("at least 1 image");
            assertThatThrownBy(() -> s.run(new int[12_000_000]))
                    .hasMessageContaining("make them in several runs, each with the place of its first image");
            assertThatThrownBy(() -> s.noise(new float[7]).run(0)).hasMessageContaining("has 7 values");
            assertThatThrownBy(() -> s.run(0).picture(1)).hasMessageContaining("there is no image 1");
            assertThatThrownBy(() -> s.run(0).picture(-1)).hasMessageContaining("there is no image -1");
        });
    }

    @Test
    void mistakesAreNamedBeforeAModelIsLoaded() throws IOException {
        TinyDit.writeWithoutNullClass(folder);
        DitConfig config = DitConfig.fromJson(folder.resolve("config.json"));
        Sampler sampler = new Ddim(10, 0, false);
        CachePolicy full = new FullCompute();

        Sampling.check(config, sampler, full, 1, 1, 0, 4);
        assertThatThrownBy(() -> Sampling.check(config, sampler, full, 1, 1)).hasMessageContaining("no class");
        assertThatThrownBy(() -> Sampling.check(config, sampler, full, 1, 1, 5))
                .hasMessageContaining("there is no class 5; this model has the classes 0 to 4");
        assertThatThrownBy(() -> Sampling.check(config, sampler, full, 1, 0, 0))
                .hasMessageContaining("at least 1 image");
        assertThatThrownBy(() -> Sampling.check(config, sampler, full, 2, 1, 0))
                .hasMessageContaining("needs a null class");
        assertThatThrownBy(() -> Sampling.check(config, sampler, full, Float.NaN, 1, 0))
                .hasMessageContaining("finite");
        assertThatThrownBy(() -> Sampling.check(config, sampler, CachePolicy.parse("clusca:clusters=17"), 1, 1, 0))
                .hasMessageContaining("17 clusters are more than the 16 tokens");
    }

    @Test
    void stepsAndOperationsAreFlightRecorderEvents() throws Exception {
        onReference(s -> {
            List<RecordedEvent> events = new ArrayList<>();
            try (RecordingStream recording = new RecordingStream()) {
                recording.enable("dev.clusca.Step");
                recording.enable("dev.clusca.Operation");
                recording.setReuse(false);
                recording.onEvent(events::add);
                recording.startAsync();
                s.run(0);
                recording.stop();
            }
            assertThat(events)
                    .filteredOn(e -> e.getEventType().getName().equals("dev.clusca.Step"))
                    .hasSize(10);
            assertThat(events)
                    .filteredOn(e -> e.getEventType().getName().equals("dev.clusca.Operation"))
                    .extracting(e -> e.getString("operation"))
                    .contains("attention", "layerNormModulate", "ddimUpdate");
        });
    }

    private static double relativeError(float[] a, float[] b) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < a.length; i++) {
            difference += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
            norm += (double) b[i] * b[i];
        }
        return Math.sqrt(difference / norm);
    }
}
