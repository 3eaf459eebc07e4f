package dev.clusca.cli.verify;

import dev.clusca.backend.Backend;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.WorkArena;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.Choices;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.StepKind;
import dev.clusca.cache.StepOrder;
import dev.clusca.cases.Case;
import dev.clusca.cases.Comparison;
import dev.clusca.cases.Raw;
import dev.clusca.cases.Verdict;
import dev.clusca.checkpoint.FluxCheckpoint;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.pipeline.FluxPrompt;
import dev.clusca.pipeline.FluxSampling;
import dev.clusca.sampler.FlowMatching;
import dev.clusca.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Golden sampling runs of FLUX, Euler steps over {@code schedule}, with text, vector, guidance and positions of the forward pass beside them. Labels and representatives are the golden ones; steps count up. Each run is
 * followed in the fast order, ClusCa's in the published one too, and in BF16 by the rule of {@link TrajectorySet}. The rows of a batch are run one by one.
 */
final class FluxTrajectorySet {
    private static final double EVERY_STEP = 1e-4;
    static final String IMAGE = ".img_mlp";
    static final String TEXT = ".txt_mlp";

    private final Path file;
    private final Path forward;
    private final Path weights;
    private final GoldenContext context;

    private FluxTrajectorySet(Path file, Path forward, Path weights, GoldenContext context) {
        this.file = file;
        this.forward = forward;
        this.weights = weights;
        this.context = context;
    }

    static List<Case> cases(String name, Path file, Path forward, Path weights, GoldenContext context) {
        FluxTrajectorySet set = new FluxTrajectorySet(file, forward, weights, context);
        List<Case> cases = new ArrayList<>();
        try (GoldenFile golden = GoldenFile.open(file)) {
            for (String key : GoldenRun.keys(golden)) {
                String run = GoldenRun.name(key);
                String shape = golden.describe(key);
                cases.add(new GoldenCase(name + "/" + run, "f32", shape, () -> set.follow(key, StepOrder.PREFIX_PASS)));
                if (GoldenRun.isClusCa(run)) {
                    cases.add(new GoldenCase(
                            name + "/" + run + "/published-order",
                            "f32",
                            shape,
                            () -> set.follow(key, StepOrder.LAYER_BY_LAYER)));
                    cases.add(new GoldenCase(
                            name + "/" + run + "/labels",
                            "f32",
                            shape,
                            () -> FluxLabelAgreement.check(file, key, forward, weights, context)));
                }
                cases.add(new GoldenCase(name + "/" + run + "/bf16", "bf16", shape, () -> set.bf16(key)));
            }
        }
        return cases;
    }

    private Verdict follow(String key, StepOrder order) {
        try (GoldenFile golden = GoldenFile.open(file)) {
            String run = GoldenRun.name(key);
            Trajectory expected = expected(golden, key);
            Trajectory actual = sample(golden, run, order, context.backend(), DType.F32);
            List<StepKind> kinds = policy(golden, run).kinds(expected.steps());
            return actual.follow(
                    expected,
                    EVERY_STEP,
                    IntUnaryOperator.identity(),
                    GoldenRun.checkSchedule(golden, run, kinds, IntUnaryOperator.identity()));
        }
    }

    private Verdict bf16(String key) {
        try (GoldenFile golden = GoldenFile.open(file)) {
            String run = GoldenRun.name(key);
            Raw expected = expected(golden, key).joined();
            Raw actual = sample(golden, run, StepOrder.PREFIX_PASS, context.backend(), DType.BF16)
                    .joined();
            Raw base = context.backend() == context.reference()
                    ? actual
                    : sample(golden, run, StepOrder.PREFIX_PASS, context.reference(), DType.BF16)
                            .joined();
            Trajectory.Rounded rounded = Trajectory.Rounded.of(key, expected, actual, base);
            Comparison.Result c = rounded.result();
            return Verdict.of(c.error(), c.bound(), rounded.note(), c.findings());
        }
    }

    static CachePolicy policy(GoldenFile golden, String run) {
        return GoldenRun.policy(golden, run, KMeansOptions.PUBLISHED_FLUX);
    }

    /** The model of a folder, as the file of its inputs describes it. */
    static FluxCheckpoint checkpoint(Path weights, GoldenFile inputs) {
        return FluxCheckpoint.openAs(weights, FluxConfig.fromMetadata(inputs.settings(), inputs.source()));
    }

    private Trajectory expected(GoldenFile golden, String key) {
        float[] all = golden.floats(key);
        int steps = golden.shape(key).size(0);
        int scheduled = golden.doubles("schedule").length - 1;
        if (steps != scheduled) {
            throw new GoldenException(golden.source() + ": '" + key + "' has the samples of " + steps
                    + " steps, the schedule has " + scheduled);
        }
        int each = all.length / steps;
        float[][] parts = new float[steps][];
        for (int i = 0; i < steps; i++) {
            parts[i] = Arrays.copyOfRange(all, i * each, (i + 1) * each);
        }
        return new Trajectory(parts);
    }

    private Trajectory sample(GoldenFile golden, String run, StepOrder order, Backend backend, DType dtype) {
        CachePolicy policy = policy(golden, run);
        FlowMatching flow = FlowMatching.of(golden.doubles("schedule"));
        int rows = golden.shape("in.noise").size(0);
        float[][] samples = new float[flow.steps()][];
        try (GoldenFile inputs = GoldenFile.open(forward);
                FluxCheckpoint checkpoint = checkpoint(weights, inputs);
                WorkArena work = new WorkArena(backend)) {
            FluxModel model = new FluxModel(checkpoint, backend, work.arena(), dtype);
            for (int row = 0; row < rows; row++) {
                FluxInputs in = FluxInputs.of(inputs, model.config(), row);
                int[] extents = in.extents(inputs.source());
                int at = row;
                FluxSampling sampling = new FluxSampling(model)
                        .flow(flow)
                        .policy(policy)
                        .guidance(in.guidance())
                        .noise(FluxInputs.row(golden, "in.noise", row))
                        .cancelled(context.cancelled())
                        .preview((_, step, values) -> {
                            if (samples[step] == null) {
                                samples[step] = new float[values.length * rows];
                            }
                            System.arraycopy(values, 0, samples[step], at * values.length, values.length);
                        });
                choose(golden, run, policy, model, rows, row, sampling, order)
                        .run(new FluxPrompt(in.text(), in.vector()), extents[0], extents[1]);
            }
        }
        return new Trajectory(samples);
    }

    /** With a ClusCa run's choices, in the order asked for or, if only the published one takes them, in that. */
    private static FluxSampling choose(
            GoldenFile golden,
            String run,
            CachePolicy policy,
            FluxModel model,
            int rows,
            int row,
            FluxSampling sampling,
            StepOrder order) {
        if (!(policy instanceof ClusCa)) {
            return sampling.order(order);
        }
        int layers = model.config().depth();
        InjectedChoices image = new InjectedChoices(new GoldenStream(golden, run, IMAGE, rows, row, 1), layers);
        Choices text = new InjectedChoices(new GoldenStream(golden, run, TEXT, rows, row, 1), layers);
        int steps = golden.doubles("schedule").length - 1;
        boolean published = image.needPublishedOrder(policy.kinds(steps), IntUnaryOperator.identity());
        return sampling.choices(image, text).order(published ? StepOrder.LAYER_BY_LAYER : order);
    }
}
