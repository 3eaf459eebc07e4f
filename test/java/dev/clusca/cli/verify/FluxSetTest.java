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
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** FLUX's golden sets in another form than the published one: a batch of two images. */
class FluxSetTest {
    private static final String NOTHING = "";
    private static final int CLUSTERS = 6;

    @TempDir
    private Path folder;

    @BeforeEach
    void copy() throws IOException {
        Path flux = Files.createDirectory(folder.resolve("flux"));
        Files.copy(Verify.golden().resolve("flux/flux-weights.safetensors"), flux.resolve("flux-weights.safetensors"));
        twice("flux-forward", NOTHING, 0);
        twice("flux-trajectories", NOTHING, 0);
    }

    @Test
    void everyRowOfABatchIsCompared() throws IOException {
        Verify.Outcome outcome = verify(".*(forward|full|clusca)");
        outcome.isClean();
        assertThat(outcome.output()).contains("out.forward[2, 96, 16]", "clusca.samples[14, 2, 96, 16]");

        twice("flux-trajectories", "full.samples", 2 * 3 + 1);
        verify("flux-trajectories/full")
                .failedWith("flux/flux-trajectories/full ", "FAILED")
                .failedWith("samples of step 3");
    }

    /** The second row has one number of its own, and nothing that the file expects of it is true any more; with the first row's it would be. */
    @ParameterizedTest
    @CsvSource({
        "flux-forward, in.img, flux-forward/forward, out.forward",
        "flux-forward, in.txt, flux-forward/forward, out.forward",
        "flux-forward, in.vec, flux-forward/forward, out.forward",
        "flux-forward, in.t, flux-forward/forward, out.forward",
        "flux-forward, in.guidance, flux-forward/forward, out.forward",
        "flux-trajectories, in.noise, flux-trajectories/full, samples of step 0",
        "flux-trajectories, clusca.labels.step2.img_mlp, flux-trajectories/clusca, samples of step 3",
        "flux-trajectories, clusca.labels.step2.img_mlp, flux-trajectories/clusca/labels, step 2.img_mlp: row 1 token 0",
        "flux-trajectories, clusca.labels.step2.txt_mlp, flux-trajectories/clusca/labels, step 2.txt_mlp: row 1 token 0",
        "flux-trajectories, clusca.kmeans_init.img_mlp, flux-trajectories/clusca/labels, step 0.img_mlp: row 1 token",
        "flux-trajectories, clusca.representatives.step3.layer0.img_mlp, flux-trajectories/clusca, samples of step 3"
    })
    void everyRowHasItsOwn(String file, String key, String name, String finding) throws IOException {
        twice(file, key, 1);
        verify(name).failedWith("flux/" + name + " ", "FAILED").failedWith(finding);
    }

    private Verify.Outcome verify(String names) {
        return Verify.run("--backend", "cpu", "--golden", folder.toString(), "--op", "^flux/" + names + "$");
    }

    /**
     * Writes a file of the published set with every row twice.
     *
     * @param changed the key of a tensor with one other number
     * @param row in which it lies, counted through all steps
     */
    private void twice(String name, String changed, int row) throws IOException {
        Path target = folder.resolve("flux").resolve(name + ".safetensors");
        Files.deleteIfExists(target);
        try (Checkpoint published = Safetensors.open(Verify.golden().resolve("flux/" + name + ".safetensors"))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String key : published.names()) {
                Tensor tensor = published.tensor(key);
                int steps = key.endsWith(".samples") ? tensor.shape().size(0) : 1;
                Tensor twice = key.equals("schedule") ? tensor : twice(tensor, steps);
                int each = Math.toIntExact(tensor.shape().elements()) / steps;
                tensors.put(key, key.equals(changed) ? changed(twice, row * each) : twice);
            }
            assertThat(changed.equals(NOTHING) || tensors.containsKey(changed)).isTrue();
            Safetensors.write(target, tensors, published.metadata());
        }
    }

    /** @param steps that come before the rows */
    private static Tensor twice(Tensor tensor, int steps) {
        int each = Math.toIntExact(tensor.bytes() / steps);
        byte[] bytes = new byte[2 * steps * each];
        for (int i = 0; i < 2 * steps; i++) {
            MemorySegment.copy(
                    tensor.memory(), (long) i / 2 * each, MemorySegment.ofArray(bytes), (long) i * each, each);
        }
        long[] extents = tensor.shape().toArray();
        extents[steps == 1 ? 0 : 1] *= 2;
        return Tensor.of(MemorySegment.ofArray(bytes), tensor.dtype(), Shape.of(extents));
    }

    /** Another number, or another cluster or token. */
    private static Tensor changed(Tensor tensor, int at) {
        if (tensor.dtype() == DType.I32) {
            int[] values = Elements.ints(tensor);
            values[at] = (values[at] + 1) % CLUSTERS;
            return Tensor.of(MemorySegment.ofArray(values), DType.I32, tensor.shape());
        }
        float[] values = Elements.floats(tensor);
        values[at] += 9;
        return Tensor.of(MemorySegment.ofArray(values), DType.F32, tensor.shape());
    }
}
