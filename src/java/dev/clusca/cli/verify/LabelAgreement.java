package dev.clusca.cli.verify;

import dev.clusca.backend.Ops;
import dev.clusca.backend.WorkArena;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.StepKind;
import dev.clusca.cases.Raw;
import dev.clusca.cases.Verdict;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.model.dit.DitModel;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Our own clustering along a golden ClusCa run: at every full step the model runs on the golden samples, its tokens are clustered from the golden centroids of the full step
 * before (at the first, from the golden first tokens), and the labels are compared. They are equal except for tokens that lie as near to the other centroid, to 1e-4; and where
 * a token on the way was as near to two, to float32's rounding, all labels are right that belong to their centroids.
 */
final class LabelAgreement {
    private LabelAgreement() {}

    static Verdict check(Path file, String key, Function<GoldenFile, DitCheckpoint> weights, GoldenContext context) {
        try (GoldenFile golden = GoldenFile.open(file);
                DitCheckpoint checkpoint = weights.apply(golden);
                WorkArena work = new WorkArena(context.backend())) {
            Arena arena = work.arena();
            GoldenRun run = GoldenRun.read(golden, key);
            ClusCa policy = (ClusCa) run.policy();
            DitModel model = new DitModel(checkpoint, context.backend(), arena, DType.F32);
            GoldenBatch batch = GoldenBatch.of(golden, run, model.config());
            int images = batch.images();
            int rows = batch.rows();
            int[] classes = golden.ints("in.y");
            List<StepKind> kinds = policy.schedule(run.sampler().steps());
            Shape x = Shape.of(rows, model.config().tokens(), model.config().hiddenSize());
            Shape centroidShape = Shape.of(rows, policy.clusters(), x.dim(2));
            Tensor centroids = context.backend().allocate(arena, DType.F32, centroidShape);
            Tensor labels = context.backend().allocate(arena, DType.I32, Shape.of(rows, x.dim(1)));
            Tensor iterations = context.backend().allocate(arena, DType.I32, Shape.of(rows));
            Ops ops = context.backend().ops();
            List<String> findings = new ArrayList<>();
            int wrong = 0;
            int different = 0;
            int all = 0;
            int before = -1;
            int known = run.everyStep() ? kinds.size() : 1; // without samples, only what the first step sees is known
            for (int i = 0; i < known; i++) {
                if (kinds.get(i) != StepKind.FULL) {
                    continue;
                }
                int step = kinds.size() - 1 - i;
                try (WorkArena passWork = new WorkArena(context.backend())) {
                    Arena passArena = passWork.arena();
                    FullPass pass = new FullPass(
                            context,
                            model,
                            run.sampler().timesteps()[i],
                            classes,
                            samplesBefore(golden, run, i, images),
                            images,
                            passArena);
                    Tensor tokens = pass.throughBlocks();
                    if (before < 0) {
                        ops.gatherRows(
                                tokens,
                                context.upload(
                                        passArena,
                                        golden.ints(run.name() + ".kmeans_init"),
                                        Shape.of(rows, policy.clusters())),
                                centroids);
                    } else {
                        context.backend()
                                .write(
                                        centroids,
                                        Raw.of(DType.F32, golden.floats(centroidsKey(run, before)))
                                                .memory());
                    }
                    Assignments start =
                            new Assignments(context.floats(tokens), context.floats(centroids), centroidShape);
                    ops.kMeans(tokens, policy.kMeans(), centroids, labels, iterations);
                    int[] ours = context.ints(labels);
                    int[] theirs = golden.ints(InjectedChoices.labelsKey(run.name(), step));
                    Assignments found = start.at(context.floats(centroids));
                    int[] differing = IntStream.range(0, theirs.length)
                            .filter(n -> ours[n] != theirs[n])
                            .toArray();
                    int[] apart = Arrays.stream(differing)
                            .filter(n -> !found.isTie(n, ours[n], theirs[n]))
                            .toArray();
                    String end = centroidsKey(run, step);
                    if (apart.length > 0
                            && !(golden.has(end)
                                    && start.bothRight(
                                            policy.kMeans(), found.centroids(), ours, golden.floats(end), theirs))) {
                        int n = apart[0];
                        findings.add("labels of step " + step + ": row " + n / x.dim(1) + " token " + n % x.dim(1)
                                + " has " + ours[n] + " for " + theirs[n]);
                        wrong += apart.length;
                    }
                    different += differing.length;
                    all += theirs.length;
                }
                before = step;
            }
            if (wrong > 0) {
                findings.add(wrong + " of " + all + " labels differ");
            }
            return Verdict.of(
                    wrong,
                    0,
                    (all - different) + " of " + all + " labels equal, " + (different - wrong) + " ties",
                    findings);
        }
    }

    private static String centroidsKey(GoldenRun run, int step) {
        return run.name() + ".centroids.step" + step;
    }

    /** What the step at place {@code i} of the run starts from. */
    private static float[] samplesBefore(GoldenFile golden, GoldenRun run, int i, int images) {
        if (i == 0) {
            return golden.floats("in.noise", images);
        }
        float[] all = golden.floats(run.key());
        Shape shape = golden.shape(run.key());
        int perStep = all.length / shape.size(0);
        int from = (i - 1) * perStep;
        return Arrays.copyOfRange(all, from, from + perStep / shape.size(1) * images);
    }
}
