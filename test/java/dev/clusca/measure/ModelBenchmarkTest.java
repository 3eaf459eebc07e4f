package dev.clusca.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import dev.clusca.backend.Backend;
import dev.clusca.backend.Backends;
import dev.clusca.backend.WorkArena;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.Fora;
import dev.clusca.cache.Schedule;
import dev.clusca.cache.StepKind;
import dev.clusca.cache.TaylorSeer;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.RandomDit;
import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.model.dit.DitModel;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.model.flux.TinyFlux;
import dev.clusca.pipeline.FluxPrompt;
import dev.clusca.pipeline.FluxSamples;
import dev.clusca.pipeline.FluxSampling;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Progress;
import dev.clusca.pipeline.RunMetrics;
import dev.clusca.pipeline.Samples;
import dev.clusca.sampler.FlowMatching;
import dev.clusca.tensor.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A real benchmark of a tiny model. */
class ModelBenchmarkTest {
    private static final DitConfig CONFIG =
            new DitConfig(12, 4, 3, 16, 2, 2, 2.0, 2, true, true, 1e-6, 0, 3, true, List.of());

    private Backend backend;
    private WorkArena work;
    private DitModel model;

    @BeforeEach
    void open() {
        backend = Backends.open("reference");
        work = new WorkArena(backend);
        model = new DitModel(new RandomDit(CONFIG, 1), backend, work.arena(), DType.F32);
    }

    @AfterEach
    void close() {
        work.close();
        backend.close();
    }

    @Test
    void goesOverFullComputationAndThePoliciesInRounds() {
        List<String> order = new ArrayList<>();
        List<int[]> classes = new ArrayList<>(); // of runs whose pictures are looked at
        List<String> warmUps = new ArrayList<>();
        Map<String, List<RunMetrics>> metrics = new HashMap<>();
        ModelResult result = benchmark(3, Comparing.by(samples -> {
                    classes.add(samples.classes());
                    return pictures(samples);
                }))
                .run((begun, run) -> {
                    if (begun.warmUp()) {
                        warmUps.add(begun.number() + " " + begun.method());
                        return run.apply((done, of, kind, ms) -> assertThat(of).isEqualTo(3));
                    }
                    order.add(begun.number() + "/" + begun.of() + " " + begun.method()
                            + (begun.interval().isPresent() ? begun.interval().getAsInt() : "") + "x" + begun.images());
                    assertThat(begun.secondsLeft().isPresent()).isEqualTo(begun.number() > 1);
                    ModelRuns.Made made =
                            run.apply((done, of, kind, ms) -> assertThat(of).isEqualTo(5));
                    metrics.computeIfAbsent(begun.method() + " x " + begun.images(), _ -> new ArrayList<>())
                            .add(made.metrics());
                    return made;
                });

        assertThat(order)
                .containsExactly(
                        "1/12 fullx1",
                        "2/12 fora4x1",
                        "3/12 clusca4x1",
                        "4/12 fullx1",
                        "5/12 fora4x1",
                        "6/12 clusca4x1",
                        "7/12 fullx3",
                        "8/12 fora4x3",
                        "9/12 clusca4x3",
                        "10/12 fullx3",
                        "11/12 fora4x3",
                        "12/12 clusca4x3");
        assertThat(warmUps).containsExactly("1 fora", "1 clusca", "7 fora", "7 clusca");
        assertThat(classes.getFirst()).containsExactly(0);
        assertThat(classes.getLast()).containsExactly(0, 1, 0);
        assertThat(result.backend()).isEqualTo("reference");
        assertThat(result.noQuality()).isNull();
        assertThat(result.batches()).extracting(ModelResult.Batch::rows).containsExactly(2, 6);
        for (ModelResult.Batch batch : result.batches()) {
            RunMetrics full = RunMetrics.undisturbed(metrics.get("full x " + batch.images()));
            assertThat(batch.full().msStep()).isEqualTo(full.fullStepMs().orElseThrow());
            assertThat(batch.full().msTotal()).isEqualTo(full.totalMs());
            for (ModelResult.Run run : batch.runs()) {
                RunMetrics cached = RunMetrics.undisturbed(metrics.get(run.method() + " x " + batch.images()));
                assertThat(run.msTotal()).isEqualTo(cached.totalMs());
                assertThat(run.msFullStep()).isEqualTo(cached.fullStepMs().orElseThrow());
                assertThat(run.msCachedStep()).isEqualTo(cached.cachedStepMs());
                assertThat(run.speedupFlops()).isEqualTo(full.publishedFlops() / cached.publishedFlops());
                assertThat(run.speedupExecuted()).isEqualTo(full.executedFlops() / cached.executedFlops());
            }
            assertThat(batch.full().msRuns())
                    .hasSize(2)
                    .allSatisfy(ms -> assertThat(ms).isGreaterThan(batch.full().msTotal() - 1e-6));
            ModelResult.Run fora = batch.runs().get(0);
            ModelResult.Run clusca = batch.runs().get(1);
            // Of 5 steps FORA computes the first and the last in full, ClusCa the first two.
            assertThat(fora.fullSteps()).isEqualTo(2);
            assertThat(clusca.fullSteps()).isEqualTo(2);
            assertThat(clusca.cachedSteps()).isEqualTo(3);
            assertThat(fora.speedupTime()).isCloseTo(batch.full().msTotal() / fora.msTotal(), within(1e-12));
            assertThat(fora.speedupFlops()).isBetween(2.0, 2.5);
            assertThat(clusca.speedupFlops()).isBetween(1.5, fora.speedupFlops());
            assertThat(clusca.msCachedStep().getAsDouble()).isPositive();
            assertThat(clusca.policy()).startsWith("clusca:interval=4,order=1,clusters=3,gamma=0.5");
            assertThat(fora.quality())
                    .isNotNull()
                    .satisfies(q -> assertThat(q.psnrDb()).isFinite().isGreaterThanOrEqualTo(q.minPsnrDb()));
            assertThat(clusca.quality()).isNotEqualTo(fora.quality());
        }
    }

