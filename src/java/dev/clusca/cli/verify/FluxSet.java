package dev.clusca.cli.verify;

import dev.clusca.backend.WorkArena;
import dev.clusca.cases.Case;
import dev.clusca.checkpoint.FluxCheckpoint;
import dev.clusca.checkpoint.FluxConfig;
import dev.clusca.model.flux.FluxModel;
import dev.clusca.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One golden forward pass of FLUX: {@code in.img}, {@code in.img_ids}, {@code in.txt}, {@code in.vec}, {@code in.t} and {@code in.guidance} to {@code out.forward}, with every block's output. F32, 1e-5. The rows of a batch
 * are run one by one.
 */
final class FluxSet {
    private static final double BOUND = 1e-5;

    private final Path file;
    private final Path weights;
    private final GoldenContext context;

    private FluxSet(Path file, Path weights, GoldenContext context) {
        this.file = file;
        this.weights = weights;
        this.context = context;
    }

    static List<Case> cases(String name, Path file, Path weights, GoldenContext context) {
        FluxSet set = new FluxSet(file, weights, context);
        List<Case> cases = new ArrayList<>();
        try (GoldenFile golden = GoldenFile.open(file)) {
            Set<String> keys = new LinkedHashSet<>(expected(golden));
            golden.keys().stream().filter(k -> k.startsWith("out.")).forEach(keys::add);
            Once<Map<String, float[]>> pass = new Once<>(set::pass);
            for (String key : keys) {
                cases.add(new GoldenCase(
                        name + "/" + key.substring("out.".length()),
                        "f32",
                        golden.describe(key),
                        () -> new GoldenResults(file, BOUND).compare(key, pass)));
            }
        }
        return cases;
    }

    private static List<String> expected(GoldenFile golden) {
        FluxConfig config = FluxConfig.fromMetadata(golden.settings(), golden.source());
        List<String> keys = new ArrayList<>();
        for (int layer = 0; layer < config.depth(); layer++) {
            keys.add("out.double" + layer + ".img");
            keys.add("out.double" + layer + ".txt");
        }
        for (int layer = 0; layer < config.depthSingleBlocks(); layer++) {
            keys.add("out.single" + layer);
        }
        keys.add("out.forward");
        return keys;
    }

    /** Everything of a pass, by golden key. */
    private Map<String, float[]> pass() {
        try (GoldenFile golden = GoldenFile.open(file);
                FluxCheckpoint checkpoint = FluxTrajectorySet.checkpoint(weights, golden);
                WorkArena work = new WorkArena(context.backend())) {
            FluxModel model = new FluxModel(checkpoint, context.backend(), work.arena(), DType.F32);
            int rows = golden.shape("in.img").size(0);
            Map<String, float[]> results = new LinkedHashMap<>();
            for (int row = 0; row < rows; row++) {
                int at = row;
                FluxInputs in = FluxInputs.of(golden, model.config(), row);
                float time = FluxInputs.row(golden, "in.t", row)[0];
                new FluxPass(context, model, in, in.image(), time, work.arena())
                        .results()
                        .forEach((key, part) -> System.arraycopy(
                                part,
                                0,
                                results.computeIfAbsent(key, _ -> new float[part.length * rows]),
                                at * part.length,
                                part.length));
            }
            return results;
        }
    }
}
