package dev.clusca.cli.verify;

import dev.clusca.backend.Backend;
import dev.clusca.backend.WorkArena;
import dev.clusca.cache.Choices;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.StepOrder;
import dev.clusca.cases.Case;
import dev.clusca.cases.Comparison;
import dev.clusca.cases.Raw;
import dev.clusca.cases.Verdict;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.model.dit.DitModel;
import dev.clusca.pipeline.Picture;
import dev.clusca.pipeline.Quality;
import dev.clusca.pipeline.Sampling;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Golden sampling runs of one file. Labels and representatives are the golden ones, so that F32 follows every step; each step's samples keep the bound.
 *
 * <p>BF16 runs are not expected to follow a float32 run closely. Their error against it is at most twice that of the reference backend's BF16 run with the same choices, plus
 * one part in 256, BF16's precision; and their pictures are those of that run to 45 dB, or, where BF16 itself moves a picture further, to what two runs differ by that are each so
 * far off.
 */
final class TrajectorySet {
    private static final double EVERY_STEP = 1e-4;
    private static final double LAST_STEP = 1e-3;
    private static final double SAME_PICTURE_DB = 45;
    /** By how much nearer a picture is to the truth than to another as near: twice the squared error. */
    private static final double INDEPENDENT_DB = 3.01;

    private static final int RGB = 3;

    private final Path file;
    private final Function<GoldenFile, DitCheckpoint> weights;
    private final GoldenContext context;

    private TrajectorySet(Path file, Function<GoldenFile, DitCheckpoint> weights, GoldenContext context) {
        this.file = file;
        this.weights = weights;
        this.context = context;
    }

    static List<Case> cases(
            String name, Path file, Function<GoldenFile, DitCheckpoint> weights, GoldenContext context) {
        TrajectorySet set = new TrajectorySet(file, weights, context);
        List<Case> cases = new ArrayList<>();
        try (GoldenFile golden = GoldenFile.open(file)) {
            for (String key : GoldenRun.keys(golden)) {
                String run = GoldenRun.name(key);
                String shape = golden.describe(key);
                boolean everyStep = key.endsWith(GoldenRun.SAMPLES);
                cases.add(new GoldenCase(name + "/" + run, "f32", shape, () -> set.follow(key)));
                if (everyStep || context.large()) {
                    cases.add(new GoldenCase(name + "/" + run + "/bf16", "bf16", shape, () -> set.bf16(key)));
                }
                if (GoldenRun.isClusCa(run)) {
                    cases.add(new GoldenCase(
                            name + "/" + run + "/labels",
                            "f32",
                            shape,
                            () -> LabelAgreement.check(file, key, weights, context)));
                }
            }
        }
        return cases;
    }

    private Verdict follow(String key) {
        try (GoldenFile golden = GoldenFile.open(file)) {
            GoldenRun run = GoldenRun.read(golden, key);
            Trajectory expected = expected(golden, run);
            Trajectory actual = sample(golden, run, context.backend(), DType.F32);
            int steps = expected.steps();
            return actual.follow(
                    expected, run.everyStep() ? EVERY_STEP : LAST_STEP, i -> steps - 1 - i, run.checkSchedule(golden));
        }
    }

    private Verdict bf16(String key) {
        try (GoldenFile golden = GoldenFile.open(file)) {
            GoldenRun run = GoldenRun.read(golden, key);
            Trajectory truth = expected(golden, run);
            Raw expected = truth.joined();
            Raw actual = sample(golden, run, context.backend(), DType.BF16)
                    .tail(truth)
                    .joined();
            Raw base = context.backend() == context.reference()
                    ? actual
                    : sample(golden, run, context.reference(), DType.BF16)
                            .tail(truth)
                            .joined();
            Trajectory.Rounded rounded = Trajectory.Rounded.of(key, expected, actual, base);
            Comparison.Result c = rounded.result();
            String note = rounded.note();
            List<String> findings = new ArrayList<>(c.findings());
            if (base != actual && !run.everyStep() && golden.shape(key).size(1) == RGB && findings.isEmpty()) {
                List<Picture> references = pictures(base, golden.shape(key));
                double[] near = psnr(pictures(actual, golden.shape(key)), references);
                double[] simple = psnr(references, pictures(expected, golden.shape(key)));
                note += String.format(
                        Locale.ROOT,
                        ", its pictures within %s dB, where BF16 moves them by %s",
                        text(near),
                        text(simple));
                for (int image = 0; image < near.length; image++) {
                    double least = Math.min(SAME_PICTURE_DB, simple[image] - INDEPENDENT_DB);
                    if (near[image] < least) {
                        findings.add(String.format(
                                Locale.ROOT,
                                "picture %d is %.1f dB near the reference's in bf16, expected at least %.1f",
                                image,
                                near[image],
                                least));
                    }
                }
            }
            return Verdict.of(c.error(), c.bound(), note, findings);
        }
    }

