package dev.clusca.cli.verify;

import dev.clusca.backend.WorkArena;
import dev.clusca.cases.Case;
import dev.clusca.checkpoint.DitCheckpoint;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.Elements;
import dev.clusca.model.dit.DitModel;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * One golden forward pass: {@code in.x}, {@code in.t}, {@code in.y} to {@code out.forward}, with everything between that the file has; and the guided pass. F32, 1e-5.
 *
 * <p>Rows of the golden batch have timesteps of their own, ours share one: rows with the same timestep run together.
 */
final class ForwardSet {
    private static final double BOUND = 1e-5;
    private static final String GUIDED = "out.forward_with_cfg";

    private final Path file;
    private final Function<GoldenFile, DitCheckpoint> weights;
    private final GoldenContext context;

    private ForwardSet(Path file, Function<GoldenFile, DitCheckpoint> weights, GoldenContext context) {
        this.file = file;
        this.weights = weights;
        this.context = context;
    }

    /**
     * @param weights opens the model's weights; may look at the golden file's metadata
     * @param everything whether each block's output and features must be there, or {@code out.forward} alone
     */
    static List<Case> cases(
            String name,
            Path file,
            Function<GoldenFile, DitCheckpoint> weights,
            boolean everything,
            GoldenContext context) {
        ForwardSet set = new ForwardSet(file, weights, context);
        List<Case> cases = new ArrayList<>();
        try (GoldenFile golden = GoldenFile.open(file)) {
            Set<String> keys = new LinkedHashSet<>(everything ? expected(golden) : List.of("out.forward"));
            golden.keys().stream().filter(k -> k.startsWith("out.")).forEach(keys::add);
            Once<Map<String, float[]>> plain = new Once<>(set::plain);
            for (String key : keys) {
                String shape = golden.has(key) ? key + golden.shape(key) : key;
                Once<Map<String, float[]>> pass = key.equals(GUIDED) ? new Once<>(set::guided) : plain;
                cases.add(new GoldenCase(
                        name + "/" + key.substring("out.".length()),
                        "f32",
                        shape,
                        () -> new GoldenResults(file, BOUND).compare(key, pass)));
            }
        }
        return cases;
    }

    private static List<String> expected(GoldenFile golden) {
        List<String> keys = new ArrayList<>(List.of("out.patch_embed", "out.t_embed"));
        DitConfig config = DitConfig.fromMetadata(golden.settings(), golden.source());
        for (int layer = 0; layer < config.depth(); layer++) {
            String block = "out.block" + layer;
            keys.addAll(List.of(block + ".attn", block + ".mlp", block));
        }
        keys.addAll(List.of("out.final_tokens", "out.forward"));
        if (config.nullClass()) { // without one nothing can be guided
            keys.add(GUIDED);
        }
        return keys;
    }

    /** Everything of a pass over {@code in.x}, by golden key. */
    private Map<String, float[]> plain() {
        try (GoldenFile golden = GoldenFile.open(file);
                DitCheckpoint checkpoint = weights.apply(golden);
                WorkArena work = new WorkArena(context.backend())) {
            Arena arena = work.arena();
            DitModel model = new DitModel(checkpoint, context.backend(), arena, DType.F32);
            float[] images = golden.floats("in.x");
            int[] t = golden.ints("in.t");
            int[] y = golden.ints("in.y");
            Map<String, float[]> results = new LinkedHashMap<>();
            for (int timestep : Arrays.stream(t).distinct().toArray()) {
                int[] rows = IntStream.range(0, t.length)
                        .filter(r -> t[r] == timestep)
                        .toArray();
                int[] labels = Arrays.stream(rows).map(r -> y[r]).toArray();
                float[] some = pick(images, rows, t.length);
                FullPass pass = new FullPass(context, model, timestep, labels, some, labels.length, arena);
                pass.results().forEach((key, part) -> put(results, key, part, rows, t.length));
                put(results, "out.patch_embed", patches(checkpoint, some, rows.length, arena), rows, t.length);
            }
            return results;
        } finally {
            context.backend().synchronize();
        }
    }

    /** The guided pass: the images of the first half of the rows, both halves' labels. Guidance acts on the output's first three channels, whatever they are, as published. */
    private Map<String, float[]> guided() {
        try (GoldenFile golden = GoldenFile.open(file);
                DitCheckpoint checkpoint = weights.apply(golden);
                WorkArena work = new WorkArena(context.backend())) {
            Arena arena = work.arena();
            DitModel model = new DitModel(checkpoint, context.backend(), arena, DType.F32);
            int[] t = golden.ints("in.cfg_t");
            int[] y = golden.ints("in.cfg_y");
            int images = y.length / 2;
            if (t.length != y.length || y.length % 2 != 0 || !Arrays.equals(t, 0, images, t, images, y.length)) {
                throw new GoldenException(golden.source() + ": the guided pass has the timesteps " + Arrays.toString(t)
                        + " and " + y.length
                        + " labels; an even number of rows, and the same timesteps in both halves, were expected");
            }
            float[] x = golden.floats("in.cfg_x", images);
            int channels = Math.min(3, model.config().outChannels());
            Map<String, float[]> results = new LinkedHashMap<>();
            for (int timestep : Arrays.stream(t).distinct().toArray()) {
                int[] some =
                        IntStream.range(0, images).filter(r -> t[r] == timestep).toArray();
                int[] rows = IntStream.concat(
                                Arrays.stream(some), Arrays.stream(some).map(r -> images + r))
                        .toArray();
                int[] labels = Arrays.stream(rows).map(r -> y[r]).toArray();
                FullPass pass =
                        new FullPass(context, model, timestep, labels, pick(x, some, images), some.length, arena);
                Tensor output = pass.output();
                context.backend().ops().guidance(output, (float) golden.number("cfg"), channels);
                put(results, GUIDED, context.floats(output), rows, y.length);
            }
            return results;
        } finally {
            context.backend().synchronize();
        }
    }

    /** The patch embedding without positions, which no part of the model gives by itself. */
    private float[] patches(DitCheckpoint checkpoint, float[] images, int count, Arena arena) {
        DitConfig c = checkpoint.config();
        Tensor x = context.backend().allocate(arena, DType.F32, Shape.of(count, c.tokens(), c.hiddenSize()));
        String name = "x_embedder.proj.";
        float[] weight = Elements.floats(checkpoint.tensor(name + "weight"));
        float[] bias = Elements.floats(checkpoint.tensor(name + "bias"));
        int elements = weight.length / c.hiddenSize();
        context.backend()
                .ops()
                .patchEmbed(
                        context.upload(arena, images, FullPass.imageShape(c, count)),
                        context.upload(arena, weight, Shape.of(c.hiddenSize(), elements)),
                        context.upload(arena, bias, Shape.of(c.hiddenSize())),
                        null,
                        c.patchSize(),
                        x);
        return context.floats(x);
    }

    private static float[] pick(float[] all, int[] rows, int count) {
        int size = all.length / count;
        float[] some = new float[rows.length * size];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(all, rows[i] * size, some, i * size, size);
        }
        return some;
    }

    private static void put(Map<String, float[]> results, String key, float[] part, int[] rows, int count) {
        int size = part.length / rows.length;
        float[] all = results.computeIfAbsent(key, k -> new float[size * count]);
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(part, i * size, all, rows[i] * size, size);
        }
    }
}
