package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.tensor.Bf16;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Packed weights unpack to what they were, and the rest is zeros. */
class PackedWeightsTest {
    private static final long SEED = Long.getLong("clusca.seed", 20);

    @ParameterizedTest
    @CsvSource({"1, 1", "8, 32", "9, 33", "7, 31", "72, 64", "64, 16", "65, 3", "200, 97", "1152, 257"})
    void unpack(int outputs, int inputs) {
        for (DType stored : new DType[] {DType.F32, DType.BF16}) {
            for (DType packed : new DType[] {DType.F32, DType.BF16}) {
                check(outputs, inputs, stored, packed);
            }
        }
    }

    private static void check(int outputs, int inputs, DType stored, DType packed) {
        float[] weights = new float[outputs * inputs];
        SplittableRandom random = new SplittableRandom(SEED);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate((long) weights.length * stored.bytes());
            for (int i = 0; i < weights.length; i++) {
                weights[i] = (float) random.nextDouble(-2, 2);
                if (stored == DType.F32) {
                    memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, weights[i]);
                } else {
                    weights[i] = Bf16.round(weights[i]);
                    memory.setAtIndex(ValueLayout.JAVA_SHORT, i, Bf16.fromFloat(weights[i]));
                }
            }
            float[] all = new float
                    [Math.toIntExact(
                            PackedWeights.shape(outputs, inputs, packed).elements())];
            Arrays.fill(all, Float.NaN);
            PackedWeights.pack(Tensor.of(memory, stored, Shape.of(outputs, inputs)), packed, (element, group) -> {
                for (int i = 0; i < group.byteSize() / packed.bytes(); i++) {
                    all[(int) element + i] = packed == DType.F32
                            ? group.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i)
                            : Bf16.toFloat(group.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i));
                }
            });
            for (int n = 0; n < outputs; n++) {
                for (int k = 0; k < inputs; k++) {
                    int at = (int) PackedWeights.index(n, k, inputs, packed);
                    float expected = weights[n * inputs + k];
                    assertThat(all[at])
                            .as("weight %d, %d; -Dclusca.seed=%d", n, k, SEED)
                            .isEqualTo(packed == DType.F32 ? expected : Bf16.round(expected));
                    all[at] = 0;
                }
            }
            assertThat(all).containsOnly(0f);
        }
    }
}