    private static double[] psnr(List<Picture> pictures, List<Picture> references) {
        return IntStream.range(0, pictures.size())
                .mapToDouble(i -> Quality.psnr(pictures.get(i), references.get(i)))
                .toArray();
    }

    private static String text(double[] decibels) {
        return Arrays.stream(decibels)
                .mapToObj(db -> String.format(Locale.ROOT, "%.1f", db))
                .collect(Collectors.joining(", "));
    }

    /** Samples [.., 3, height, width], one after the other. */
    private static List<Picture> pictures(Raw samples, Shape shape) {
        int height = shape.size(2);
        int width = shape.size(3);
        int each = RGB * height * width;
        float[] values = floats(samples);
        return IntStream.range(0, values.length / each)
                .mapToObj(image -> Picture.ofModelOutput(values, image * each, width, height))
                .toList();
    }

    private static float[] floats(Raw values) {
        float[] floats = new float[values.length()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values.at(i);
        }
        return floats;
    }

    /** The golden samples of the conditional rows, step after step in running order; only the last where the file has no more. */
    private Trajectory expected(GoldenFile golden, GoldenRun run) {
        int images;
        try (DitCheckpoint checkpoint = weights.apply(golden)) {
            images = GoldenBatch.of(golden, run, checkpoint.config()).images();
        }
        float[] all = golden.floats(run.key());
        Shape shape = golden.shape(run.key());
        int steps = run.everyStep() ? shape.size(0) : 1;
        if (run.everyStep() && steps != run.sampler().steps()) {
            throw new GoldenException(golden.source() + ": '" + run.key() + "' has the samples of " + steps
                    + " steps, the metadata says " + run.sampler().steps());
        }
        int rows = shape.size(run.everyStep() ? 1 : 0);
        if (rows < images) {
            throw new GoldenException(
                    golden.source() + ": '" + run.key() + "' has " + rows + " rows for " + images + " images");
        }
        int perStep = all.length / steps;
        float[][] parts = new float[steps][];
        for (int i = 0; i < steps; i++) {
            parts[i] = Arrays.copyOfRange(all, i * perStep, i * perStep + perStep / rows * images);
        }
        return new Trajectory(parts);
    }

    /** Samples of every step, in running order. */
    private Trajectory sample(GoldenFile golden, GoldenRun run, Backend backend, DType dtype) {
        try (DitCheckpoint checkpoint = weights.apply(golden);
                WorkArena work = new WorkArena(backend)) {
            Arena arena = work.arena();
            DitModel model = new DitModel(checkpoint, backend, arena, dtype);
            GoldenBatch batch = GoldenBatch.of(golden, run, model.config());
            int images = batch.images();
            int[] classes = Arrays.copyOf(golden.ints("in.y"), images);
            int steps = run.sampler().steps();
            if (backend.name().equals(context.reference().name()) && isSlow(model.config(), steps, images)) {
                context.notes()
                        .accept(run.name() + ": " + steps + " steps on the " + backend.name()
                                + " backend, this takes a minute or more");
            }
            Choices choices = Choices.DRAWN;
            StepOrder order = StepOrder.PREFIX_PASS;
            if (run.policy() instanceof ClusCa) {
                int rows = run.guidance() == 1 ? images : 2 * images;
                InjectedChoices given = new InjectedChoices(
                        new GoldenStream(golden, run.name(), "", batch.rows(), 0, rows),
                        model.config().depth());
                choices = given;
                order = given.needPublishedOrder(run.policy().kinds(steps), i -> steps - 1 - i)
                        ? StepOrder.LAYER_BY_LAYER
                        : order;
            }
            float[][] samples = new float[steps][];
            new Sampling(model)
                    .sampler(run.sampler())
                    .policy(run.policy())
                    .guidance(run.guidance())
                    .guidanceChannels(model.config().cfgChannels())
                    .batch(images)
                    .noise(golden.floats("in.noise", images))
                    .choices(choices)
                    .order(order)
                    .cancelled(context.cancelled())
                    .preview((first, step, values) -> samples[steps - 1 - step] = values)
                    .run(classes);
            return new Trajectory(samples);
        }
    }

    /** More than about 100 GFLOP: layers times tokens times width squared, 24 a token. */
    private static boolean isSlow(DitConfig c, int steps, int images) {
        return 24.0 * c.depth() * c.tokens() * c.hiddenSize() * c.hiddenSize() * 2 * images * steps > 1e11;
    }
}
