package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VaeCheckpointTest {
    private static final Path GOLDEN = Path.of(System.getProperty("clusca.golden"), "vae");

    @TempDir
    Path folder;

    @Test
    void readsThePublishedConfiguration() {
        VaeConfig config = VaeConfig.fromJson(GOLDEN.resolve("config.json"));
        assertThat(config).isEqualTo(new VaeConfig(4, 3, List.of(16, 32, 32, 32), 2, 4, 0.18215, 0, true, true));
        assertThat(config.scale()).isEqualTo(8);
        assertThat(config.channels(0)).isEqualTo(32);
        assertThat(config.channels(3)).isEqualTo(16);
        assertThat(config.channelsInto(3)).isEqualTo(32);
    }

    @Test
    void stableDiffusionHasTheTensorsThatArePublished() {
        Map<String, Shape> shapes = VaeTensors.of(VaeConfig.stableDiffusion());
        long parameters = shapes.values().stream().mapToLong(Shape::elements).sum();
        // The decoder of sd-vae-ft-mse has 49,490,179 parameters; post_quant_conv has 20.
        assertThat(parameters).isEqualTo(49_490_179 + 20);
        assertThat(shapes)
                .containsEntry("decoder.up_blocks.2.resnets.0.conv_shortcut.weight", Shape.of(256, 512, 1, 1));
    }

    @Test
    void refusesAnotherAutoencoder() throws IOException {
        assertRefused("\"act_fn\": \"silu\"", "\"act_fn\": \"relu\"", "act_fn = 'relu', expected silu");
        assertRefused("\"norm_num_groups\": 4", "\"norm_num_groups\": 5", "16 channels", "multiple of normGroups, 5");
        assertRefused("\"out_channels\": 3", "\"out_channels\": 4", "outChannels is 4, expected 3");
        assertRefused("\"latents_mean\": null", "\"latents_mean\": [1]", "unknown fields 'latents_mean'");
        assertRefused("\"UpDecoderBlock2D\",", "\"UpBlock\",", "up_block_types", "4 times UpDecoderBlock2D");
        assertRefused("\"latent_channels\"", "\"other\"", "not the configuration of an autoencoder");
        assertRefused("0.18215", "0", "scalingFactor is 0.0");
        assertRefused("16,", "16.5,", "block_out_channels", "list of whole numbers");
    }

    private void assertRefused(String old, String fresh, String... says) throws IOException {
        String text = Files.readString(GOLDEN.resolve("config.json"));
        assertThat(text).contains(old);
        Path file = Files.writeString(folder.resolve("config.json"), text.replaceFirst(old, fresh));
        assertThatThrownBy(() -> VaeConfig.fromJson(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContainingAll(says);
    }

    @Test
    void opensAPipelinesFolder() throws IOException {
        Path vae = Files.createDirectories(folder.resolve("vae"));
        Files.copy(GOLDEN.resolve("config.json"), vae.resolve("config.json"));
        Files.copy(
                GOLDEN.resolve("diffusion_pytorch_model.safetensors"),
                vae.resolve("diffusion_pytorch_model.safetensors"));
        try (VaeCheckpoint opened = VaeCheckpoint.open(folder)) {
            assertThat(opened.tensor("decoder.conv_in.weight")).hasToString("F32[32, 4, 3, 3]");
            assertThatThrownBy(() -> opened.tensor("encoder.conv_in.weight"))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** Names before diffusers 0.13, and an encoder beside the decoder. */
    @Test
    void opensWhatEarlierVersionsWrote() throws IOException {
        Map<String, Tensor> tensors = tensors();
        Map<String, Tensor> earlier = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> earlier.put(
                name.contains("attentions")
                        ? name.replace("to_q", "query")
                                .replace("to_k", "key")
                                .replace("to_v", "value")
                                .replace("to_out.0", "proj_attn")
                        : name,
                tensor));
        earlier.put("encoder.conv_in.weight", tensors.get("decoder.conv_in.weight"));
        earlier.put("quant_conv.bias", tensors.get("post_quant_conv.bias"));
        write(earlier);
        try (VaeCheckpoint opened = VaeCheckpoint.open(folder)) {
            for (String part : new String[] {"to_q.weight", "to_k.bias", "to_v.weight", "to_out.0.weight"}) {
                String name = "decoder.mid_block.attentions.0." + part;
                assertThat(Elements.floats(opened.tensor(name))).isEqualTo(Elements.floats(tensors.get(name)));
            }
        }
    }

    @Test
    void tellsEverythingThatIsWrong() throws IOException {
        Map<String, Tensor> tensors = tensors();
        tensors.remove("decoder.conv_out.bias");
        tensors.put("decoder.conv_in.bias", tensors.get("post_quant_conv.bias"));
        tensors.put("loss.logvar", tensors.get("post_quant_conv.bias"));
        float[] values = Elements.floats(tensors.get("decoder.conv_norm_out.bias"));
        values[1] = Float.NaN;
        tensors.put(
                "decoder.conv_norm_out.bias",
                Tensor.of(MemorySegment.ofArray(values), DType.F32, Shape.of(values.length)));
        write(tensors);
        assertThatThrownBy(() -> VaeCheckpoint.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("missing (1): 'decoder.conv_out.bias' [3]")
                .hasMessageContaining("extra (1): 'loss.logvar'")
                .hasMessageContaining("'decoder.conv_in.bias' is [4], expected [32]")
                .hasMessageContaining("NaN or infinity (1): 'decoder.conv_norm_out.bias'");
    }

    @Test
    void saysThatAConfigurationIsMissing() throws IOException {
        write(tensors());
        Files.delete(folder.resolve("config.json"));
        assertThatThrownBy(() -> VaeCheckpoint.open(folder)).hasMessageContaining("there is no config.json beside");
    }

    private Map<String, Tensor> tensors() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (Checkpoint golden = Safetensors.open(GOLDEN.resolve("diffusion_pytorch_model.safetensors"))) {
            golden.names()
                    .forEach(name -> tensors.put(
                            name,
                            Tensor.of(MemorySegment.ofArray(golden.floats(name)), DType.F32, golden.shape(name))));
        }
        return tensors;
    }

    private void write(Map<String, Tensor> tensors) throws IOException {
        Files.copy(GOLDEN.resolve("config.json"), folder.resolve("config.json"));
        Safetensors.write(folder.resolve("diffusion_pytorch_model.safetensors"), tensors, Map.of());
    }
}
