package dev.clusca.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardedSafetensorsTest {
    private static final Path DIFFUSERS = Path.of(System.getProperty("clusca.golden"), "dit-diffusers", "transformer");
    private static final String INDEX = "diffusion_pytorch_model.safetensors.index.json";

    @TempDir
    Path folder;

    @Test
    void isTheCheckpointThatWasCut() throws IOException {
        cut();
        Files.copy(DIFFUSERS.resolve("config.json"), folder.resolve("config.json"));
        try (DitCheckpoint whole = DitCheckpoint.open(DIFFUSERS);
                DitCheckpoint cut = DitCheckpoint.open(folder)) {
            for (String name : DitTensors.of(whole.config()).keySet()) {
                assertThat(Elements.floats(cut.tensor(name))).isEqualTo(Elements.floats(whole.tensor(name)));
            }
            assertThat(whole.files())
                    .containsExactly(
                            DIFFUSERS.resolve("diffusion_pytorch_model.safetensors"), DIFFUSERS.resolve("config.json"));
            assertThat(cut.files())
                    .containsExactlyInAnyOrder(
                            folder.resolve(INDEX),
                            folder.resolve(file(0)),
                            folder.resolve(file(1)),
                            folder.resolve("config.json"));
        }
        try (Checkpoint cut = Checkpoints.open(folder.resolve(INDEX))) {
            assertThat(cut.toString()).contains(" tensors in 2 files)");
            String first = cut.names().getFirst();
            assertThat(cut.storedType(first)).isEqualTo("F32");
            assertThat(cut.bytes(first)).isEqualTo(4 * cut.shape(first).elements());
            assertThatThrownBy(() -> cut.tensor("none")).hasMessageContaining("has no tensor 'none'");
        }
    }

    @Test
    void saysWhereIndexAndFilesDisagree() throws IOException {
        one("a.safetensors", "x", "y");
        index(Map.of("x", "a.safetensors", "z", "a.safetensors"));
        assertThatThrownBy(() -> Checkpoints.open(folder.resolve(INDEX)))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("'z' is not in ")
                .hasMessageContaining("'y' is in a.safetensors, where the index does not have it")
                .hasMessageContaining("fetch the index and all its files again");
    }

    @Test
    void saysThatAFileIsMissing() throws IOException {
        one("a.safetensors", "x");
        index(Map.of("x", "a.safetensors", "z", "b.safetensors"));
        assertThatThrownBy(() -> Checkpoints.open(folder.resolve(INDEX)))
                .hasMessageContaining("b.safetensors does not exist");
    }

    @Test
    void anIndexReachesIntoNoOtherFolder() throws IOException {
        for (String name :
                List.of("../a.safetensors", "/etc/a.safetensors", "s/a.safetensors", ".a.safetensors", "a.bin")) {
            index(Map.of("x", name));
            assertThatThrownBy(() -> Checkpoints.open(folder.resolve(INDEX)))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("'" + name + "'")
                    .hasMessageContaining("plain name of a .safetensors file");
        }
    }

    /** Whatever an index says, it is read, or refused with a sentence. */
    @Test
    void spoiltIndicesAreRefusedWithASentence() throws IOException {
        cut();
        byte[] good = Files.readAllBytes(folder.resolve(INDEX));
        Random random = new Random(5);
        int refused = 0;
        for (int i = 0; i < 400; i++) {
            byte[] spoilt = good.clone();
            for (int k = 0; k <= random.nextInt(4); k++) {
                spoilt[random.nextInt(spoilt.length)] = (byte) "{}[]\":,x0. \n\\".charAt(random.nextInt(13));
            }
            Files.write(folder.resolve(INDEX), spoilt);
            try (Checkpoint read = Checkpoints.open(folder.resolve(INDEX))) {
                assertThat(read.names()).isNotEmpty();
            } catch (CheckpointException e) {
                assertThat(e.getMessage()).contains(folder.toString());
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(200);
    }

    @Test
    void aPickleIsRefusedByName() throws IOException {
        for (String begin : List.of(
                "PK\u0003\u0004\u0000\u0000\b\b\u0000\u0000archive",
                "\u0080\u0002\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019.")) {
            Path file = folder.resolve("model.pt");
            Files.write(file, begin.getBytes(StandardCharsets.ISO_8859_1));
            assertThatThrownBy(() -> Safetensors.open(file))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("pickle of PyTorch")
                    .hasMessageContaining("safetensors.torch.save_file");
        }
        Files.move(folder.resolve("model.pt"), folder.resolve("diffusion_pytorch_model.bin"));
        assertThatThrownBy(() -> DitCheckpoint.open(folder))
                .hasMessageContaining("no .safetensors file, but PyTorch's pickles (diffusion_pytorch_model.bin)");
    }

    private void cut() throws IOException {
        Map<String, String> map = new LinkedHashMap<>();
        try (Checkpoint whole = Safetensors.open(DIFFUSERS.resolve("diffusion_pytorch_model.safetensors"))) {
            List<Map<String, Tensor>> parts = List.of(new LinkedHashMap<>(), new LinkedHashMap<>());
            for (String name : whole.names()) {
                int part = Math.floorMod(name.hashCode(), 2);
                parts.get(part).put(name, whole.tensor(name));
                map.put(name, file(part));
            }
            for (int part = 0; part < 2; part++) {
                Safetensors.write(folder.resolve(file(part)), parts.get(part), Map.of());
            }
        }
        index(map);
    }

    private static String file(int part) {
        return "diffusion_pytorch_model-0000" + (part + 1) + "-of-00002.safetensors";
    }

    private void one(String file, String... names) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : names) {
            tensors.put(name, Tensor.of(MemorySegment.ofArray(new float[2]), DType.F32, Shape.of(2)));
        }
        Safetensors.write(folder.resolve(file), tensors, Map.of());
    }

    private void index(Map<String, String> map) throws IOException {
        Files.writeString(
                folder.resolve(INDEX), Json.pretty(Map.of("metadata", Map.of("total_size", 8), "weight_map", map)));
    }
}
