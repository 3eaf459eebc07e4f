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
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DitCheckpointTest {
    private static final Path GOLDEN = Path.of(System.getProperty("clusca.golden"));
    private static final Path DIFFUSERS = GOLDEN.resolve("dit-diffusers/transformer");
    private static final DitConfig TINY =
            new DitConfig(4, 2, 1, 8, 2, 2, 2.0, 3, true, true, 1e-6, 0, 1, false, List.of());

    @TempDir
    Path folder;

    @Test
    void opensTheDemoModel() {
        try (DitCheckpoint model =
                DitCheckpoint.open(Path.of(System.getProperty("clusca.root"), "models/shapes-dit"))) {
            assertThat(model.config().depth()).isEqualTo(8);
            assertThat(model.naming()).isEqualTo(new DitNaming(DitNaming.Style.OFFICIAL, ""));
            assertThat(model.tensor("blocks.7.mlp.fc1.weight")).hasToString("BF16[768, 192]");
            assertThat(model.positions()).hasToString("F32[1, 256, 192]");
            assertThatThrownBy(() -> model.tensor("blocks.8.mlp.fc1.weight"))
                    .hasMessageContaining("depth 8")
                    .hasMessageContaining("'blocks.8.mlp.fc1.weight'");
        }
    }

    @Test
    void opensOfficialNamesBehindAPrefix() {
        DitConfig config;
        try (Checkpoint forward = Safetensors.open(GOLDEN.resolve("dit/dit-forward.safetensors"))) {
            config = DitConfig.fromMetadata(forward.metadata(), forward.source());
        }
        try (DitCheckpoint model = DitCheckpoint.openAs(GOLDEN.resolve("dit/dit-weights.safetensors"), config);
                Checkpoint raw = Safetensors.open(GOLDEN.resolve("dit/dit-weights.safetensors"))) {
            assertThat(model.naming()).isEqualTo(new DitNaming(DitNaming.Style.OFFICIAL, "model."));
            assertThat(Elements.floats(model.tensor("final_layer.linear.weight")))
                    .isEqualTo(raw.floats("model.final_layer.linear.weight"));
        }
    }

    @Test
    void joinsDiffusersQueriesKeysAndValues() {
        try (DitCheckpoint model = DitCheckpoint.open(DIFFUSERS);
                Checkpoint raw = Safetensors.open(DIFFUSERS.resolve("diffusion_pytorch_model.safetensors"))) {
            assertThat(model.naming()).isEqualTo(new DitNaming(DitNaming.Style.DIFFUSERS, ""));
            assertThat(model.positions()).isNull();
            float[] qkv = Elements.floats(model.tensor("blocks.2.attn.qkv.weight"));
            int third = 72 * 72;
            assertThat(Arrays.copyOfRange(qkv, 0, third))
                    .isEqualTo(raw.floats("transformer_blocks.2.attn1.to_q.weight"));
            assertThat(Arrays.copyOfRange(qkv, third, 2 * third))
                    .isEqualTo(raw.floats("transformer_blocks.2.attn1.to_k.weight"));
            assertThat(Arrays.copyOfRange(qkv, 2 * third, 3 * third))
                    .isEqualTo(raw.floats("transformer_blocks.2.attn1.to_v.weight"));
            assertThat(model.tensor("blocks.0.attn.qkv.bias")).hasToString("F32[216]");
            DitTensors.of(model.config())
                    .forEach((name, shape) ->
                            assertThat(model.tensor(name).shape()).isEqualTo(shape));
        }
    }

    @Test
    void findsAPipelinesTransformer() {
        try (DitCheckpoint model = DitCheckpoint.open(GOLDEN.resolve("dit-diffusers"))) {
            assertThat(model.source()).endsWith("diffusion_pytorch_model.safetensors");
        }
    }

    @Test
    void takesTheConfigurationFromTheMetadata() {
        Map<String, String> metadata = Map.of(
                "input_size",
                "4",
                "patch_size",
                "2",
                "in_channels",
                "1",
                "hidden_size",
                "8",
                "depth",
                "2",
                "num_heads",
                "2",
                "mlp_ratio",
                "2.0",
                "num_classes",
                "3",
                "learn_sigma",
                "True",
                "note",
                "any");
        Path file = folder.resolve("tiny.safetensors");
        Safetensors.write(file, tiny(), metadata);
        try (DitCheckpoint model = DitCheckpoint.open(file)) {
            assertThat(model.config()).isEqualTo(TINY);
        }
    }

    @Test
    void convertsHalfAndDoubleToFloat() {
        Map<String, Tensor> tensors = tiny();
        tensors.put("x_embedder.proj.bias", SafetensorsTest.tensor(DType.F64, Shape.of(8), b -> b.putDouble(0, 0.1)));
        tensors.put(
                "final_layer.linear.bias",
                SafetensorsTest.tensor(DType.F16, Shape.of(8), b -> b.putShort(Float.floatToFloat16(0.5f))));
        Path file = folder.resolve("mixed.safetensors");
        Safetensors.write(file, tensors, Map.of());
        try (DitCheckpoint model = DitCheckpoint.openAs(file, TINY)) {
            assertThat(model.tensor("x_embedder.proj.bias").dtype()).isEqualTo(DType.F32);
            assertThat(Elements.floats(model.tensor("x_embedder.proj.bias"))[0]).isEqualTo(0.1f);
            assertThat(Elements.floats(model.tensor("final_layer.linear.bias"))[0])
                    .isEqualTo(0.5f);
        }
    }

    @Test
    void namesEverythingThatIsWrongAtOnce() {
        Map<String, Tensor> tensors = tiny();
        tensors.remove("blocks.0.attn.qkv.bias");
        tensors.remove("final_layer.linear.weight");
        tensors.put("blocks.2.attn.qkv.bias", zeros(24));
        tensors.put("something", zeros(1));
        tensors.put("blocks.1.mlp.fc1.weight", zeros(8, 16));
        tensors.put("x_embedder.proj.bias", SafetensorsTest.tensor(DType.I32, Shape.of(8), b -> {}));
        tensors.put(
                "t_embedder.mlp.0.bias",
                SafetensorsTest.tensor(DType.BF16, Shape.of(8), b -> b.putShort(6, (short) 0x7fc0)));
        tensors.put(
                "t_embedder.mlp.2.bias",
                SafetensorsTest.tensor(DType.F32, Shape.of(8), b -> b.putFloat(28, Float.NEGATIVE_INFINITY)));
        tensors.put("pos_embed", zeros(1, 5, 8));
        Path file = folder.resolve("wrong.safetensors");
        Safetensors.write(file, tensors, Map.of());
        assertThatThrownBy(() -> DitCheckpoint.openAs(file, TINY))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContainingAll(
                        "wrong.safetensors is not the DiT",
                        "missing (2): 'blocks.0.attn.qkv.bias' [24]; 'final_layer.linear.weight' [8, 8]",
                        "extra (2): 'blocks.2.attn.qkv.bias'; 'something'",
                        "of another shape (2): 'blocks.1.mlp.fc1.weight' is [8, 16], expected [16, 8]; 'pos_embed' is [1, 5, 8], expected [1, 4, 8]",
                        "of another type (1): 'x_embedder.proj.bias' is I32",
                        "holding NaN or infinity (2): 't_embedder.mlp.0.bias'; 't_embedder.mlp.2.bias'");
    }

    @Test
    void findsTheSmallestAndLargestOfEachTypeThatAreNotFinite() {
        for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16, DType.F64)) {
            for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
                Map<String, Tensor> tensors = tiny();
                tensors.put("x_embedder.proj.bias", floats(dtype, 7, value));
                Path file = folder.resolve("nan.safetensors");
                Safetensors.write(file, tensors, Map.of());
                try (DitCheckpoint opened = DitCheckpoint.openAs(file, TINY)) {
                    assertThat(opened.tensor("x_embedder.proj.weight")).isNotNull();
                    for (ThrowingCallable look : List.<ThrowingCallable>of(
                            opened::checkValues, () -> opened.tensor("x_embedder.proj.bias"))) {
                        assertThatThrownBy(look)
                                .as("%s %s", dtype, value)
                                .isInstanceOf(CheckpointException.class)
                                .hasMessageContaining("holding NaN or infinity (1): 'x_embedder.proj.bias'");
                    }
                }
            }
        }
    }

    /** Whichever of them is looked at first. */
    @Test
    void namesAllTensorsThatAreNotFinite() {
        Map<String, Tensor> tensors = tiny();
        tensors.put("x_embedder.proj.bias", floats(DType.F32, 7, Double.NaN));
        tensors.put("t_embedder.mlp.2.bias", floats(DType.F32, 3, Double.NaN));
        Path file = folder.resolve("nan.safetensors");
        Safetensors.write(file, tensors, Map.of());
        try (DitCheckpoint opened = DitCheckpoint.openAs(file, TINY)) {
            assertThatThrownBy(() -> opened.tensor("x_embedder.proj.bias"))
                    .hasMessageContaining(
                            "holding NaN or infinity (2): 'x_embedder.proj.bias'; 't_embedder.mlp.2.bias'");
        }
    }

    @Test
    void refusesUnequalCopiesOfAnEmbedder() throws IOException {
        Path weights = DIFFUSERS.resolve("diffusion_pytorch_model.safetensors");
        Map<String, Tensor> tensors = new HashMap<>();
        try (Checkpoint raw = Safetensors.open(weights)) {
            raw.names().forEach(name -> tensors.put(name, raw.tensor(name)));
            String name = "transformer_blocks.1.norm1.emb.class_embedder.embedding_table.weight";
            float[] table = raw.floats(name);
            table[3] = Math.nextUp(table[3]);
            tensors.put(name, Tensor.of(MemorySegment.ofArray(table), DType.F32, raw.shape(name)));
            Files.copy(DIFFUSERS.resolve("config.json"), folder.resolve("config.json"));
            Safetensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
        }
        assertThatThrownBy(() -> DitCheckpoint.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(
                        "unequal copies (1): 'transformer_blocks.1.norm1.emb.class_embedder.embedding_table.weight' differs from 'transformer_blocks.0.");
    }

    @Test
    void refusesTwoModelsSideBySide() {
        Map<String, Tensor> tensors = new HashMap<>();
        tiny().forEach((name, tensor) -> {
            tensors.put("ema." + name, tensor);
            tensors.put("model." + name, tensor);
        });
        Path file = folder.resolve("two.safetensors");
        Safetensors.write(file, tensors, Map.of());
        assertThatThrownBy(() -> DitCheckpoint.openAs(file, TINY))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("'ema.' and 'model.'");
    }

    @Test
    void saysWhatAFolderLacks() throws IOException {
        assertThatThrownBy(() -> DitCheckpoint.open(folder.resolve("absent")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("does not exist");
        assertThatThrownBy(() -> DitCheckpoint.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("no .safetensors file");
        Safetensors.write(folder.resolve("a.safetensors"), tiny(), Map.of());
        assertThatThrownBy(() -> DitCheckpoint.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("no configuration")
                .hasMessageContaining("config.json");
        Safetensors.write(folder.resolve("b.safetensors"), Map.of("other", zeros(1)), Map.of());
        assertThatThrownBy(() -> DitCheckpoint.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("(a.safetensors, b.safetensors)");
        assertThatThrownBy(() -> DitCheckpoint.openAs(folder.resolve("b.safetensors"), TINY))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("holds no DiT")
                .hasMessageContaining("'other'");
    }

    private static Map<String, Tensor> tiny() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        DitTensors.of(TINY).forEach((name, shape) -> tensors.put(name, zeros(shape.toArray())));
        return tensors;
    }

    private static Tensor zeros(long... dims) {
        Shape shape = Shape.of(dims);
        return Tensor.of(MemorySegment.ofArray(new float[(int) shape.elements()]), DType.F32, shape);
    }

    /** Eight numbers of which the one at {@code index} is {@code value}. */
    private static Tensor floats(DType dtype, int index, double value) {
        return SafetensorsTest.tensor(dtype, Shape.of(8), b -> {
            int at = index * dtype.bytes();
            Objects.requireNonNull(
                    switch (dtype) {
                        case F32 -> b.putFloat(at, (float) value);
                        case BF16 -> b.putShort(at, Bf16.fromFloat((float) value));
                        case F16 -> b.putShort(at, Float.floatToFloat16((float) value));
                        case F64 -> b.putDouble(at, value);
                        case I32, I64 -> throw new IllegalArgumentException();
                    });
        });
    }
}
