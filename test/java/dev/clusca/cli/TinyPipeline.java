package dev.clusca.cli;

import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.RandomVae;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.checkpoint.VaeConfig;
import dev.clusca.checkpoint.VaeTensors;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A folder as diffusers publishes pipelines: {@link TinyDit#latents} and an autoencoder that doubles its 16 x 16 latents. */
public final class TinyPipeline {
    /** Height and width of the pictures. */
    static final int SIDE = 32;

    static final VaeConfig VAE = new VaeConfig(4, 3, List.of(4, 8), 1, 2, 0.5, 0.125, true, true);

    private TinyPipeline() {}

    public static Path write(Path folder) {
        TinyDit.latents(folder.resolve("transformer"));
        autoencoder(folder.resolve("vae"), VAE);
        Map<String, Object> labels = new LinkedHashMap<>();
        List<String> names = List.of("circle, ring", "golden retriever", "star", "Otter");
        for (int i = 0; i < names.size(); i++) {
            labels.put(Integer.toString(i), names.get(i));
        }
        json(folder.resolve("model_index.json"), Map.of("_class_name", "DiTPipeline", "id2label", labels));
        json(
                folder.resolve("scheduler/scheduler_config.json"),
                Map.of("beta_start", 0.0001, "beta_end", 0.02, "beta_schedule", "linear", "num_train_timesteps", 1000));
        return folder;
    }

    static Path autoencoder(Path folder, VaeConfig config) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("_class_name", "AutoencoderKL");
        fields.put("latent_channels", config.latentChannels());
        fields.put("block_out_channels", config.blockOutChannels());
        fields.put("layers_per_block", config.layersPerBlock());
        fields.put("norm_num_groups", config.normGroups());
        fields.put("scaling_factor", config.scalingFactor());
        fields.put("shift_factor", config.shiftFactor());
        json(folder.resolve("config.json"), fields);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        RandomVae random = new RandomVae(config, 3);
        VaeTensors.of(config).keySet().forEach(name -> tensors.put(name, random.tensor(name)));
        Safetensors.write(folder.resolve("diffusion_pytorch_model.safetensors"), tensors, Map.of());
        return folder;
    }

    static void json(Path file, Map<String, Object> content) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, Json.pretty(content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
