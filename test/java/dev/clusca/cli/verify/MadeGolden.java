package dev.clusca.cli.verify;

import dev.clusca.backend.Backend;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.backend.Ops;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.Choices;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.FullCompute;
import dev.clusca.cache.Schedule;
import dev.clusca.cache.StepOrder;
import dev.clusca.cache.TaylorSeer;
import dev.clusca.cases.Rng;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.DitTensors;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.model.dit.DitModel;
import dev.clusca.pipeline.Sampling;
import dev.clusca.sampler.NoiseSchedule;
import dev.clusca.sampler.Sampler;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;

/**
 * Writes a golden folder {@code dit/} like the published one, of a random model of any size, with other steps, policies and sets. The values come from the reference backend, one
 * image at a time, and from formulas; so this shows that nothing in {@code verify} is bound to the sizes of the published files, not that the reference is right.
 *
 * <p>Runs without guidance are those of the conditional rows, and their first centroids hold one token twice: a cluster stays empty, and token 0 stands for it, as in the published code.
 */
final class MadeGolden implements AutoCloseable {
    /** A batch of three pictures of 12 x 12 in 9 tokens. */
    private static final Map<String, String> MODEL = Map.of(
            "input_size", "12",
            "patch_size", "4",
            "in_channels", "3",
            "hidden_size", "48",
            "depth", "3",
            "num_heads", "4",
            "mlp_ratio", "2.5",
            "class_dropout_prob", "0.1",
            "num_classes", "7",
            "learn_sigma", "True");

    private static final Map<String, String> RUN = Map.of(
            "steps", "9",
            "interval", "3",
            "max_order", "1",
            "clusters", "4",
            "gamma", "0.3",
            "first_enhance", "1",
            "eta", "0.0");

    private static final int[] CLASSES = {6, 0, 3};
    private static final int NULL_CLASS = 7;

    private final Path folder;
    private final long seed;
    private final Backend reference;
    private final float guidance;
    private final GoldenContext context;
    private final DitConfig config = DitConfig.fromMetadata(MODEL, "the made model");
    private final Arena arena = Arena.ofShared();

    MadeGolden(Path parent, Backend reference, long seed, float guidance) throws IOException {
        this.folder = Files.createDirectory(parent.resolve("dit"));
        this.seed = seed;
        this.reference = reference;
        this.guidance = guidance;
        this.context = new GoldenContext(reference, reference, null, false, note -> {}, () -> false);
    }

    void write() {
        Path weights = folder.resolve("dit-weights.safetensors");
        File file = new File();
        DitTensors.of(config)
                .forEach((name, shape) ->
                        file.floats("model." + name, shape, bell(name, shape, name.endsWith("bias") ? 0.1 : 0.15)));
        file.write(weights, Map.of());
        try (DitCheckpoint checkpoint = DitCheckpoint.openAs(weights, config)) {
            DitModel model = new DitModel(checkpoint, reference, arena, DType.F32);
            forward(model, embedder(weights));
            trajectories(model);
        }
        kMeans();
        diffusion();
    }

    @Override
    public void close() {
        arena.close();
    }

    private static Map<String, float[]> embedder(Path weights) {
        try (GoldenFile file = GoldenFile.open(weights)) {
            return Map.of(
                    "weight",
                    file.floats("model.x_embedder.proj.weight"),
                    "bias",
                    file.floats("model.x_embedder.proj.bias"));
        }
    }

    private float[] bell(String name, Shape shape, double deviation) {
        Rng rng = new Rng(seed, name);
        float[] values = new float[Math.toIntExact(shape.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) deviation * rng.bell();
        }
        return values;
    }

    private Shape images(int count) {
        return FullPass.imageShape(config, count);
    }

    // ---- forward

