package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Elements;
import dev.clusca.checkpoint.Json;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The golden decoding passes on the reference backend, and does not once anything of it was changed. */
class VaeSetTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void copy() throws IOException {
        Files.createDirectory(folder.resolve("vae"));
        for (String name : new String[] {"config.json", "decode.safetensors", "diffusion_pytorch_model.safetensors"}) {
            Files.copy(
                    Verify.golden().resolve("vae").resolve(name),
                    folder.resolve("vae").resolve(name));
        }
    }

    private Verify.Outcome verify(String op) {
        return Verify.run("--backend", "reference", "--golden", folder.toString(), "--op", op);
    }

    private void change(String name, Consumer<Map<String, Tensor>> change) throws IOException {
        Path file = folder.resolve("vae").resolve(name);
        Path changed = folder.resolve("changed");
        try (Checkpoint values = Safetensors.open(file)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            values.names().forEach(key -> tensors.put(key, values.tensor(key)));
            change.accept(tensors);
            Safetensors.write(changed, tensors, values.metadata());
        }
        Files.move(changed, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void scale(Map<String, Tensor> tensors, String key, float by) {
        Tensor old = tensors.get(key);
        assertThat(old).isNotNull();
        float[] values = Elements.floats(old);
        for (int i = 0; i < values.length; i++) {
            values[i] *= by;
        }
        tensors.put(key, Tensor.of(MemorySegment.ofArray(values), DType.F32, old.shape()));
    }

    @Test
    void everyPartPasses() {
        Verify.Outcome outcome = verify("^vae/");
        outcome.isClean();
        assertThat(outcome.lastLine()).startsWith("8 cases: 8 passed");
    }

    @Test
    void weightsMayLieInShards() throws IOException {
        String whole = "diffusion_pytorch_model.safetensors";
        Path vae = folder.resolve("vae");
        Map<String, Object> map = new LinkedHashMap<>();
        try (Checkpoint weights = Safetensors.open(vae.resolve(whole))) {
            weights.names().forEach(name -> map.put(name, "shard.safetensors"));
        }
        Files.move(vae.resolve(whole), vae.resolve("shard.safetensors"));
        Files.writeString(vae.resolve(whole + ".index.json"), Json.pretty(Map.of("weight_map", map)));
        verify("^vae/").isClean();
    }

    @Test
    void anotherPictureFails() throws IOException {
        change("decode.safetensors", tensors -> scale(tensors, "out.image", 1.0003f));
        verify("^vae/image").failedWith("relative L2 error", "above 0.0001");
        verify("^vae/up_block3").isClean();
    }

    @Test
    void anotherWeightFailsFromItsPartOn() throws IOException {
        change(
                "diffusion_pytorch_model.safetensors",
                tensors -> scale(tensors, "decoder.up_blocks.1.resnets.2.conv2.weight", 1.001f));
        verify("^vae/up_block0").isClean();
        verify("^vae/up_block1").failedWith("relative L2 error");
    }

    @Test
    void aMissingKeyFails() throws IOException {
        change(
                "decode.safetensors",
                tensors -> assertThat(tensors.remove("out.mid_block")).isNotNull());
        verify("^vae/mid_block").failedWith("the key 'out.mid_block' is missing");
    }
}
