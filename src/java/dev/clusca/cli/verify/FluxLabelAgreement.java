package dev.clusca.cli.verify;

import dev.clusca.backend.WorkArena;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.StepKind;
import dev.clusca.cases.Verdict;
import dev.clusca.checkpoint.FluxCheckpoint;
import dev.clusca.model.flux.FluxForward;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.sampler.FlowMatching;
import dev.clusca.tensor.DType;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Our own clustering along a golden ClusCa run of FLUX: at every full step the model runs on the golden samples, and the tokens of both streams are clustered as they leave the double blocks; see
 * {@link StreamLabels}. A text of fewer tokens than clusters is not clustered.
 */
final class FluxLabelAgreement {
    private final GoldenContext context;
    private final GoldenFile golden;
    private final String key;
    private final FluxModel model;
    private final ClusCa policy;
    private final FlowMatching flow;
    private final Arena arena;

    private FluxLabelAgreement(GoldenContext context, GoldenFile golden, String key, FluxModel model, Arena arena) {
        this.context = context;
        this.golden = golden;
        this.key = key;
        this.model = model;
        this.policy = (ClusCa) FluxTrajectorySet.policy(golden, GoldenRun.name(key));
        this.flow = FlowMatching.of(golden.doubles("schedule"));
        this.arena = arena;
    }

    static Verdict check(Path file, String key, Path forward, Path weights, GoldenContext context) {
        try (GoldenFile golden = GoldenFile.open(file);
                GoldenFile inputs = GoldenFile.open(forward);
                FluxCheckpoint checkpoint = FluxTrajectorySet.checkpoint(weights, inputs);
                WorkArena work = new WorkArena(context.backend())) {
            FluxModel model = new FluxModel(checkpoint, context.backend(), work.arena(), DType.F32);
            FluxLabelAgreement labels = new FluxLabelAgreement(context, golden, key, model, work.arena());
            int rows = golden.shape("in.noise").size(0);
            List<StreamLabels> streams = new ArrayList<>();
            for (int row = 0; row < rows; row++) {
                streams.addAll(labels.of(FluxInputs.of(inputs, model.config(), row), row, rows));
            }
            return StreamLabels.verdict(streams);
        }
    }

    /** Image and text of one batch row. */
    private List<StreamLabels> of(FluxInputs in, int row, int rows) {
        int textTokens = in.text().length / model.config().contextInDim();
        StreamLabels image = stream(FluxTrajectorySet.IMAGE, in.points().length, row, rows);
        StreamLabels text = stream(FluxTrajectorySet.TEXT, textTokens, row, rows);
        List<StepKind> kinds = policy.kinds(flow.steps());
        for (int step = 0; step < flow.steps(); step++) {
            if (kinds.get(step) == StepKind.FULL) {
                try (WorkArena once = new WorkArena(context.backend())) {
                    float[] x = samplesBefore(step, row, rows);
                    FluxForward pass = new FluxPass(context, model, in, x, flow.timesteps()[step], once.arena())
                            .throughDoubleBlocks();
                    image.cluster(pass.image().x(), step);
                    if (policy.clusters() <= textTokens) {
                        text.cluster(pass.text().x(), step);
                    }
                }
            }
        }
        return List.of(image, text);
    }

    private StreamLabels stream(String name, int tokens, int row, int rows) {
        GoldenStream choices = new GoldenStream(golden, GoldenRun.name(key), name, rows, row, 1);
        return new StreamLabels(context, choices, policy, tokens, model.config().hiddenSize(), arena);
    }

    /** What a step of a row starts from. */
    private float[] samplesBefore(int step, int row, int rows) {
        if (step == 0) {
            return FluxInputs.row(golden, "in.noise", row);
        }
        float[] all = golden.floats(key);
        int each = all.length / golden.shape(key).size(0) / rows;
        int from = ((step - 1) * rows + row) * each;
        return Arrays.copyOfRange(all, from, from + each);
    }
}
