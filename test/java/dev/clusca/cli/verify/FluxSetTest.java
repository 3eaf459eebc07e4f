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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** FLUX's golden sets in another form than the published one. */
class FluxSetTest {
    @TempDir
    private Path folder;

    /** A batch of two images, the second with samples of its own: each runs with its own inputs, choices and expectations. */
    @Test
    void everyRowOfABatchIsCompared() throws IOException {
        Path flux = Files.createDirectory(folder.resolve("flux"));
        Files.copy(Verify.golden().resolve("flux/flux-weights.safetensors"), flux.resolve("flux-weights.safetensors"));
        twice("flux-forward", -1);
        twice("flux-trajectories", -1);
        Verify.Outcome outcome = verify();
        outcome.isClean();
        assertThat(outcome.output()).contains("out.forward[2, 96, 16]", "clusca.samples[14, 2, 96, 16]");

        twice("flux-trajectories", 3);
        verify().failedWith("flux/flux-trajectories/full ", "FAILED").failedWith("samples of step 3");
    }

    private Verify.Outcome verify() {
        return Verify.run("--backend", "cpu", "--golden", folder.toString(), "--op", "^flux/.*(forward|full|clusca)$");
    }

    /** Writes a file of the published set with every row twice. @param wrong the step whose second sample is another; -1 for none */
    private void twice(String name, int wrong) throws IOException {
        Path target = folder.resolve("flux").resolve(name + ".safetensors");
        Files.deleteIfExists(target);
        try (Checkpoint published = Safetensors.open(Verify.golden().resolve("flux/" + name + ".safetensors"))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String key : published.names()) {
                Tensor tensor = published.tensor(key);
                boolean samples = key.endsWith(".samples");
                tensors.put(key, key.equals("schedule") ? tensor : twice(tensor, samples ? wrong : -1, samples));
            }
            Safetensors.write(target, tensors, published.metadata());
        }
    }

    /** @param steps whether the rows are the second extent, behind the steps */
    private static Tensor twice(Tensor tensor, int wrong, boolean steps) {
        Shape shape = tensor.shape();
        int outer = steps ? shape.size(0) : 1;
        int each = Math.toIntExact(tensor.bytes() / outer);
        byte[] bytes = new byte[2 * outer * each];
        for (int i = 0; i < 2 * outer; i++) {
            MemorySegment.copy(
                    tensor.memory(), (long) i / 2 * each, MemorySegment.ofArray(bytes), (long) i * each, each);
        }
        long[] extents = shape.toArray();
        extents[steps ? 1 : 0] *= 2;
        Tensor twice = Tensor.of(MemorySegment.ofArray(bytes), tensor.dtype(), Shape.of(extents));
        if (wrong < 0) {
            return twice;
        }
        float[] values = Elements.floats(twice);
        values[(2 * wrong + 1) * (each / Float.BYTES)] += 9;
        return Tensor.of(MemorySegment.ofArray(values), DType.F32, twice.shape());
    }
}
