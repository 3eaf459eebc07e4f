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
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.model.dit.DitForward;
import dev.clusca.model.dit.DitModel;
import dev.clusca.model.dit.DitModulations;
import dev.clusca.random.Normals;
import dev.clusca.random.Purpose;
import dev.clusca.sampler.Sampler;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Images of a DiT. */
final class BatchRun implements Batch {
    private final WorkArena work;
    private final Arena arena;
    private final Sampling settings;
    private final Backend backend;
    private final Ops ops;
    private final int firstImage;
    private final int images;
    private final boolean guided;
    private final int[] labels;
    private final List<StepKind> kinds;
    private final StepTable steps;
    private final StepPlan plan;
    private final Tensor x;
    private final Tensor output;
    private final @Nullable Tensor noise;
    private final float[] values;
    private final StepQueue queue;

    BatchRun(Sampling settings, int firstImage, int[] classes) {
        this.settings = settings;
        this.firstImage = firstImage;
        this.images = classes.length;
        DitModel model = settings.model;
        DitConfig config = model.config();
        backend = model.backend();
        ops = backend.ops();
        guided = settings.guidance != 1;
        Sampler sampler = settings.sampler;
        kinds = settings.policy.kinds(sampler.steps());
        int side = config.inputSize();
        values = new float[images * config.inChannels() * side * side];
        queue = new StepQueue(backend, kinds, settings.choices == Choices.DRAWN, this::index);
        work = new WorkArena(backend);
        arena = work.arena();
        boolean opened = false;
        try {
            x = upload(initialNoise(), images, config.inChannels(), side, side);
            noise = needsNoise(sampler)
                    ? upload(new float[values.length], x.shape().toArray())
                    : null;
            output = backend.allocate(arena, DType.F32, Shape.of(rows(), config.outChannels(), side, side));

            float[][] rows = StepRows.of(settings.policy, kinds);
            for (int step = 0; step < rows.length; step++) {
                sampler.fill(rows[step], index(step));
            }
            steps = StepTable.of(backend, arena, rows);

            int[] rowClasses = rowClasses(classes, config.numClasses());
            labels = Arrays.stream(rowClasses).distinct().toArray();
            List<Integer> order = Arrays.stream(labels).boxed().toList();
            Tensor conditions =
                    upload(Arrays.stream(rowClasses).map(order::indexOf).toArray(), rows());
            Tensor drawRows = upload(drawRows(), rows());
            DitModulations modulations = new DitModulations(
                    model,
                    upload(timesteps(sampler), sampler.steps()),
                    upload(labels, labels.length),
                    conditions,
                    steps,
                    arena);
            DitForward pass = new DitForward(model, modulations, rows(), arena);
            plan = settings.order.plan(
                    pass,
                    settings.policy,
                    kinds,
                    new Draws(settings.seed, drawRows, 0, steps),
                    settings.choices,
                    arena);
            opened = true;
        } finally {
            if (!opened) {
                close();
            }
        }
    }

    /** R, batch rows: guidance doubles the images. */
    private int rows() {
        return guided ? 2 * images : images;
    }

    @Override
    public int steps() {
        return kinds.size();
    }

    /** The sampler's index counts down to 0. */
    @Override
    public int index(int step) {
        return kinds.size() - 1 - step;
    }

    @Override
    public void enqueue(int step) {
        if (noise != null && settings.sampler.addsNoise(index(step))) {
            backend.write(noise, MemorySegment.ofArray(noise(index(step), Purpose.STEP_NOISE)));
        }
        queue.enqueue(step, () -> evaluateAndUpdate(step));
    }

    private void evaluateAndUpdate(int step) {
        plan.run(step, x, output);
        if (guided) {
            ops.guidance(output, settings.guidance, settings.guidanceChannels);
        }
        settings.sampler.update(ops, x, output, noise, steps);
        ops.advance(steps);
    }

    @Override
    public RunMetrics.StepTime finished(int step) {
        return queue.finished(step);
    }

    /** {@code [images, channels, h, w]}. */
    @Override
    public float[] samples() {
        backend.read(x, MemorySegment.ofArray(values));
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                int image = i / (values.length / images);
                throw new BackendException("image " + (firstImage + image) + " came out with the value " + values[i]
                        + ": the model overflowed or its weights are not finite; try f32, or less guidance than "
                        + settings.guidance);
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
        return Flops.of(settings.model.config(), settings.policy, steps(), rows(), labels.length);
    }

    @Override
    public void close() {
        try {
            work.close();
        } finally {
            queue.close();
        }
    }

    private static float[] timesteps(Sampler sampler) {
        int[] whole = sampler.timesteps();
        float[] timesteps = new float[whole.length];
        for (int i = 0; i < whole.length; i++) {
            timesteps[i] = whole[i];
        }
        return timesteps;
    }

    private float[] initialNoise() {
        float[] given = settings.noise;
        return given != null ? given : noise(0, Purpose.INITIAL_NOISE);
    }

    private float[] noise(int step, Purpose purpose) {
        int perImage = values.length / images;
        float[] all = new float[values.length];
        float[] one = new float[perImage];
        for (int image = 0; image < images; image++) {
            Normals.fill(one, settings.seed, firstImage + image, step, purpose);
            System.arraycopy(one, 0, all, image * perImage, perImage);
        }
        return all;
    }

    /** Whether an update takes noise; with a learned variance each does, weighted 0 at the last step. */
    private static boolean needsNoise(Sampler sampler) {
        return sampler.needsVariance() || IntStream.range(0, sampler.steps()).anyMatch(sampler::addsNoise);
    }

    /** The classes of the conditional rows, then the null class for each unconditional one. */
    private int[] rowClasses(int[] classes, int nullClass) {
        return IntStream.concat(
                        Arrays.stream(classes),
                        IntStream.range(0, rows() - images).map(i -> nullClass))
                .toArray();
    }

    /** Image id * 2, + 1 for the unconditional row. */
    private int[] drawRows() {
        return IntStream.range(0, rows())
                .map(r -> (firstImage + r % images) * 2 + r / images)
                .toArray();
    }

    private Tensor upload(float[] data, long... shape) {
        return backend.upload(arena, data, Shape.of(shape));
    }

    private Tensor upload(int[] data, long... shape) {
        return backend.upload(arena, data, Shape.of(shape));
    }
}