    private void forward(DitModel model, Map<String, float[]> embedder) {
        int[] t = {5, 987, 5, 310};
        int[] y = {2, 7, 6, 2};
        float[] x = bell("x", images(4), 1);
        int perImage = x.length / 4;
        File file = new File();
        file.floats("in.x", images(4), x);
        file.ints("in.t", t);
        file.ints("in.y", y);
        Map<String, float[]> all = new LinkedHashMap<>();
        for (int r = 0; r < 4; r++) {
            float[] image = Arrays.copyOfRange(x, r * perImage, (r + 1) * perImage);
            Map<String, float[]> one = new LinkedHashMap<>(
                    new FullPass(context, model, t[r], new int[] {y[r]}, image, 1, arena).results());
            one.put("out.patch_embed", patches(image, embedder));
            int row = r;
            one.forEach((key, values) -> System.arraycopy(
                    values,
                    0,
                    all.computeIfAbsent(key, k -> new float[4 * values.length]),
                    row * values.length,
                    values.length));
        }
        all.forEach((key, values) -> file.floats(key, Shape.of(4, values.length / 4), values));

        int[] guided = {1, 4, NULL_CLASS, NULL_CLASS};
        float[] two = Arrays.copyOf(x, 2 * perImage);
        float[] output = context.floats(new FullPass(context, model, 123, guided, two, 2, arena).output());
        int half = output.length / 2;
        int perRow = output.length / 4;
        int eps = 3 * perImage / config.inChannels();
        for (int i = 0; i < half; i++) {
            if (i % perRow < eps) {
                float e = output[half + i] + 2.25f * (output[i] - output[half + i]);
                output[i] = e;
                output[half + i] = e;
            }
        }
        float[] four = Arrays.copyOf(two, 4 * perImage);
        System.arraycopy(two, 0, four, 2 * perImage, 2 * perImage);
        file.floats("in.cfg_x", images(4), four);
        file.ints("in.cfg_t", new int[] {123, 123, 123, 123});
        file.ints("in.cfg_y", guided);
        file.floats("out.forward_with_cfg", Shape.of(4, perRow), output);
        Map<String, String> metadata = new LinkedHashMap<>(MODEL);
        metadata.put("cfg", "2.25");
        file.write(folder.resolve("dit-forward.safetensors"), metadata);
    }

    /** {@code W patch + bias}, from the formula. */
    private float[] patches(float[] image, Map<String, float[]> embedder) {
        int size = config.inputSize();
        int patch = config.patchSize();
        int width = config.hiddenSize();
        int side = size / patch;
        float[] out = new float[config.tokens() * width];
        for (int n = 0; n < config.tokens(); n++) {
            for (int c = 0; c < width; c++) {
                double sum = embedder.get("bias")[c];
                int w = c * config.inChannels() * patch * patch;
                for (int channel = 0; channel < config.inChannels(); channel++) {
                    for (int row = 0; row < patch; row++) {
                        for (int column = 0; column < patch; column++) {
                            int at = (channel * size + n / side * patch + row) * size + n % side * patch + column;
                            sum += (double) image[at] * embedder.get("weight")[w++];
                        }
                    }
                }
                out[n * width + c] = (float) sum;
            }
        }
        return out;
    }

    // ---- sampling runs

    private void trajectories(DitModel model) {
        int[] y = Arrays.copyOf(CLASSES, 2 * CLASSES.length);
        Arrays.fill(y, CLASSES.length, y.length, NULL_CLASS);
        float[] noise = bell("noise", images(CLASSES.length), 1);
        File file = new File();
        float[] twice = Arrays.copyOf(noise, 2 * noise.length);
        System.arraycopy(noise, 0, twice, noise.length, noise.length);
        file.floats("in.noise", images(y.length), twice);
        file.ints("in.y", y);
        KMeansOptions stop = KMeansOptions.PUBLISHED;
        run(file, model, y, noise, "full", new FullCompute());
        run(file, model, y, noise, "taylorseer", new TaylorSeer(Schedule.every(3), 1, 1, null));
        run(file, model, y, noise, "clusca", new ClusCa(Schedule.every(3), 1, 4, 0.3f, 1, stop, null));
        run(file, model, y, noise, "clusca_gamma0.75", new ClusCa(Schedule.every(3), 1, 4, 0.75f, 1, stop, null));
        Map<String, String> settings = new LinkedHashMap<>(RUN);
        settings.put("cfg", Float.toString(guidance));
        file.write(folder.resolve("trajectories.safetensors"), settings);
    }

    private void run(File file, DitModel model, int[] y, float[] noise, String name, CachePolicy policy) {
        Sampler sampler = Sampler.parse("ddim:respacing=9", 9);
        Clustering choices = new Clustering(file, model, y, noise, name, sampler);
        float[][] samples = new float[9][];
        new Sampling(model)
                .sampler(sampler)
                .policy(policy)
                .guidance(guidance)
                .guidanceChannels(config.cfgChannels())
                .noise(noise)
                .choices(policy instanceof ClusCa ? choices : Choices.DRAWN)
                .order(guidance == 1 ? StepOrder.LAYER_BY_LAYER : StepOrder.PREFIX_PASS)
                .preview((first, step, values) -> {
                    samples[8 - step] = values;
                    choices.samples = values;
                })
                .run(CLASSES);
        float[] all = new float[9 * 2 * noise.length]; // the unconditional rows are not looked at
        for (int i = 0; i < 9; i++) {
            System.arraycopy(samples[i], 0, all, i * 2 * noise.length, noise.length);
        }
        file.floats(name + ".samples", Shape.of(9, y.length, config.inChannels(), 12, 12), all);
    }

