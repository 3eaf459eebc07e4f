package dev.clusca.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.checkpoint.Checkpoint;
import dev.clusca.checkpoint.Elements;
import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
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
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    private void replace(String name, String key, UnaryOperator<Tensor> edit) throws IOException {
        change(
                name,
                (tensors, metadata) -> assertThat(tensors.computeIfPresent(key, (_, old) -> edit.apply(old)))
                        .isNotNull());
    }

    /** Changes some floats of one tensor. */
    private void edit(String name, String key, Consumer<float[]> edit) throws IOException {
        replace(name, key, old -> {
            float[] values = Elements.floats(old);
            edit.accept(values);
            return Tensor.of(MemorySegment.ofArray(values), DType.F32, old.shape());
        });
    }

    /** Makes one label another cluster's. */
    private void relabel(String name, String key, int token) throws IOException {
        replace(name, key, old -> {
            int[] labels = Elements.ints(old);
            labels[token] = labels[token] == 0 ? 1 : 0;
            return Tensor.of(MemorySegment.ofArray(labels), DType.I32, old.shape());
        });
    }

    /** Leaves the first numbers of a tensor alone, as many as the shape has. */
    private void cut(String name, String key, long... shape) throws IOException {
        replace(name, key, old -> {
            Shape less = Shape.of(shape);
            long bytes = old.bytes() / old.shape().elements() * less.elements();
            return Tensor.of(old.memory().asSlice(0, bytes), old.dtype(), less);
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

    /** The published order passes over it and is compared; the fast one would refuse to run. */
    @Test
    void noRepresentativesOfClustersWithMembers() throws IOException {
        replace("trajectories", "clusca.representatives.step11.layer2", old -> {
            int[] none = new int[Math.toIntExact(old.shape().elements())];
            Arrays.fill(none, -1);
            return Tensor.of(MemorySegment.ofArray(none), DType.I32, old.shape());
        });
        assertThat(verify("^dit/trajectories/clusca$").output()).contains("clusca.samples[20, 4, 4, 16, 16]  error ");
    }

    /** Which has none to guide with. */
    @Test
    void noGuidedPassOfAModelWithoutANullClass() throws IOException {
        String guided = "dit/dit-forward/forward_with_cfg";
        change("dit-forward", (tensors, _) -> tensors.remove("out.forward_with_cfg"));
        assertThat(cases("^dit/dit-forward/")).contains(guided);
        change("dit-forward", (_, metadata) -> metadata.put("class_dropout_prob", "0.0"));
        assertThat(cases("^dit/dit-forward/"))
                .contains("dit/dit-forward/final_tokens")
                .doesNotContain(guided);
    }

    private String cases(String op) {
        return Verify.run("--golden", folder.toString(), "--backend", "reference", "--op", op, "--list")
                .output();
    }

    /** From which a DiT's clusters start at the next full step. */
    @Test
    void missingCentroids() throws IOException {
        remove("trajectories", "clusca.centroids.step18");
        verify("^dit/trajectories/clusca/labels$").failedWith("the key 'clusca.centroids.step18' is missing");
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
    void oneWrongBeta() throws IOException {
        replace("diffusion", "50.betas", old -> {
            double[] betas = Elements.doubles(old);
            betas[3] *= 1 + 1e-9;
            return Tensor.of(MemorySegment.ofArray(betas), DType.F64, old.shape());
        });
        verify("^dit/diffusion/50$").failedWith("50.betas[3] is", "relative error");
    }

    @Test
    void oneWrongUpdate() throws IOException {
        edit("diffusion", "update.ddim_eta0.25", v -> v[0] += 1e-2f);
        verify("^dit/diffusion/update.ddim_eta0.25$").failedWith("update.ddim_eta0.25: relative L2 error", "[0]");
    }

    @Test
    void oneWrongLabel() throws IOException {
        relabel("kmeans", "small.labels", 17);
        verify("^dit/kmeans/small$").failedWith("small.labels must be equal, but 1 of 128 elements differ: [17]");
    }

    @Test
    void oneWrongCentroid() throws IOException {
        edit("kmeans", "small.centroids", v -> v[17] += 1e-2f);
        verify("^dit/kmeans/small$").failedWith("small.centroids: relative L2 error", "[17]");
    }

    @Test
    void oneWrongLabelOfARun() throws IOException {
        relabel("trajectories", "clusca.labels.step18", 64 + 17);
        verify("^dit/trajectories/clusca/labels$")
                .failedWith("labels of step 18: row 1 token 17 has")
                .failedWith("1 of 1536 labels differ");
    }

    @Test
    void tooFewElements() throws IOException {
        cut("kmeans", "small.labels", 2, 32);
        verify("^dit/kmeans/small$").failedWith("small.labels has 128 elements, 64 were expected");
        cut("diffusion", "50.betas", 5);
        verify("^dit/diffusion/50$").failedWith("50.betas has 5 numbers", "each of 50 steps");
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
                .failedWith("the golden folder " + empty + " holds no golden set");
    }

    @Test
    void emptySet(@TempDir Path parent) throws IOException {
        Files.createDirectory(parent.resolve("dit"));
        Verify.run("--backend", "reference", "--golden", parent.toString(), "--op", "^dit")
                .failedWith("the golden folder " + parent.resolve("dit") + " is empty");
    }

    @Test
    void noFolder() {
        assertThat(Verify.run(
                                "--backend",
                                "reference",
                                "--golden",
                                folder.resolve("none").toString())
                        .exit())
                .isEqualTo(2);
    }

    /** It used to pass: what is not known is skipped. */
    @Test
    void aFolderWithoutAnyGoldenSet(@TempDir Path parent) throws IOException {
        Files.createDirectory(parent.resolve("src"));
        Verify.run("--backend", "reference", "--golden", parent.toString(), "--op", "^dit/")
                .failedWith("the golden folder " + parent + " holds no golden set");
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

    private void copyFlux() throws IOException {
        Files.createDirectories(folder.resolve("flux"));
        for (String name : new String[] {"flux-forward", "flux-weights", "flux-trajectories"}) {
            Path file = Path.of("flux", name + ".safetensors");
            Files.copy(Verify.golden().resolve(file), folder.resolve(file));
        }
    }

    @Test
    void fluxFaults() throws IOException {
        Files.createDirectory(folder.resolve("flux"));
        verify("^flux").failedWith("the golden folder " + folder.resolve("flux") + " is empty");
        copyFlux();
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

    @Test
    void oneWrongLabelOfAFluxRun() throws IOException {
        copyFlux();
        relabel("../flux/flux-trajectories", "clusca.labels.step6.img_mlp", 17);
        verify("^flux/flux-trajectories/clusca/labels$")
                .failedWith("labels of step 6.img_mlp: row 0 token 17 has")
                .failedWith("1 of 580 labels differ");
    }

    @Test
    void fluxTensorsOfTooFewElements() throws IOException {
        copyFlux();
        cut("../flux/flux-trajectories", "full.samples", 14, 1, 48, 16);
        verify("^flux/flux-trajectories/full$").failedWith("samples of step 0 has 1536 elements, 768 were expected");
        verify("^flux/flux-trajectories/full/bf16$").failedWith("full.samples has 21504 elements, 10752 were expected");
        cut("../flux/flux-forward", "out.double0.img", 1, 48, 96);
        verify("^flux/flux-forward/double0.img$")
                .failedWith("'out.double0.img' has the shape [1, 48, 96], 4608 numbers; ours has 9216");
    }

    @ParameterizedTest
    @ValueSource(strings = {"in.t", "in.guidance"})
    void missingFluxInput(String key) throws IOException {
        copyFlux();
        remove("../flux/flux-forward", key);
        verify("^flux/flux-forward/forward$").failedWith("the key '" + key + "' is missing");
    }
}
