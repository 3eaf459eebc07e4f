package dev.clusca.measure;

import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.Fora;
import dev.clusca.cache.FullCompute;
import dev.clusca.cache.Schedule;
import dev.clusca.cache.StepKind;
import dev.clusca.cache.TaylorSeer;
import dev.clusca.pipeline.Machine;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Progress;
import dev.clusca.pipeline.Quality;
import dev.clusca.pipeline.RunMetrics;
import dev.clusca.pipeline.Version;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Measures what cache policies save of a model's time and cost of its pictures: for each batch a warm-up, and then rounds of full computation and every policy. Rounds go over all of
 * them in turns, so that a disturbance meets one run of many, and of each step the least time counts.
 */
public final class ModelBenchmark {
    /** Enough for a full and a cached step of each policy: code is compiled and primitives are built before the clock runs. */
    private static final int WARM_UP_STEPS = 3;

    private final ModelRuns model;
    private final ModelGrid grid;
    private final ModelSettings settings;
    private final List<ModelGrid.Entry> entries;

    /**
     * A run that is about to begin.
     *
     * @param warmUp whether it is only a few steps before the clock runs; then its number is that of the first run behind it
     * @param number of the run, from 1 on
     * @param of how many runs there are
     * @param images at once
     * @param method the policy's name
     * @param interval of the policy, where it tells it from others of its method
     * @param secondsLeft about how long this and all later runs take; empty before the first
     */
    public record Begun(
            boolean warmUp,
            int number,
            int of,
            int images,
            String method,
            OptionalInt interval,
            OptionalDouble secondsLeft) {}

    /** Watches runs, warm-ups too: makes each, and may hear of its steps. */
    @FunctionalInterface
    public interface Watch {
        /** Watches nothing. */
        Watch NONE = (begun, run) -> run.apply(Progress.NONE);

        /** Makes a run by calling {@code run} once, and returns what that gives. */
        ModelRuns.Made make(Begun begun, Function<Progress, ModelRuns.Made> run);
    }

    /**
     * Prepares a benchmark; computes nothing yet.
     *
     * @throws IllegalArgumentException if the model cannot run so, {@link ModelRuns#check}
     */
    public ModelBenchmark(ModelRuns model, ModelGrid grid) {
        model.check(grid);
        this.model = model;
        this.grid = grid;
        this.settings = model.settings();
        this.entries = grid.entries();
    }

    /** The benchmark was told to stop when a part of it was whole. */
    public static final class Stopped extends CancellationException {
        private static final long serialVersionUID = 1L;

        private final transient ModelResult soFar;

        private Stopped(ModelResult soFar, CancellationException cause) {
            super(cause.getMessage());
            this.soFar = soFar;
            initCause(cause);
        }

        /** What was measured until then: the batches that had all their rounds; or if none had, the first with the rounds that it had, which its settings count. */
        public ModelResult soFar() {
            return soFar;
        }
    }

    /**
     * Makes all runs, one after another.
     *
     * @throws Stopped if it was told to stop after the first round
     * @throws CancellationException if it was told before
     */
    public ModelResult run(Watch watch) {
        Runs runs = new Runs(watch);
        List<Rounds> batches = new ArrayList<>();
        try {
            for (int images : grid.batches()) {
                Rounds batch = new Rounds(images);
                batches.add(batch);
                batch.make(runs);
            }
        } catch (CancellationException e) {
            throw stopped(batches, e);
        }
        return result(batches, settings.rounds());
    }

    private CancellationException stopped(List<Rounds> batches, CancellationException e) {
        List<Rounds> whole = batches.stream()
                .filter(batch -> batch.made == settings.rounds())
                .toList();
        if (!whole.isEmpty()) {
            return new Stopped(result(whole, settings.rounds()), e);
        }
        int rounds = batches.getFirst().made;
        return rounds == 0 ? e : new Stopped(result(batches, rounds), e);
    }

    private ModelResult result(List<Rounds> batches, int rounds) {
        return new ModelResult(
                Version.current(),
                model.backend().name(),
                model.backend().description(),
                Machine.current(),
                settings.withRounds(rounds),
                model.dtype().label(),
                model.noPictures(),
                batches.stream().map(batch -> batch.result(rounds)).toList());
    }

    /** The runs of a batch: of full computation and of each policy, a round after the other. */
    private final class Rounds {
        private final int images;
        private final List<RunMetrics> full = new ArrayList<>();
        private final List<List<RunMetrics>> cached = entries.stream()
                .<List<RunMetrics>>map(entry -> new ArrayList<>())
                .toList();
        private final List<Quality.@Nullable Batch> qualities = new ArrayList<>();
        /** Whole rounds. */
        private int made;

        Rounds(int images) {
            this.images = images;
        }

