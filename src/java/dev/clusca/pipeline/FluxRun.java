package dev.clusca.pipeline;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendException;
import dev.clusca.backend.Draws;
import dev.clusca.backend.Ops;
import dev.clusca.backend.StepTable;
import dev.clusca.backend.WorkArena;
import dev.clusca.cache.Choices;
import dev.clusca.cache.Flops;
import dev.clusca.cache.StepKind;
import dev.clusca.cache.StepPlan;
import dev.clusca.cache.StepRows;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.model.flux.FluxForward;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.model.flux.FluxModulations;
import dev.clusca.random.Normals;
import dev.clusca.random.Purpose;
import dev.clusca.sampler.FlowMatching;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** One image of FLUX. */
final class FluxRun implements Batch {
    private final WorkArena work;
    private final FluxSampling settings;
    private final FlowMatching flow;
    private final Backend backend;
    private final Ops ops;
    private final StepTable steps;
    private final StepPlan plan;
    private final Flops flops;
    private final Tensor x;
    private final Tensor output;
    private final float[] values;
    private final StepQueue queue;

    FluxRun(FluxSampling settings, FlowMatching flow, FluxPrompt prompt, int textTokens, int rows, int columns) {
        this.settings = settings;
        this.flow = flow;
        FluxModel model = settings.model;
        FluxConfig config = model.config();
        backend = model.backend();
        ops = backend.ops();
        List<StepKind> kinds = settings.policy.kinds(flow.steps());
        boolean drawn = settings.choices == Choices.DRAWN && settings.textChoices == Choices.DRAWN;
        values = new float[rows * columns * config.inChannels()];
        queue = new StepQueue(backend, kinds, drawn, this::index);
        work = new WorkArena(backend);
        Arena arena = work.arena();
        boolean opened = false;
        try {
            x = backend.upload(arena, initialNoise(), Shape.of(1, (long) rows * columns, config.inChannels()));
            output = backend.allocate(arena, DType.F32, Shape.of(1, (long) rows * columns, config.outChannels()));
            float[][] table = StepRows.of(settings.policy, kinds);
            for (int step = 0; step < table.length; step++) {
                flow.fill(table[step], step);
            }
            steps = StepTable.of(backend, arena, table);
            FluxModulations modulations =
                    new FluxModulations(model, flow.timesteps(), prompt.vector(), settings.guidance, steps, arena);
            FluxForward pass = new FluxForward(model, modulations, textTokens, grid(rows, columns), arena);
            pass.giveText(prompt.tokens());
            Tensor drawRows = backend.upload(arena, new int[] {0}, Shape.of(1));
            plan = settings.order.plan(
                    pass,
                    settings.policy,
                    kinds,
                    new Draws(settings.seed, drawRows, 0, steps),
                    settings.choices,
                    settings.textChoices,
                    arena);
            flops = Flops.of(config, settings.policy, flow.steps(), textTokens, rows * columns);
            opened = true;
        } finally {
            if (!opened) {
                close();
            }
        }
    }

    /** Where an image's tokens lie: an index that is 0 in all, row, column. */
    private static int[][] grid(int rows, int columns) {
        int[][] points = new int[rows * columns][];
        for (int i = 0; i < points.length; i++) {
            points[i] = new int[] {0, i / columns, i % columns};
        }
        return points;
    }

    private float[] initialNoise() {
        float[] given = settings.noise;
        if (given != null) {
            return given;
        }
        float[] drawn = new float[values.length];
        Normals.fill(drawn, settings.seed, 0, 0, Purpose.INITIAL_NOISE);
        return drawn;
    }

    @Override
    public int steps() {
        return flow.steps();
    }

    @Override
    public int index(int step) {
        return step;
    }

    @Override
    public void enqueue(int step) {
        queue.enqueue(step, () -> evaluateAndUpdate(step));
    }

    private void evaluateAndUpdate(int step) {
        plan.run(step, x, output);
        flow.update(ops, x, output, steps);
        ops.advance(steps);
    }

    @Override
    public RunMetrics.StepTime finished(int step) {
        return queue.finished(step);
    }

    /** {@code [image tokens, channels]}. */
    @Override
    public float[] samples() {
        backend.read(x, MemorySegment.ofArray(values));
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new BackendException("the image came out with the value " + value
                        + ": the model overflowed, or its weights are not finite"
                        + (settings.model.dtype() == DType.F32 ? "" : "; try f32"));
            }
        }
        return values;
    }

    @Override
    public double totalMs() {
        return queue.totalMs();
    }

    @Override
    public Flops flops() {
        return flops;
    }

    @Override
    public void close() {
        try {
            work.close();
        } finally {
            queue.close();
        }
    }
}
