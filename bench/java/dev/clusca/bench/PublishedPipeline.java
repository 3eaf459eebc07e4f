package dev.clusca.bench;

import dev.clusca.backend.Backend;
import dev.clusca.backend.BackendOptions;
import dev.clusca.backend.Backends;
import dev.clusca.checkpoint.DitConfig;
import dev.clusca.checkpoint.DitTensors;
import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.RandomDit;
import dev.clusca.checkpoint.RandomVae;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.checkpoint.VaeConfig;
import dev.clusca.checkpoint.VaeTensors;
import dev.clusca.model.dit.DitModel;
import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * A DiT-XL/2 with Stable Diffusion's autoencoder, of the published shapes and names with random weights in bfloat16, and how long it takes to load: our side of {@code pipeline.sh}.
 *
 * <pre>
 *   java -cp clusca-bench.jar dev.clusca.bench.PublishedPipeline write FOLDER SIDE    pictures of 256 or 512 pixels
 *   java -cp clusca-bench.jar dev.clusca.bench.PublishedPipeline load FOLDER DTYPE    prints seconds from opening the file to the packed model
 * </pre>
 */
public final class PublishedPipeline {
    private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";

    private PublishedPipeline() {}

    static void main(String[] args) throws IOException {
        if (args.length != 3 || !args[0].matches("write|load")) {
            throw new IllegalArgumentException(
                    "expected write FOLDER SIDE or load FOLDER DTYPE, got " + Arrays.toString(args));
        }
        Path folder = Path.of(args[1]);
        if (args[0].equals("write")) {
            write(folder, Integer.parseInt(args[2]));
        } else {
            System.out.printf(Locale.ROOT, "%.3f%n", load(folder, DType.valueOf(args[2].toUpperCase(Locale.ROOT))));
        }
    }

    private static void write(Path folder, int side) throws IOException {
        DitConfig config = DitConfig.of("dit-xl/2", side);
        Files.createDirectories(folder.resolve("transformer"));
        Files.createDirectories(folder.resolve("vae"));
        Files.writeString(
                folder.resolve("transformer/config.json"),
                Json.pretty(Map.of(
                        "input_size", config.inputSize(),
                        "patch_size", config.patchSize(),
                        "in_channels", config.inChannels(),
                        "hidden_size", config.hiddenSize(),
                        "depth", config.depth(),
                        "num_heads", config.numHeads(),
                        "num_classes", config.numClasses())));
        RandomDit dit = new RandomDit(config, 1);
        weights(folder.resolve("transformer"), DitTensors.of(config).keySet(), dit::tensor);
        VaeConfig decoder = VaeConfig.stableDiffusion();
        Files.writeString(
                folder.resolve("vae/config.json"),
                Json.pretty(Map.of(
                        "_class_name", "AutoencoderKL",
                        "latent_channels", decoder.latentChannels(),
                        "layers_per_block", decoder.layersPerBlock(),
                        "block_out_channels", decoder.blockOutChannels())));
        RandomVae vae = new RandomVae(decoder, 2);
        weights(folder.resolve("vae"), VaeTensors.of(decoder).keySet(), vae::tensor);
    }

    private static void weights(Path folder, Set<String> names, Function<String, Tensor> tensor) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        names.parallelStream()
                .map(name -> Map.entry(name, halves(tensor.apply(name))))
                .toList()
                .forEach(entry -> tensors.put(entry.getKey(), entry.getValue()));
        Safetensors.write(folder.resolve(WEIGHTS), tensors, Map.of());
    }

    private static Tensor halves(Tensor floats) {
        long elements = floats.shape().elements();
        MemorySegment from = floats.memory();
        MemorySegment to = Arena.ofAuto().allocate(elements * DType.BF16.bytes(), 64);
        for (long i = 0; i < elements; i++) {
            to.setAtIndex(ValueLayout.JAVA_SHORT, i, Bf16.fromFloat(from.getAtIndex(ValueLayout.JAVA_FLOAT, i)));
        }
        return Tensor.of(to, DType.BF16, floats.shape());
    }

    private static double load(Path folder, DType dtype) {
        try (Backend backend = Backends.require("cpu", new BackendOptions(0));
                Arena arena = Arena.ofShared()) {
            long began = System.nanoTime();
            DitModel.load(folder.resolve("transformer"), backend, arena, dtype);
            return (System.nanoTime() - began) * 1e-9;
        }
    }
}
