package dev.clusca.cli.verify;

import dev.clusca.backend.WorkArena;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.StepKind;
import dev.clusca.cases.Verdict;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.model.dit.DitModel;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Our own clustering along a golden ClusCa run of a DiT: at every full step the model runs on the golden samples, and its tokens are clustered; see {@link StreamLabels}. */
final class LabelAgreement {
    private LabelAgreement() {}

    static Verdict check(Path file, String key, Function<GoldenFile, DitCheckpoint> weights, GoldenContext context) {
        try (GoldenFile golden = GoldenFile.open(file);
                DitCheckpoint checkpoint = weights.apply(golden);
                WorkArena work = new WorkArena(context.backend())) {
            GoldenRun run = GoldenRun.read(golden, key);
            ClusCa policy = (ClusCa) run.policy();
            DitModel model = new DitModel(checkpoint, context.backend(), work.arena(), DType.F32);
            GoldenBatch batch = GoldenBatch.of(golden, run, model.config());
            int[] classes = golden.ints("in.y");
            StreamLabels labels = new StreamLabels(
                    context,
                    new GoldenStream(golden, run.name(), "", batch.rows(), 0, batch.rows()),
                    policy,
                    model.config().tokens(),
                    model.config().hiddenSize(),
                    work.arena());
            List<StepKind> kinds = policy.kinds(run.sampler().steps());
            int known = run.everyStep() ? kinds.size() : 1; // without samples, only what the first step sees is known
            for (int i = 0; i < known; i++) {
                if (kinds.get(i) == StepKind.FULL) {
                    try (WorkArena once = new WorkArena(context.backend())) {
                        FullPass pass = new FullPass(
                                context,
                                model,
                                run.sampler().timesteps()[i],
                                classes,
                                samplesBefore(golden, run, i, batch.images()),
                                batch.images(),
                                once.arena());
                        labels.cluster(pass.throughBlocks(), kinds.size() - 1 - i);
                    }
                }
            }
            return StreamLabels.verdict(List.of(labels));
        }
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
