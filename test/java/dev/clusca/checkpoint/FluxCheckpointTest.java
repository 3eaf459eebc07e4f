package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.tensor.Bf16;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FluxCheckpointTest {
    private static final Path GOLDEN = Path.of(System.getProperty("clusca.golden"), "flux");
    private static final Path WEIGHTS = GOLDEN.resolve("flux-weights.safetensors");

    @TempDir
    Path folder;

    private static FluxConfig golden() {
        try (Checkpoint forward = Safetensors.open(GOLDEN.resolve("flux-forward.safetensors"))) {
            return FluxConfig.fromMetadata(forward.metadata(), forward.source());
        }
    }

    @Test
    void readsTheConfigurationAsPythonPrintsIt() {
        assertThat(golden())
                .isEqualTo(new FluxConfig(16, 16, 24, 40, 96, 4, 3, 2, 3, List.of(8, 12, 12), 10_000, true, true));
    }

    @Test
    void opensOfficialNamesBehindAPrefix() {
        try (FluxCheckpoint model = FluxCheckpoint.openAs(WEIGHTS, golden());
                Checkpoint raw = Safetensors.open(WEIGHTS)) {
            assertThat(model.naming()).isEqualTo(new FluxNaming(FluxNaming.Style.OFFICIAL, "model."));
            FluxTensors.of(model.config()).forEach((name, shape) -> {
                assertThat(model.tensor(name).shape()).isEqualTo(shape);
                assertThat(Elements.floats(model.tensor(name))).isEqualTo(raw.floats("model." + name));
            });
            assertThat(FluxTensors.of(model.config())).hasSameSizeAs(raw.names());
            assertThatThrownBy(() -> model.tensor("double_blocks.2.img_mod.lin.weight"))
                    .hasMessage("this FLUX has no tensor 'double_blocks.2.img_mod.lin.weight'");
        }
    }

    /** The golden model, taken apart as diffusers' conversion script does it. */
    private Path writeDiffusers() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (FluxCheckpoint model = FluxCheckpoint.openAs(WEIGHTS, golden())) {
            FluxTensors.of(model.config()).keySet().forEach(name -> convert(name, model.tensor(name), tensors));
            Safetensors.write(folder.resolve("diffusion_pytorch_model.safetensors"), tensors, Map.of());
        }
        Files.writeString(folder.resolve("config.json"), """
                {"_class_name": "FluxTransformer2DModel", "patch_size": 1, "in_channels": 16, "num_layers": 2,
                 "num_single_layers": 3, "attention_head_dim": 32, "num_attention_heads": 3, "joint_attention_dim": 40,
                 "pooled_projection_dim": 24, "guidance_embeds": true, "axes_dims_rope": [8, 12, 12]}
                """);
        return folder;
    }

    private static void convert(String name, Tensor tensor, Map<String, Tensor> tensors) {
        String kind = name.substring(name.lastIndexOf('.'));
        Map<String, List<String>> fused = Map.of(
                "img_attn.qkv", List.of("attn.to_q", "attn.to_k", "attn.to_v"),
                "txt_attn.qkv", List.of("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
                "linear1", List.of("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"));
        for (Map.Entry<String, List<String>> entry : fused.entrySet()) {
            if (name.endsWith("." + entry.getKey() + kind)) {
                String block = name.substring(0, name.length() - (entry.getKey() + kind).length())
                        .replace("double_blocks", "transformer_blocks")
                        .replaceFirst("^single_blocks", "single_transformer_blocks");
                long at = 0;
                for (String part : entry.getValue()) {
                    long rows = part.equals("proj_mlp") ? 384 : 96;
                    tensors.put(block + part + kind, tensor.rows(at, rows));
                    at += rows;
                }
                assertThat(at).isEqualTo(tensor.shape().dim(0));
                return;
            }
        }
        if (name.startsWith("final_layer.adaLN_modulation.1")) {
            float[] values = Elements.floats(tensor);
            float[] exchanged = new float[values.length];
            int half = values.length / 2;
            System.arraycopy(values, half, exchanged, 0, half);
            System.arraycopy(values, 0, exchanged, half, half);
            tensors.put(
                    "norm_out.linear" + kind, Tensor.of(MemorySegment.ofArray(exchanged), DType.F32, tensor.shape()));
            return;
        }
        String renamed = name.replace("img_in.", "x_embedder.")
                .replace("txt_in.", "context_embedder.")
                .replace("time_in.", "time_text_embed.timestep_embedder.")
                .replace("guidance_in.", "time_text_embed.guidance_embedder.")
                .replace("vector_in.", "time_text_embed.text_embedder.")
                .replace("in_layer", "linear_1")
                .replace("out_layer", "linear_2")
                .replaceFirst("^double_blocks", "transformer_blocks")
                .replaceFirst("^single_blocks", "single_transformer_blocks")
                .replace("img_mod.lin", "norm1.linear")
                .replace("txt_mod.lin", "norm1_context.linear")
                .replace("img_attn.norm.query_norm.scale", "attn.norm_q.weight")
                .replace("img_attn.norm.key_norm.scale", "attn.norm_k.weight")
                .replace("txt_attn.norm.query_norm.scale", "attn.norm_added_q.weight")
                .replace("txt_attn.norm.key_norm.scale", "attn.norm_added_k.weight")
                .replace("img_attn.proj", "attn.to_out.0")
                .replace("txt_attn.proj", "attn.to_add_out")
                .replace("img_mlp.0", "ff.net.0.proj")
                .replace("img_mlp.2", "ff.net.2")
                .replace("txt_mlp.0", "ff_context.net.0.proj")
                .replace("txt_mlp.2", "ff_context.net.2")
                .replace("modulation.lin", "norm.linear")
                .replace("norm.query_norm.scale", "attn.norm_q.weight")
                .replace("norm.key_norm.scale", "attn.norm_k.weight")
                .replace("linear2", "proj_out")
                .replace("final_layer.linear", "proj_out");
        tensors.put(renamed, tensor);
    }

    @Test
    void readsDiffusersNames() throws IOException {
        try (FluxCheckpoint official = FluxCheckpoint.openAs(WEIGHTS, golden());
                FluxCheckpoint diffusers = FluxCheckpoint.open(writeDiffusers())) {
            assertThat(diffusers.config()).isEqualTo(official.config());
            assertThat(diffusers.naming().style()).isEqualTo(FluxNaming.Style.DIFFUSERS);
            FluxTensors.of(official.config())
                    .keySet()
                    .forEach(name -> assertThat(Elements.floats(diffusers.tensor(name)))
                            .as(name)
                            .isEqualTo(Elements.floats(official.tensor(name))));
        }
    }

    /** Queries in F16, which become F32, beside keys and values in BF16: joined, they are F32. */
    @Test
    void joinsPartsOfDifferentTypes() throws IOException {
        writeDiffusers();
        Path file = folder.resolve("diffusion_pytorch_model.safetensors");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        float[] expected;
        try (Checkpoint stored = Safetensors.open(file)) {
            expected = stored.floats("transformer_blocks.0.attn.to_k.weight");
            short[] rounded = new short[expected.length];
            for (int i = 0; i < rounded.length; i++) {
                rounded[i] = Bf16.fromFloat(expected[i]);
                expected[i] = Bf16.toFloat(rounded[i]);
            }
            stored.names().forEach(name -> tensors.put(name, stored.tensor(name)));
            tensors.put(
                    "transformer_blocks.0.attn.to_k.weight",
                    Tensor.of(MemorySegment.ofArray(rounded), DType.BF16, Shape.of(96, 96)));
            Safetensors.write(folder.resolve("mixed.safetensors"), tensors, Map.of());
        }
        try (FluxCheckpoint mixed = FluxCheckpoint.openAs(folder.resolve("mixed.safetensors"), golden());
                FluxCheckpoint official = FluxCheckpoint.openAs(WEIGHTS, golden())) {
            Tensor qkv = mixed.tensor("double_blocks.0.img_attn.qkv.weight");
            assertThat(qkv).hasToString("F32[288, 96]");
            assertThat(Elements.floats(qkv.rows(96, 96))).isEqualTo(expected);
            assertThat(Elements.floats(qkv.rows(0, 96)))
                    .isEqualTo(Elements.floats(official.tensor("double_blocks.0.img_attn.qkv.weight")
                            .rows(0, 96)));
        }
    }

    private void write(FluxConfig config, Map<String, Tensor> changes, String... removed) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        RandomFlux random = new RandomFlux(config, 1);
        FluxTensors.of(config).keySet().forEach(name -> tensors.put(name, random.tensor(name)));
        tensors.putAll(changes);
        List.of(removed).forEach(tensors::remove);
        Safetensors.write(folder.resolve("flux.safetensors"), tensors, Map.of());
    }

    private static final FluxConfig PUBLISHED_HEADS =
            new FluxConfig(8, 12, 6, 10, 128, 2, 1, 1, 2, List.of(16, 56, 56), 10_000, false, true);

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shapesTellTheConfiguration(boolean guidance) {
        FluxConfig config =
                new FluxConfig(8, 12, 6, 10, 128, 2, 1, 1, 2, List.of(16, 56, 56), 10_000, guidance, guidance);
        write(config, Map.of());
        try (FluxCheckpoint model = FluxCheckpoint.open(folder)) {
            assertThat(model.config()).isEqualTo(config);
        }
    }

    @Test
    void otherHeadsNeedAConfiguration() {
        assertThatThrownBy(() -> FluxCheckpoint.open(WEIGHTS))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("a head has 32 channels, not the 128 of the published models")
                .hasMessageContaining("config.json");
    }

    @Test
    void namesEverythingThatIsWrongAtOnce() {
        float[] values = new float[128];
        values[3] = Float.NaN;
        write(
                PUBLISHED_HEADS,
                Map.of(
                        "extra.weight", Tensor.of(MemorySegment.ofArray(new float[4]), DType.F32, Shape.of(4)),
                        "txt_in.bias", Tensor.of(MemorySegment.ofArray(values), DType.F32, Shape.of(128)),
                        "single_blocks.1.linear2.bias",
                                Tensor.of(MemorySegment.ofArray(new float[4]), DType.F32, Shape.of(4))),
                "double_blocks.0.txt_attn.proj.weight");
        assertThatThrownBy(() -> FluxCheckpoint.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("is not the FLUX that its configuration describes")
                .hasMessageContaining("missing (1): 'double_blocks.0.txt_attn.proj.weight' [128, 128]")
                .hasMessageContaining("extra (1): 'extra.weight'")
                .hasMessageContaining("'single_blocks.1.linear2.bias' is [4], expected [128]")
                .hasMessageContaining("holding NaN or infinity (1): 'txt_in.bias'");
    }

    @Test
    void findsNaNWhenATensorIsLookedAt() {
        float[] values = new float[128];
        values[3] = Float.POSITIVE_INFINITY;
        write(
                PUBLISHED_HEADS,
                Map.of("txt_in.bias", Tensor.of(MemorySegment.ofArray(values), DType.F32, Shape.of(128))));
        try (FluxCheckpoint model = FluxCheckpoint.open(folder)) {
            assertThat(model.tensor("img_in.bias")).hasToString("F32[128]");
            assertThatThrownBy(() -> model.tensor("txt_in.bias"))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("holding NaN or infinity (1): 'txt_in.bias'");
        }
    }

    @Test
    void tellsWhatIsNoFlux() {
        assertThatThrownBy(() -> FluxCheckpoint.open(
                        Path.of(System.getProperty("clusca.golden"), "dit/dit-weights.safetensors")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("holds no FLUX: none of its tensors has an official name");
        assertThatThrownBy(() -> FluxConfig.fromJson(
                        Path.of(System.getProperty("clusca.golden"), "dit-diffusers/transformer/config.json")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(
                        "is not the configuration of a FLUX model: it has no num_single_layers; it is that of a DiT, and 'clusca sample' makes images with it");
    }

    @Test
    void axesShareAHead() {
        assertThatThrownBy(() -> new FluxConfig(16, 16, 24, 40, 96, 4, 3, 2, 3, List.of(8, 12, 10), 10_000, true, true))
                .hasMessage(
                        "not a FLUX configuration: axesDim [8, 12, 10] has 30 channels in all, expected those of a head, 32");
        assertThatThrownBy(() -> new FluxConfig(16, 16, 24, 40, 96, 4, 3, 2, 0, List.of(8, 12, 12), 10_000, true, true))
                .hasMessageContaining("depthSingleBlocks is 0, expected 1 to");
    }
}