        void make(Runs runs) {
            runs.warmUp(images);
            for (; made < settings.rounds(); made++) {
                ModelRuns.Made reference = runs.next(images);
                full.add(reference.metrics());
                // Pictures are the same in every round.
                List<Picture> references = made == 0 ? reference.pictures().get() : List.of();
                for (List<RunMetrics> ofPolicy : cached) {
                    ModelRuns.Made run = runs.next(images);
                    ofPolicy.add(run.metrics());
                    if (made == 0) {
                        qualities.add(
                                references.isEmpty()
                                        ? null
                                        : Quality.ofBatch(run.pictures().get(), references));
                    }
                }
            }
        }

        /** Of the first rounds, which must be whole. */
        ModelResult.Batch result(int rounds) {
            RunMetrics reference = RunMetrics.undisturbed(full.subList(0, rounds));
            return new ModelResult.Batch(
                    images,
                    model.rows(images),
                    new ModelResult.Full(
                            reference.fullStepMs().orElseThrow(),
                            reference.totalMs(),
                            full.subList(0, rounds).stream()
                                    .map(RunMetrics::totalMs)
                                    .toList()),
                    IntStream.range(0, entries.size())
                            .mapToObj(i -> row(
                                    entries.get(i),
                                    RunMetrics.undisturbed(cached.get(i).subList(0, rounds)),
                                    reference,
                                    qualities.get(i)))
                            .toList());
        }
    }

    private static ModelResult.Run row(
            ModelGrid.Entry entry, RunMetrics own, RunMetrics reference, Quality.@Nullable Batch quality) {
        int fullSteps = (int)
                own.steps().stream().filter(s -> s.kind() == StepKind.FULL).count();
        return new ModelResult.Run(
                entry.policy().name(),
                entry.policy().spec(),
                entry.interval(),
                fullSteps,
                own.steps().size() - fullSteps,
                own.fullStepMs().orElseThrow(),
                own.cachedStepMs(),
                own.totalMs(),
                reference.totalMs() / own.totalMs(),
                reference.publishedFlops() / own.publishedFlops(),
                reference.executedFlops() / own.executedFlops(),
                quality);
    }

    /** The policy with no other full steps than the first ones, so that few steps have a cached one among them. */
    private static CachePolicy cachedEarly(CachePolicy policy) {
        Schedule first = Schedule.at(0);
        return switch (policy) {
            case FullCompute full -> full;
            case Fora p -> new Fora(first, p.ladder());
            case TaylorSeer p -> new TaylorSeer(first, p.order(), p.firstEnhance(), p.ladder());
            case ClusCa p ->
                new ClusCa(first, p.order(), p.clusters(), p.gamma(), p.firstEnhance(), p.kMeans(), p.ladder());
        };
    }

    /** All runs in their order, each with what is left of the time. */
    private final class Runs {
        private final Watch watch;
        private final List<ModelGrid.Entry> order = new ArrayList<>();
        private final TimeLeft timeLeft;
        private int next;

        Runs(Watch watch) {
            this.watch = watch;
            List<TimeLeft.Work> work = new ArrayList<>();
            for (int images : grid.batches()) {
                List<ModelGrid.Entry> round = new ArrayList<>(entries);
                round.addFirst(ModelGrid.Entry.FULL);
                for (ModelGrid.Entry entry : Collections.nCopies(settings.rounds(), round).stream()
                        .flatMap(List::stream)
                        .toList()) {
                    order.add(entry);
                    work.add(new TimeLeft.Work(
                            entry.policy().name(),
                            model.flops(entry.policy(), images).executed()));
                }
            }
            timeLeft = new TimeLeft(work);
        }

        /** Runs each method for a few steps, because FORA's cached steps are others than ClusCa's. */
        void warmUp(int images) {
            Set<String> warm = new HashSet<>();
            for (ModelGrid.Entry entry : entries) {
                CachePolicy policy = entry.policy();
                if (warm.add(policy.name())) {
                    int steps = Math.max(WARM_UP_STEPS, policy.firstEnhance() + 1);
                    watch.make(
                            begun(true, entry, images),
                            progress -> model.run(cachedEarly(policy), steps, images, progress));
                }
            }
        }

        private Begun begun(boolean warmUp, ModelGrid.Entry entry, int images) {
            return new Begun(
                    warmUp,
                    next + 1,
                    order.size(),
                    images,
                    entry.policy().name(),
                    entry.interval(),
                    timeLeft.secondsFrom(next));
        }

        /** Makes the next run. */
        ModelRuns.Made next(int images) {
            ModelGrid.Entry entry = order.get(next);
            long began = System.nanoTime();
            ModelRuns.Made made = watch.make(
                    begun(false, entry, images),
                    progress -> model.run(entry.policy(), settings.steps(), images, progress));
            timeLeft.took(next, (System.nanoTime() - began) * 1e-9);
            next++;
            return made;
        }
    }
}
