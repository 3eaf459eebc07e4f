package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.KMeansOptions;
import dev.clusca.cache.CachePolicy;
import dev.clusca.cache.Choices;
import dev.clusca.cache.ClusCa;
import dev.clusca.cache.FullCompute;
import dev.clusca.cache.Schedule;
import dev.clusca.cache.StepOrder;
import dev.clusca.cache.TaylorSeer;
import dev.clusca.cases.Rng;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.checkpoint.FluxTensors;
import dev.clusca.checkpoint.RandomFlux;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.pipeline.FluxPrompt;
import dev.clusca.pipeline.FluxSampling;
import dev.clusca.sampler.FlowMatching;
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

/**
 * Writes a golden folder {@code flux/} like the published one, of a random model without guidance, whose MLP is no multiple of its width and whose queries, keys and values have no bias. The batch has two
 * images of 3 x 5 tokens with texts of 4, fewer than clusters. The values come from the reference backend, cached steps in the published order.
 *
 * <p>The first centroids of {@code clusca_gamma0.75} hold one token twice: a cluster is empty at first, and token 0 stands for it, as in the published code. Its centroids are in the file, those of {@code clusca} are not.
 */
final class MadeFluxGolden implements AutoCloseable {
    private static final Map<String, String> MODEL = Map.ofEntries(
            Map.entry("in_channels", "12"),
            Map.entry("vec_in_dim", "10"),
            Map.entry("context_in_dim", "14"),
            Map.entry("hidden_size", "36"),
            Map.entry("mlp_ratio", "2.5"),
            Map.entry("num_heads", "3"),
            Map.entry("depth", "3"),
            Map.entry("depth_single_blocks", "2"),
            Map.entry("axes_dim", "[2, 4, 6]"),
            Map.entry("theta", "500"),
            Map.entry("qkv_bias", "False"),
            Map.entry("guidance_embed", "False"));

    private static final Map<String, String> RUN = Map.of(
            "steps", "9", "interval", "3", "max_order", "1", "clusters", "6", "gamma", "0.3", "first_enhance", "1");

    private static final double[] TIMES = {1, 0.93, 0.85, 0.76, 0.66, 0.55, 0.43, 0.3, 0.16, 0};
    private static final int STEPS = TIMES.length - 1;
    private static final int ROWS = 2;
    private static final int HEIGHT = 3;
    private static final int WIDTH = 5;
    private static final int IMAGE_TOKENS = HEIGHT * WIDTH;
    private static final int TEXT_TOKENS = 4;
    private static final int CLUSTERS = 6;

    private final Path folder;
    private final long seed;
    private final Backend reference;
    private final GoldenContext context;
    private final FluxConfig config = FluxConfig.fromMetadata(MODEL, "the made model");
    private final Arena arena = Arena.ofShared();

    private MadeFluxGolden(Path parent, Backend reference, long seed) throws IOException {
        this.folder = Files.createDirectory(parent.resolve("flux"));
        this.seed = seed;
        this.reference = reference;
        this.context = new GoldenContext(reference, reference, null, false, note -> {}, () -> false);
    }

    static void write(Path parent, long seed) throws IOException {
        try (Backend reference = Backends.require("reference", BackendOptions.DEFAULT);
                MadeFluxGolden golden = new MadeFluxGolden(parent, reference, seed)) {
            golden.write();
        }
    }

    private void write() {
        RandomFlux random = new RandomFlux(config, seed);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        FluxTensors.of(config).keySet().forEach(name -> weights.put("model." + name, random.tensor(name)));
        Safetensors.write(folder.resolve("flux-weights.safetensors"), weights, Map.of());
        FluxModel model = new FluxModel(random, reference, arena, DType.F32);
        forward(model);
        trajectories(model);
    }

    @Override
    public void close() {
        arena.close();
    }

