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
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What it takes to decode one picture with Stable Diffusion's autoencoder at its published size, random weights, as one JSON line. The first decoding warms up and does not count.
 *
 * <pre>
 *   java -cp clusca-bench.jar dev.clusca.bench.DecodeTimes DTYPE SIZE THREADS REPEATS
 *   SIZE    height and width of the picture in pixels: 256 or 512
 * </pre>
 */
public final class DecodeTimes {
    private DecodeTimes() {}

    static void main(String[] args) {
        if (args.length != 4) {
            throw new IllegalArgumentException("expected DTYPE SIZE THREADS REPEATS, got " + Arrays.toString(args));
        }
        DType dtype = DType.valueOf(args[0].toUpperCase(Locale.ROOT));
        VaeConfig config = VaeConfig.stableDiffusion();
        int side = Integer.parseInt(args[1]) / config.scale();
        double[] ms = new double[Integer.parseInt(args[3])];
        try (Backend backend = Backends.require("cpu", new BackendOptions(Integer.parseInt(args[2])));
                WorkArena work = new WorkArena(backend);
                RandomVae weights = new RandomVae(config, 1)) {
            VaeModel model = new VaeModel(weights, backend, work.arena(), dtype);
            VaeDecoder decoder = new VaeDecoder(model, side, side, work.arena());
            Tensor latents =
                    backend.allocate(work.arena(), DType.F32, Shape.of(1, config.latentChannels(), side, side));
            backend.write(
                    latents,
                    MemorySegment.ofArray(new float[(int) latents.shape().elements()]));
            Tensor picture = backend.allocate(
                    work.arena(), DType.F32, Shape.of(1, 3, decoder.pictureHeight(), decoder.pictureWidth()));
            decoder.decode(latents, picture);
            for (int i = 0; i < ms.length; i++) {
                Backend.Mark start = backend.mark();
                decoder.decode(latents, picture);
                ms[i] = backend.mark().millisSince(start);
            }
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("who", "clusca");
            line.put("dtype", args[0]);
            line.put("size", decoder.pictureHeight());
            line.put("threads", args[2]);
            line.put("device", backend.description());
            line.put("ms", Arrays.stream(ms).boxed().toList());
            line.put("best_ms", Arrays.stream(ms).min().orElse(Double.NaN));
            System.out.println(Json.text(line));
        }
    }
}
