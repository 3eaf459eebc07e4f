package dev.clusca.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.checkpoint.Safetensors;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FingerprintTest {
    @TempDir
    Path folder;

    @Test
    void tellsWeightsOfTheSameSizesApart() {
        String one = fingerprint("one", Map.of("large", tensor(100_000, 1), "small", tensor(3, 2)));

        assertThat(fingerprint("copy", Map.of("large", tensor(100_000, 1), "small", tensor(3, 2))))
                .isEqualTo(one);
        assertThat(fingerprint("x", Map.of("large", tensor(100_000, 9), "small", tensor(3, 2))))
                .isNotEqualTo(one);
        assertThat(fingerprint("y", Map.of("large", tensor(100_000, 1), "small", tensor(3, 9))))
                .isNotEqualTo(one);
        assertThat(fingerprint("z", Map.of("large", tensor(100_000, 1), "other", tensor(3, 2))))
                .isNotEqualTo(one);
    }

    @Test
    void readsEveryShard() {
        String whole = fingerprint("whole", Map.of("a", tensor(3, 1), "b", tensor(3, 2)));
        Path index = folder.resolve("cut.safetensors.index.json");
        TinyPipeline.json(index, Map.of("weight_map", Map.of("a", "1.safetensors", "b", "2.safetensors")));
        fingerprint("1", Map.of("a", tensor(3, 1)));
        fingerprint("2", Map.of("b", tensor(3, 2)));
        assertThat(Fingerprint.of(index.toString())).isEqualTo(whole);

        fingerprint("2", Map.of("b", tensor(3, 9)));
        assertThat(Fingerprint.of(index.toString())).isNotEqualTo(whole);
    }

    @Test
    void leavesTheEncoderOut() {
        assertThat(fingerprint("a", Map.of("decoder.x", tensor(3, 1), "encoder.x", tensor(3, 2))))
                .isEqualTo(fingerprint("b", Map.of("decoder.x", tensor(3, 1))));
    }

    private String fingerprint(String name, Map<String, Tensor> tensors) {
        Path file = folder.resolve(name + ".safetensors");
        Safetensors.write(file, tensors, Map.of());
        return Fingerprint.of(file.toString());
    }

    private static Tensor tensor(int elements, long seed) {
        Random random = new Random(seed);
        float[] values = new float[elements];
        for (int i = 0; i < elements; i++) {
            values[i] = random.nextFloat();
        }
        return Tensor.of(MemorySegment.ofArray(values), DType.F32, Shape.of(elements));
    }
}