    @Test
    void goesWithoutPictures() {
        ModelResult result = benchmark(3, Comparing.none("for a reason")).run(ModelBenchmark.Watch.NONE);

        assertThat(result.noQuality()).isEqualTo("for a reason");
        assertThat(result.batches().getFirst().runs())
                .allSatisfy(run -> assertThat(run.quality()).isNull());
    }

    /** A warm-up has a cached step, however many steps a policy begins with and wherever its full ones lie. */
    @Test
    void measuresChosenPolicies() {
        CachePolicy late = new TaylorSeer(Schedule.at(4), 1, 3, null);
        List<Long> cachedInWarmUp = new ArrayList<>();
        ModelResult result = new ModelBenchmark(
                        runs(1, Comparing.none("for a reason")),
                        ModelGrid.chosen(List.of(late, new TaylorSeer(2, 1), new Fora(Schedule.at(2, 3))), List.of(1)))
                .run((begun, run) -> {
                    assertThat(begun.interval()).isEmpty();
                    ModelRuns.Made made = run.apply(Progress.NONE);
                    if (begun.warmUp()) {
                        cachedInWarmUp.add(made.metrics().steps().stream()
                                .filter(step -> step.kind() == StepKind.CACHED)
                                .count());
                    }
                    return made;
                });

        assertThat(cachedInWarmUp).containsExactly(1L, 2L);
        ModelResult.Batch batch = result.batches().getFirst();
        assertThat(batch.runs())
                .extracting(ModelResult.Run::policy, ModelResult.Run::fullSteps, ModelResult.Run::cachedSteps)
                .containsExactly(
                        tuple("taylorseer:full=4,order=1,first=3", 4, 1),
                        tuple("taylorseer:interval=2,order=1,first=2", 3, 2),
                        tuple("fora:full=2/3", 3, 2));
        assertThat(batch.runs().stream().map(batch::mark)).containsExactly("1", "2", "3");
    }

