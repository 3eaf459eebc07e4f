package dev.clusca.cli.verify;

import dev.clusca.backend.Backend;
import dev.clusca.backend.WorkArena;
import dev.clusca.cases.Case;
import dev.clusca.cases.Comparison;
import dev.clusca.cases.OpCase;
import dev.clusca.cases.Raw;
import dev.clusca.cases.Verdict;
import dev.clusca.checkpoint.VaeCheckpoint;
import dev.clusca.model.vae.VaeDecoder;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One golden decoding: {@code in.latents} to {@code out.image}, with the image after each part of the decoder. F32: 1e-5 for the parts, 1e-4 for the picture. BF16: the picture, by
 * the policy for operations, since a decoder is as one.
 */
final class VaeSet {
    private static final double PART_BOUND = 1e-5;
    private static final double PICTURE_BOUND = 1e-4;
    private static final String PICTURE = "out.image";
    private static final String LATENTS = "in.latents";

    private final Path folder;
    private final Path file;
    private final GoldenContext context;

    private VaeSet(Path folder, Path file, GoldenContext context) {
        this.folder = folder;
        this.file = file;
        this.context = context;
    }

    /** @param folder holds {@code config.json}, the weights and {@code decode.safetensors} */
    static List<Case> cases(String name, Path folder, GoldenContext context) {
        Path file = folder.resolve("decode.safetensors");
        VaeSet set = new VaeSet(folder, file, context);
        List<Case> cases = new ArrayList<>();
        try (GoldenFile golden = GoldenFile.open(file);
                VaeCheckpoint weights = set.weights()) {
            List<String> keys = new ArrayList<>(List.of("out.conv_in", "out.mid_block"));
            for (int block = 0; block < weights.config().blocks(); block++) {
                keys.add("out.up_block" + block);
            }
            keys.add(PICTURE);
            Once<Map<String, float[]>> decoded = new Once<>(() -> set.decode(context.backend(), DType.F32));
            for (String key : keys) {
                String shape = golden.describe(LATENTS) + " -> " + golden.describe(key);
                cases.add(new GoldenCase(
                        name + "/" + key.substring("out.".length()), "f32", shape, () -> set.compare(key, decoded)));
            }
            cases.add(new GoldenCase(
                    name + "/bf16/image",
                    "bf16",
                    golden.describe(LATENTS) + " -> " + golden.describe(PICTURE),
                    set::compareRounded));
        }
        return cases;
    }

    private VaeCheckpoint weights() {
        return VaeCheckpoint.open(folder);
    }

    private Verdict compare(String key, Once<Map<String, float[]>> decoded) {
        try (GoldenFile golden = GoldenFile.open(file)) {
            Raw expected = golden.raw(key);
            Raw actual = ours(golden, key, decoded.get());
            Comparison.Result c =
                    Comparison.relative(key, expected, actual, key.equals(PICTURE) ? PICTURE_BOUND : PART_BOUND);
            return Verdict.of(c.error(), c.bound(), "", c.findings());
        }
    }

    private Verdict compareRounded() {
        try (GoldenFile golden = GoldenFile.open(file)) {
            Raw exact = golden.raw(PICTURE);
            Raw simplest = ours(golden, PICTURE, decode(context.reference(), DType.BF16));
            Raw actual = ours(golden, PICTURE, decode(context.backend(), DType.BF16));
            Comparison.Result c =
                    Comparison.rounded(PICTURE, exact, simplest, actual, OpCase.Policy.TRANSCENDENTAL.factor());
            return Verdict.of(c.error(), c.bound(), "", c.findings());
        }
    }

    private static Raw ours(GoldenFile golden, String key, Map<String, float[]> decoded) {
        float[] values = decoded.get(key);
        if (values == null || values.length != golden.shape(key).elements()) {
            throw new GoldenException(golden.source() + ": '" + key + "' has the shape " + golden.shape(key)
                    + "; ours has " + (values == null ? "no such part" : values.length + " numbers"));
        }
        return Raw.of(DType.F32, values);
    }

    /** The golden images, one after the other, and what they are after each part, by golden key. */
    private Map<String, float[]> decode(Backend backend, DType dtype) {
        try (GoldenFile golden = GoldenFile.open(file);
                VaeCheckpoint weights = weights();
                WorkArena work = new WorkArena(backend)) {
            VaeModel model = new VaeModel(weights, backend, work.arena(), dtype);
            Shape shape = golden.shape(LATENTS);
            int images = shape.size(0);
            VaeDecoder decoder = new VaeDecoder(model, shape.size(2), shape.size(3), work.arena());
            Tensor latents = backend.upload(work.arena(), golden.floats(LATENTS), shape);
            Tensor picture = backend.allocate(
                    work.arena(), DType.F32, Shape.of(1, 3, decoder.pictureHeight(), decoder.pictureWidth()));
            Map<String, float[]> results = new LinkedHashMap<>();
            for (int i = 0; i < images; i++) {
                int image = i;
                decoder.decode(
                        latents.rows(image, 1),
                        picture,
                        (part, x) -> put(
                                results,
                                "out." + part,
                                channelsOutermost(floats(backend, x), x.shape()),
                                image,
                                images));
                put(results, PICTURE, floats(backend, picture), image, images);
            }
            return results;
        }
    }

    private static float[] floats(Backend backend, Tensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.shape().elements())];
        backend.read(tensor, MemorySegment.ofArray(values));
        return values;
    }

    private static float[] channelsOutermost(float[] values, Shape shape) {
        int channels = shape.size(3);
        int pixels = values.length / channels;
        float[] turned = new float[values.length];
        for (int p = 0; p < pixels; p++) {
            for (int c = 0; c < channels; c++) {
                turned[c * pixels + p] = values[p * channels + c];
            }
        }
        return turned;
    }

    private static void put(Map<String, float[]> results, String key, float[] part, int image, int images) {
        float[] all = results.computeIfAbsent(key, _ -> new float[part.length * images]);
        System.arraycopy(part, 0, all, image * part.length, part.length);
    }
}
