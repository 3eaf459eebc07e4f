package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Elements;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Golden data that is broken must fail {@code verify} with a line that names the cause. */
class GoldenFaultTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void copy() throws IOException {
        Files.createDirectory(folder.resolve("dit"));
        for (String name : new String[] {"kmeans", "diffusion", "dit-forward", "dit-weights", "trajectories"}) {
            Path file = Path.of("dit", name + ".safetensors");
            Files.copy(Verify.golden().resolve(file), folder.resolve(file));
        }
    }

    private Verify.Outcome verify(String op) {
        return Verify.run("--backend", "reference", "--golden", folder.toString(), "--op", op);
    }

    /** Rewrites a file of the copy. */
    private void change(String name, BiConsumer<Map<String, Tensor>, Map<String, String>> change) throws IOException {
        Path file = folder.resolve("dit").resolve(name + ".safetensors");
        Path changed = folder.resolve("changed");
        try (Checkpoint values = Safetensors.open(file)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            values.names().forEach(key -> tensors.put(key, values.tensor(key)));
            Map<String, String> metadata = new LinkedHashMap<>(values.metadata());
            change.accept(tensors, metadata);
            Safetensors.write(changed, tensors, metadata);
        }
        Files.move(changed, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private void remove(String name, String key) throws IOException {
        change(name, (tensors, metadata) -> assertThat(tensors.remove(key)).isNotNull());
    }

    /** Changes some floats of one tensor. */
    private void edit(String name, String key, Consumer<float[]> edit) throws IOException {
        change(name, (tensors, metadata) -> {
            Tensor old = tensors.get(key);
            float[] values = Elements.floats(old);
            edit.accept(values);
            tensors.put(key, Tensor.of(MemorySegment.ofArray(values), DType.F32, old.shape()));
        });
    }

    @Test
    void theCopyItselfPasses() {
        verify("^dit/(kmeans|diffusion)/").isClean();
    }

    @Test
    void missingLabels() throws IOException {
        remove("kmeans", "xl.labels");
        verify("^dit/kmeans/").failedWith("kmeans.safetensors", "the key 'xl.labels' is missing");
    }

    @Test
    void missingInput() throws IOException {
        remove("kmeans", "small.x");
        verify("^dit/kmeans/").failedWith("the key 'small.x' is missing");
    }

    @Test
    void missingUpdate() throws IOException {
        remove("diffusion", "update.ddpm.25");
        verify("^dit/diffusion/").failedWith("the key 'update.ddpm.25' is missing");
    }

    @Test
    void missingTable() throws IOException {
        remove("diffusion", "20.posterior_variance");
        verify("^dit/diffusion/").failedWith("the key '20.posterior_variance' is missing");
    }

    @Test
    void missingFeature() throws IOException {
        remove("dit-forward", "out.block2.mlp");
        verify("^dit/dit-forward/").failedWith("the key 'out.block2.mlp' is missing");
    }

    @Test
    void missingSamples() throws IOException {
        remove("trajectories", "taylorseer.samples");
        verify("^dit/trajectories/taylorseer$").failedWith("the key 'taylorseer.samples' is missing");
    }

    @Test
    void missingRepresentatives() throws IOException {
        remove("trajectories", "clusca.representatives.step11.layer2");
        verify("^dit/trajectories/clusca$").failedWith("the key 'clusca.representatives.step11.layer2' is missing");
    }

    @Test
    void missingSetting() throws IOException {
        change("trajectories", (tensors, metadata) -> metadata.remove("interval"));
        verify("^dit/trajectories/taylorseer$").failedWith("the metadata has no 'interval'");
    }

    @Test
    void aNaN() throws IOException {
        edit("dit-forward", "out.block1", v -> v[5] = Float.NaN);
        verify("^dit/dit-forward/").failedWith("element 5 of 'out.block1' is NaN");
    }

    @Test
    void aNaNInTheWeights() throws IOException {
        edit("dit-weights", "model.blocks.2.attn.proj.bias", v -> v[5] = Float.NaN);
        verify("^dit/dit-forward/").failedWith("blocks.2.attn.proj.bias");
    }

    @Test
    void oneWrongNumber() throws IOException {
        edit("dit-forward", "out.final_tokens", v -> v[17] += 0.01f);
        verify("^dit/dit-forward/").failedWith("out.final_tokens: relative L2 error", "[17]");
    }

    @Test
    void otherPolicyThanTheSamples() throws IOException {
        change("trajectories", (tensors, metadata) -> metadata.put("max_order", "0"));
        verify("^dit/trajectories/taylorseer$").failedWith("samples of step", "relative L2 error");
    }

    @Test
    void otherScheduleThanTheStepTypes() throws IOException {
        change("trajectories", (tensors, metadata) -> metadata.put("interval", "5"));
        verify("^dit/trajectories/taylorseer$").failedWith("step 14 is 'full'", "CACHED here");
    }

    @Test
    void otherPropagationRatio() throws IOException {
        change("trajectories", (tensors, metadata) -> metadata.put("gamma", "0.2"));
        verify("^dit/trajectories/clusca$").failedWith("samples of step", "relative L2 error");
    }

    @Test
    void truncatedFile() throws IOException {
        Path file = folder.resolve("dit/kmeans.safetensors");
        byte[] all = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(all, 1000));
        verify("^dit/kmeans").failedWith("kmeans.safetensors", "is not a valid safetensors file");
    }

    @Test
    void emptyFolder(@TempDir Path empty) {
        Verify.run("--backend", "reference", "--golden", empty.toString(), "--op", "^golden$")
                .failedWith("the golden folder " + empty + " is empty");
    }

    @Test
    void emptySet(@TempDir Path parent) throws IOException {
        Files.createDirectory(parent.resolve("dit"));
        Verify.run("--backend", "reference", "--golden", parent.toString(), "--op", "^dit")
                .failedWith("the golden folder " + parent.resolve("dit") + " is empty");
    }

    @Test
    void noFolder() {
        Verify.run("--backend", "reference", "--golden", folder.resolve("none").toString(), "--op", "^dit/")
                .failedWith("the golden folder", "does not exist");
    }

    @Test
    void noCase() {
        verify("^nothing-of-this-name$")
                .failedWith("no case has a name in which '^nothing-of-this-name$' is found")
                .failedWith("no case ran");
    }

    @Test
    void whatIsNotKnownIsSkippedAndFailsUnderStrict() throws IOException {
        Files.createDirectory(folder.resolve("hunyuan"));
        Verify.Outcome lenient = verify("^(hunyuan|dit/kmeans/small)");
        assertThat(lenient.exit()).isZero();
        assertThat(lenient.output()).contains("hunyuan  -  -  skipped: clusca does not know golden data of this name");
        Verify.run(
                        "--backend",
                        "reference",
                        "--golden",
                        folder.toString(),
                        "--op",
                        "^(hunyuan|dit/kmeans/small)",
                        "--strict")
                .failedWith("hunyuan", "skipped", "FAILED (--strict)");
    }

    @Test
    void fluxFaults() throws IOException {
        Files.createDirectory(folder.resolve("flux"));
        verify("^flux").failedWith("the golden folder " + folder.resolve("flux") + " is empty");
        for (String name : new String[] {"flux-forward", "flux-weights", "flux-trajectories"}) {
            Path file = Path.of("flux", name + ".safetensors");
            Files.copy(Verify.golden().resolve(file), folder.resolve(file));
        }
        // The fast order needs no text; the published one does.
        remove("../flux/flux-trajectories", "clusca.labels.step2.txt_mlp");
        verify("^flux/flux-trajectories/clusca$").isClean();
        verify("^flux/flux-trajectories/clusca/published-order$")
                .failedWith("the key 'clusca.labels.step2.txt_mlp' is missing");
        remove("../flux/flux-trajectories", "clusca.representatives.step5.layer1.img_mlp");
        verify("^flux/flux-trajectories/clusca$")
                .failedWith("the key 'clusca.representatives.step5.layer1.img_mlp' is missing");
        edit("../flux/flux-trajectories", "taylorseer.samples", values -> values[9 * 96 * 16] += 2);
        verify("^flux/flux-trajectories/taylorseer$").failedWith("samples of step 9", "relative L2 error");
        change("../flux/flux-trajectories", (tensors, metadata) -> metadata.put("interval", "5"));
        verify("^flux/flux-trajectories/taylorseer$").failedWith("step 6 is 'full'", "CACHED here");
        edit("../flux/flux-forward", "out.single1", values -> values[7] *= 3);
        remove("../flux/flux-forward", "out.double1.txt");
        verify("^flux/flux-forward/")
                .failedWith("out.single1", "relative L2 error")
                .failedWith("the key 'out.double1.txt' is missing");
        edit("../flux/flux-forward", "in.img_ids", values -> values[5] = 4.5f);
        verify("^flux/flux-forward/forward$").failedWith("'in.img_ids' holds 4.5; positions are whole numbers");
    }
}