    private float[] bell(String name, int row, int count) {
        Rng rng = new Rng(seed, name + row);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = rng.bell();
        }
        return values;
    }

    private FluxInputs inputs(int row) {
        int[][] points = new int[IMAGE_TOKENS][];
        for (int i = 0; i < IMAGE_TOKENS; i++) {
            points[i] = new int[] {0, i / WIDTH, i % WIDTH};
        }
        return new FluxInputs(
                bell("image", row, IMAGE_TOKENS * config.inChannels()),
                points,
                bell("text", row, TEXT_TOKENS * config.contextInDim()),
                bell("vector", row, config.vecInDim()),
                0);
    }

    private void forward(FluxModel model) {
        File file = new File();
        for (int row = 0; row < ROWS; row++) {
            FluxInputs in = inputs(row);
            float time = 0.9f - 0.5f * row;
            file.put("in.img", row, in.image());
            file.put("in.txt", row, in.text());
            file.put("in.vec", row, in.vector());
            file.put("in.t", row, time);
            int at = row;
            new FluxPass(context, model, in, in.image(), time, arena)
                    .results()
                    .forEach((key, values) -> file.put(key, at, values));
        }
        float[] ids = new float[3 * IMAGE_TOKENS];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = inputs(0).points()[i / 3][i % 3];
        }
        file.tensors.put("in.img_ids", Tensor.of(MemorySegment.ofArray(ids), DType.F32, Shape.of(IMAGE_TOKENS, 3)));
        file.write("flux-forward", MODEL);
    }

    private void trajectories(FluxModel model) {
        File file = new File();
        KMeansOptions stop = KMeansOptions.PUBLISHED_FLUX;
        for (int row = 0; row < ROWS; row++) {
            file.put("in.noise", row, noise(row));
            run(file, model, row, "full", new FullCompute());
            run(file, model, row, "taylorseer", new TaylorSeer(Schedule.every(3), 1, 1, null));
            run(file, model, row, "clusca", new ClusCa(Schedule.every(3), 1, CLUSTERS, 0.3f, 1, stop, null));
            run(file, model, row, "clusca_gamma0.75", new ClusCa(Schedule.every(3), 1, CLUSTERS, 0.75f, 1, stop, null));
        }
        file.tensors.put("schedule", Tensor.of(MemorySegment.ofArray(TIMES), DType.F64, Shape.of(TIMES.length)));
        file.write("flux-trajectories", RUN);
    }

    private float[] noise(int row) {
        return bell("noise", row, IMAGE_TOKENS * config.inChannels());
    }

    private void run(File file, FluxModel model, int row, String name, CachePolicy policy) {
        Clustering choices = new Clustering(file, model, row, name);
        FluxInputs in = inputs(row);
        new FluxSampling(model)
                .flow(FlowMatching.of(TIMES))
                .policy(policy)
                .noise(choices.samples)
                .order(StepOrder.LAYER_BY_LAYER)
                .choices(policy instanceof ClusCa ? choices : Choices.DRAWN, Choices.DRAWN)
                .preview((_, step, values) -> {
                    choices.samples = values;
                    file.put(name + ".samples", step * ROWS + row, values);
                })
                .run(new FluxPrompt(in.text(), in.vector()), HEIGHT, WIDTH);
    }

    /** Clusters the image's tokens of the samples that the run has reached, and notes every choice in the file. */
    private final class Clustering implements Choices {
        private final File file;
        private final FluxModel model;
        private final int row;
        private final String name;
        private final boolean twice;
        private final Tensor centroids =
                reference.allocate(arena, DType.F32, Shape.of(1, CLUSTERS, config.hiddenSize()));
        private float[] samples;
        private int[] labels = new int[0];

        Clustering(File file, FluxModel model, int row, String name) {
            this.file = file;
            this.model = model;
            this.row = row;
            this.name = name;
            this.twice = name.contains("gamma");
            this.samples = noise(row);
        }

        @Override
        public Optional<int[]> labels(int step) {
            float time = FlowMatching.of(TIMES).timesteps()[step];
            Tensor x = new FluxPass(context, model, inputs(row), samples, time, arena)
                    .throughDoubleBlocks()
                    .image()
                    .x();
            if (step == 0) {
                int[] first = {row, twice ? row : 3, 6, 9, 12, 14};
                file.put(name + ".kmeans_init" + FluxTrajectorySet.IMAGE, row, first);
                reference.ops().gatherRows(x, context.upload(arena, first, Shape.of(1, CLUSTERS)), centroids);
            }
            Tensor found = reference.allocate(arena, DType.I32, Shape.of(1, IMAGE_TOKENS));
            Tensor iterations = reference.allocate(arena, DType.I32, Shape.of(1));
            reference.ops().kMeans(x, KMeansOptions.PUBLISHED_FLUX, centroids, found, iterations);
            labels = context.ints(found);
            if (twice && step == 0) {
                assertThat(labels)
                        .as("the clusters of two first centroids that are one token")
                        .doesNotContain(1);
            }
            file.put(name + ".labels.step" + step + FluxTrajectorySet.IMAGE, row, labels);
            if (twice) {
                file.put(name + ".centroids.step" + step + FluxTrajectorySet.IMAGE, row, context.floats(centroids));
            }
            return Optional.of(labels);
        }

        /** The cluster's last member in even layers, its first in odd ones; token 0 for a cluster without members. */
        @Override
        public Optional<int[]> representatives(int step) {
            int[] all = new int[config.depth() * CLUSTERS];
            for (int layer = 0; layer < config.depth(); layer++) {
                for (int i = 0; i < IMAGE_TOKENS; i++) {
                    int n = layer % 2 == 0 ? i : IMAGE_TOKENS - 1 - i;
                    all[layer * CLUSTERS + labels[n]] = n;
                }
                String key = name + ".representatives.step" + step + ".layer" + layer + FluxTrajectorySet.IMAGE;
                file.put(key, row, Arrays.copyOfRange(all, layer * CLUSTERS, (layer + 1) * CLUSTERS));
            }
            return Optional.of(all);
        }
    }

    /** Tensors on their way to a file, which come row by row. */
    private final class File {
        private final Map<String, float[]> floats = new LinkedHashMap<>();
        private final Map<String, int[]> ints = new LinkedHashMap<>();
        private final Map<String, Tensor> tensors = new LinkedHashMap<>();

        /** @param row counted through all steps */
        void put(String key, int row, float... values) {
            int rows = key.endsWith(".samples") ? STEPS * ROWS : ROWS;
            float[] all = floats.computeIfAbsent(key, _ -> new float[rows * values.length]);
            System.arraycopy(values, 0, all, row * values.length, values.length);
        }

        void put(String key, int row, int[] values) {
            int[] all = ints.computeIfAbsent(key, _ -> new int[ROWS * values.length]);
            System.arraycopy(values, 0, all, row * values.length, values.length);
        }

        void write(String name, Map<String, String> metadata) {
            floats.forEach((key, all) -> {
                int outer = key.endsWith(".samples") ? STEPS : ROWS;
                Shape shape = Shape.of(outer, all.length / outer);
                tensors.put(key, Tensor.of(MemorySegment.ofArray(all), DType.F32, shape));
            });
            ints.forEach((key, all) -> tensors.put(
                    key, Tensor.of(MemorySegment.ofArray(all), DType.I32, Shape.of(ROWS, all.length / ROWS))));
            Safetensors.write(folder.resolve(name + ".safetensors"), tensors, metadata);
        }
    }
}