    /** Clusters the tokens of the samples that the run has reached, and notes every choice in the file. */
    private final class Clustering implements Choices {
        private static final int CLUSTERS = 4;

        private final File file;
        private final DitModel model;
        private final int[] y;
        private final String name;
        private final Sampler sampler;
        private float[] samples;
        private float[] centroids = new float[0];
        private int[] labels = new int[0];

        Clustering(File file, DitModel model, int[] y, float[] noise, String name, Sampler sampler) {
            this.file = file;
            this.model = model;
            this.y = y;
            this.samples = noise;
            this.name = name;
            this.sampler = sampler;
        }

        @Override
        public Optional<int[]> labels(int step) {
            Tensor x = new FullPass(
                            context, model, sampler.schedule().timestep(step), y, samples, CLASSES.length, arena)
                    .throughBlocks();
            Shape shape = Shape.of(y.length, CLUSTERS, config.hiddenSize());
            Tensor start;
            if (centroids.length == 0) {
                int[] first = new int[y.length * CLUSTERS];
                for (int i = 0; i < first.length; i++) {
                    boolean again = guidance == 1 && i % CLUSTERS == 1;
                    first[i] = (again ? i - 1 : i) * 2 % config.tokens();
                }
                file.ints(name + ".kmeans_init", Shape.of(y.length, CLUSTERS), first);
                start = reference.allocate(arena, DType.F32, shape);
                reference.ops().gatherRows(x, context.upload(arena, first, Shape.of(y.length, CLUSTERS)), start);
            } else {
                start = context.upload(arena, centroids, shape);
            }
            Tensor found = reference.allocate(arena, DType.I32, Shape.of(y.length, config.tokens()));
            Tensor iterations = reference.allocate(arena, DType.I32, Shape.of(y.length));
            reference.ops().kMeans(x, KMeansOptions.PUBLISHED, start, found, iterations);
            centroids = context.floats(start);
            labels = context.ints(found);
            file.floats(name + ".centroids.step" + step, shape, centroids);
            file.ints(name + ".labels.step" + step, found.shape(), labels);
            return Optional.of(ofTheRun(labels));
        }

        /** Without guidance, what belongs to the conditional rows, which are the first half of all. */
        private int[] ofTheRun(int[] all) {
            return guidance == 1 ? Arrays.copyOf(all, all.length / 2) : all;
        }

        /** The cluster's last member in even layers, its first in odd ones. */
        @Override
        public Optional<int[]> representatives(int step) {
            int rows = y.length;
            int[] all = new int[config.depth() * rows * CLUSTERS];
            Arrays.fill(all, guidance == 1 ? 0 : -1);
            int[] given = new int[0];
            for (int layer = 0; layer < config.depth(); layer++) {
                for (int i = 0; i < labels.length; i++) {
                    int n = layer % 2 == 0 ? i : labels.length - 1 - i;
                    all[(layer * rows + n / config.tokens()) * CLUSTERS + labels[n]] = n % config.tokens();
                }
                int[] these = Arrays.copyOfRange(all, layer * rows * CLUSTERS, (layer + 1) * rows * CLUSTERS);
                file.ints(name + ".representatives.step" + step + ".layer" + layer, Shape.of(rows, CLUSTERS), these);
                int[] some = ofTheRun(these);
                int before = given.length;
                given = Arrays.copyOf(given, before + some.length);
                System.arraycopy(some, 0, given, before, some.length);
            }
            return Optional.of(given);
        }
    }

    // ---- k-means

    private void kMeans() {
        File file = new File();
        Ops ops = reference.ops();
        int[][] sizes = {{2, 17, 5, 3, 6}, {1, 40, 33, 9, 100}};
        for (int[] s : sizes) {
            String set = "n" + s[1];
            Shape xShape = Shape.of(s[0], s[1], s[2]);
            float[] x = bell(set + ".x", xShape, 1);
            float[] x2 = x.clone();
            for (int i = 0; i < x2.length; i++) {
                x2[i] += 0.25f * ((i * 7) % 5 - 2);
            }
            int[] init = new int[s[0] * s[3]];
            for (int i = 0; i < init.length; i++) {
                init[i] = i % s[3] * s[1] / s[3];
            }
            Tensor centroids = reference.allocate(arena, DType.F32, Shape.of(s[0], s[3], s[2]));
            Tensor labels = reference.allocate(arena, DType.I32, Shape.of(s[0], s[1]));
            Tensor iterations = reference.allocate(arena, DType.I32, Shape.of(s[0]));
            KMeansOptions stop = new KMeansOptions(s[4], 1e-4f, 1e-8f, true);
            int[] made = new int[2];
            ops.gatherRows(
                    context.upload(arena, x, xShape), context.upload(arena, init, Shape.of(s[0], s[3])), centroids);
            for (int warm = 0; warm < 2; warm++) {
                ops.kMeans(context.upload(arena, warm == 0 ? x : x2, xShape), stop, centroids, labels, iterations);
                made[warm] = context.ints(iterations)[0];
                String kind = set + (warm == 0 ? "." : ".warm_");
                file.ints(kind + "labels", labels.shape(), context.ints(labels));
                file.floats(kind + "centroids", centroids.shape(), context.floats(centroids));
            }
            file.floats(set + ".x", xShape, x);
            file.floats(set + ".x2", xShape, x2);
            file.ints(set + ".init", Shape.of(s[0], s[3]), init);
            file.ints(set + ".limit", new int[] {s[4]});
            file.ints(set + ".iterations", made);
        }
        file.write(folder.resolve("kmeans.safetensors"), Map.of());
    }

