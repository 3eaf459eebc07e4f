package dev.clusca.bench;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.backend.WorkArena;
import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.RandomVae;
import dev.clusca.checkpoint.VaeConfig;
import dev.clusca.model.vae.VaeDecoder;
import dev.clusca.model.vae.VaeModel;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What it takes to decode one picture with Stable Diffusion's autoencoder at its published size, random weights, as one JSON line. The first decoding warms up and does not count.
 *
 * <pre>
 *   java -cp clusca-bench.jar dev.clusca.bench.DecodeTimes MODEL DTYPE ROWS BACKEND THREADS REPEATS
 *   MODEL   sd-vae/256: the side of the picture in pixels
 *   ROWS    1
 * </pre>
 */
public final class DecodeTimes {
    /** What such a model is called. */
    static final Pattern NAME = Pattern.compile("sd-vae/(\\d+)");

    private DecodeTimes() {}

    static void main(String[] args) throws IOException {
        Matcher name = NAME.matcher(args.length == 6 ? args[0] : "");
        if (!name.matches() || !args[2].equals("1")) {
            throw new IllegalArgumentException(
                    "expected MODEL DTYPE 1 BACKEND THREADS REPEATS, as sd-vae/256 f32 1 cpu 2 5, got "
                            + Arrays.toString(args));
        }
        VaeConfig config = VaeConfig.stableDiffusion();
        int side = Integer.parseInt(name.group(1)) / config.scale();
        double[] ms = new double[Integer.parseInt(args[5])];
        try (Backend backend = Backends.require(args[3], new BackendOptions(Integer.parseInt(args[4])));
                WorkArena work = new WorkArena(backend);
                RandomVae weights = new RandomVae(config, 1)) {
            VaeModel model =
                    new VaeModel(weights, backend, work.arena(), DType.valueOf(args[1].toUpperCase(Locale.ROOT)));
            System.gc();
            VaeDecoder decoder = new VaeDecoder(model, side, side, work.arena());
            Tensor latents =
                    backend.allocate(work.arena(), DType.F32, Shape.of(1, config.latentChannels(), side, side));
            backend.write(
                    latents, MemorySegment.ofArray(normal((int) latents.shape().elements())));
            Tensor picture = backend.allocate(
                    work.arena(), DType.F32, Shape.of(1, 3, decoder.pictureHeight(), decoder.pictureWidth()));
            decoder.decode(latents, picture);
            backend.synchronize();
            for (int i = 0; i < ms.length; i++) {
                Backend.Mark start = backend.mark();
                decoder.decode(latents, picture);
                ms[i] = backend.mark().millisSince(start);
            }
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("model", args[0]);
            line.put("dtype", args[1]);
            line.put("rows", 1);
            line.put("backend", backend.description());
            DitTimes.put(line, "decode", Arrays.stream(ms));
            line.put("resident_anonymous_mib", DitTimes.anonymousKib() / 1024);
            System.out.println(Json.text(line));
        }
    }

    private static float[] normal(int count) {
        Random random = new Random(1);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