    @Test
    void refusesFullStepsThatTheRunDoesNotHaveBeforeAnythingRuns() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ModelBenchmark(
                        runs(1, Comparing.none("")), ModelGrid.chosen(List.of(new Fora(Schedule.at(5))), List.of(1))))
                .withMessageContaining("step 5 is to be full, but the run has 5 steps");
    }

    /** The model has 9 tokens. */
    @Test
    void refusesClustersThatTheModelDoesNotHaveBeforeAnythingRuns() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> benchmark(10, Comparing.none("")))
                .withMessageContaining("10 clusters are more than the 9 tokens");
    }

    private ModelBenchmark benchmark(int clusters, Comparing<Samples> comparing) {
        return new ModelBenchmark(
                runs(2, comparing),
                ModelGrid.of(List.of("fora", "clusca"), List.of(4), List.of(1, 3), new ClusCa(5, 1, clusters, 0.5f)));
    }

    private DitRuns runs(int rounds, Comparing<Samples> comparing) {
        return new DitRuns(model, ModelSettings.ofDit("tiny", 5, 2, 11, rounds), comparing, () -> false);
    }

    /** There are 3 runs a round, 2 rounds a batch, and batches of 1 and 3 images. */
    @Test
    void keepsWhatIsWholeWhenItIsToldToStop() {
        assertThatThrownBy(() -> stoppedBefore(3))
                .isExactlyInstanceOf(CancellationException.class)
                .hasMessage("enough");
        for (int run : new int[] {4, 6}) {
            ModelResult one = stopped(run);
            assertThat(one.settings().rounds()).isEqualTo(1);
            assertThat(one.batches()).extracting(ModelResult.Batch::images).containsExactly(1);
            ModelResult.Batch batch = one.batches().getFirst();
            assertThat(batch.full().msRuns()).hasSize(1);
            assertThat(batch.runs()).hasSize(2).allSatisfy(policy -> {
                assertThat(policy.msTotal()).isPositive();
                assertThat(policy.quality()).isNotNull();
            });
        }
        for (int run : new int[] {7, 11}) {
            ModelResult first = stopped(run);
            assertThat(first.settings().rounds()).isEqualTo(2);
            assertThat(first.batches()).extracting(ModelResult.Batch::images).containsExactly(1);
            assertThat(first.batches().getFirst().full().msRuns()).hasSize(2);
        }
    }

    private ModelResult stopped(int run) {
        try {
            return stoppedBefore(run);
        } catch (ModelBenchmark.Stopped e) {
            return e.soFar();
        }
    }

    private ModelResult stoppedBefore(int number) {
        return benchmark(3, Comparing.by(ModelBenchmarkTest::pictures)).run((begun, run) -> {
            if (!begun.warmUp() && begun.number() == number) {
                throw new CancellationException("enough");
            }
            return run.apply(Progress.NONE);
        });
    }

    /** FLUX makes one image at once, of the schedule that is published for its size. */
    @Test
    void measuresFlux() {
        FluxConfig config = TinyFlux.config(3, true);
        FluxModel flux = new FluxModel(new RandomFlux(config, 4), backend, work.arena(), DType.F32);
        FluxPrompt prompt = FluxPrompt.random(config, 5, 1);
        List<FluxSamples> made = new ArrayList<>();
        FluxRuns runs = new FluxRuns(
                flux,
                prompt,
                2,
                4,
                ModelSettings.ofFlux("flux", 32, 64, 6, 2f, 11, 1),
                Comparing.by(samples -> {
                    made.add(samples);
                    byte[] rgb = new byte[16 * 16 * 3];
                    rgb[0] = (byte) made.size();
                    return List.of(Picture.of(16, 16, rgb));
                }),
                () -> false);
        ClusCa like = (ClusCa) CachePolicy.parse("clusca:interval=3,order=1,clusters=4,first=3,iterations=10");
        List<String> runsMade = new ArrayList<>();
        ModelResult result = new ModelBenchmark(
                        runs, ModelGrid.of(List.of("fora", "clusca"), List.of(3), List.of(1), like))
                .run((begun, run) -> {
                    ModelRuns.Made one = run.apply(Progress.NONE);
                    runsMade.add((begun.warmUp() ? "warm " : "") + begun.method() + " "
                            + one.metrics().steps().size());
                    return one;
                });

        assertThat(runsMade).containsExactly("warm fora 3", "warm clusca 4", "full 6", "fora 6", "clusca 6");
        ModelResult.Batch batch = result.batches().getFirst();
        assertThat(batch.rows()).isEqualTo(1);
        assertThat(batch.runs())
                .extracting(ModelResult.Run::method, ModelResult.Run::fullSteps, ModelResult.Run::cachedSteps)
                .containsExactly(tuple("fora", 3, 3), tuple("clusca", 4, 2));
        assertThat(batch.runs()).allSatisfy(run -> assertThat(run.quality()).isNotNull());
        FluxSampling sampling = new FluxSampling(flux)
                .flow(FlowMatching.published(config, 6, 8))
                .guidance(2)
                .seed(11);
        assertThat(made.get(0).tokens()).isEqualTo(sampling.run(prompt, 2, 4).tokens());
        assertThat(made.get(2).tokens())
                .isEqualTo(sampling.policy(new ClusCa(Schedule.every(3), 1, 4, 0.005f, 3, like.kMeans(), null))
                        .run(prompt, 2, 4)
                        .tokens());
        assertThat(new ModelTable(result).text())
                .startsWith("flux in f32 on reference: 32x64, 6 steps, guidance 2, seed 11\n")
                .contains("1 image at once (1 row): full computation took");

        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new ModelBenchmark(runs, ModelGrid.of(List.of("fora"), List.of(3), List.of(1, 2), like)))
                .withMessage("FLUX makes one image at once, and the batches to measure are [1, 2]; expected [1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ModelBenchmark(
                        runs, ModelGrid.of(List.of("clusca"), List.of(3), List.of(1), new ClusCa(5, 1, 9, 0.5f))))
                .withMessageContaining("9 clusters are more than the 8 tokens");
    }

    private static List<Picture> pictures(Samples samples) {
        return IntStream.range(0, samples.count()).mapToObj(samples::picture).toList();
    }
}