    // ---- diffusion

    private void diffusion() {
        File file = new File();
        for (String respacing : new String[] {"ddim25", "30", "25"}) {
            NoiseSchedule s = NoiseSchedule.respaced(respacing);
            int[] map = new int[s.steps()];
            for (int i = 0; i < map.length; i++) {
                map[i] = s.timestep(i);
            }
            file.ints(respacing + ".timestep_map", map);
            table(file, respacing + ".betas", s.steps(), s::beta);
            table(file, respacing + ".alphas_cumprod", s.steps(), s::alphaBar);
            table(file, respacing + ".posterior_variance", s.steps(), s::posteriorVariance);
        }
        Shape shape = Shape.of(2, 3, 5, 5);
        float[] x = bell("xt", shape, 1);
        float[] output = bell("model_output", Shape.of(2, 6, 5, 5), 1);
        float[] noise = bell("noise of the step", shape, 1);
        file.floats("update.xt", shape, x);
        file.floats("update.model_output", Shape.of(2, 6, 5, 5), output);
        file.floats("update.noise", shape, noise);
        NoiseSchedule s = NoiseSchedule.respaced("25");
        for (int step : new int[] {0, 7, 24}) {
            float[] start = new float[x.length];
            float[] ddim = new float[x.length];
            float[] ddpm = new float[x.length];
            double abar = s.alphaBar(step);
            double before = s.alphaBarPrev(step);
            double sigma = 0.3 * Math.sqrt((1 - before) / (1 - abar)) * Math.sqrt(1 - abar / before);
            for (int i = 0; i < x.length; i++) {
                int at = i / 75 * 150 + i % 75;
                double eps = output[at];
                double x0 = (x[i] - Math.sqrt(1 - abar) * eps) / Math.sqrt(abar);
                start[i] = (float) x0;
                double z = step == 0 ? 0 : noise[i];
                ddim[i] = (float) (Math.sqrt(before) * x0 + Math.sqrt(1 - before - sigma * sigma) * eps + sigma * z);
                double v = (output[at + 75] + 1) / 2;
                double logVariance = v * Math.log(s.beta(step)) + (1 - v) * s.posteriorLogVarianceClipped(step);
                ddpm[i] = (float) (s.posteriorMeanCoef1(step) * x0
                        + s.posteriorMeanCoef2(step) * x[i]
                        + Math.exp(logVariance / 2) * z);
            }
            file.floats("update.pred_xstart." + step, shape, start);
            file.floats("update.ddim_eta0.3." + step, shape, ddim);
            file.floats("update.ddpm." + step, shape, ddpm);
        }
        file.write(folder.resolve("diffusion.safetensors"), Map.of());
    }

    private static void table(File file, String key, int steps, IntToDoubleFunction values) {
        double[] v = new double[steps];
        Arrays.setAll(v, values);
        file.tensors.put(key, Tensor.of(MemorySegment.ofArray(v), DType.F64, Shape.of(steps)));
    }

    /** Tensors on their way to a file. */
    private static final class File {
        private final Map<String, Tensor> tensors = new LinkedHashMap<>();

        void floats(String key, Shape shape, float[] values) {
            tensors.put(key, Tensor.of(MemorySegment.ofArray(values), DType.F32, shape));
        }

        void ints(String key, int[] values) {
            ints(key, Shape.of(values.length), values);
        }

        void ints(String key, Shape shape, int[] values) {
            tensors.put(key, Tensor.of(MemorySegment.ofArray(values), DType.I32, shape));
        }

        void write(Path path, Map<String, String> metadata) {
            Safetensors.write(path, tensors, metadata);
        }
    }
}
