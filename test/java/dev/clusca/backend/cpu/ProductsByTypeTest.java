package dev.clusca.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.backend.Activation;
import dev.clusca.backend.BackendOptions;
import dev.clusca.bindings.cpu.CpuLevel;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** One type of matrices multiplied by oneDNN and the other by our own kernels, as on processors with AMX: the same bits as from a backend with the one or the other alone. */
class ProductsByTypeTest {
    private static final CpuLevel LEVEL = CpuLevel.current().orElseThrow();

    /** oneDNN has float32 at every level. */
    private static final CpuChoice MIXED = new CpuChoice(LEVEL, Set.of(DType.F32));

    @Test
    void eachTypeHasItsOwn() {
        assertThat(results(MIXED, DType.F32)).isEqualTo(results(new CpuChoice(LEVEL, CpuChoice.ALL), DType.F32));
        assertThat(results(MIXED, DType.BF16)).isEqualTo(results(new CpuChoice(LEVEL, Set.of()), DType.BF16));
        assertThat(results(MIXED, DType.F32))
                .as("oneDNN sums in another order, or this test could not tell them apart")
                .isNotEqualTo(results(new CpuChoice(LEVEL, Set.of()), DType.F32));
    }

    @Test
    void saysSo() {
        assertThat(MIXED.describe()).matches("AVX[-0-9]+( BF16)?, own products, oneDNN [0-9.]+ in f32");
    }

    /** A product and attention. */
    private static List<ByteBuffer> results(CpuChoice choice, DType dtype) {
        try (CpuBackend backend = new CpuBackend(BackendOptions.DEFAULT, CpuBackend.NAME, choice);
                Arena arena = Arena.ofShared()) {
            Tensor weight = random(backend, arena, dtype, Shape.of(129, 300));
            Tensor a = random(backend, arena, dtype, Shape.of(40, 300));
            Tensor product = backend.allocate(arena, dtype, Shape.of(40, 129));
            backend.ops().gemm(a, backend.linear(arena, weight, null, dtype), Activation.NONE, product);
            Tensor qkv = random(backend, arena, dtype, Shape.of(2, 40, 3 * 66));
            Tensor attention = backend.allocate(arena, dtype, Shape.of(2, 40, 66));
            backend.ops().attention(qkv, 2, attention);
            List<ByteBuffer> results = new ArrayList<>();
            for (Tensor result : List.of(product, attention)) {
                byte[] bytes = new byte[(int) result.memory().byteSize()];
                backend.read(result, MemorySegment.ofArray(bytes));
                results.add(ByteBuffer.wrap(bytes));
            }
            return results;
        }
    }

    private static Tensor random(CpuBackend backend, Arena arena, DType dtype, Shape shape) {
        Random random = new Random(7);
        Tensor floats = backend.allocate(arena, DType.F32, shape);
        for (long i = 0; i < shape.elements(); i++) {
            floats.memory().setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        if (dtype == DType.F32) {
            return floats;
        }
        Tensor rounded = backend.allocate(arena, dtype, shape);
        backend.ops().cast(floats, rounded);
        return rounded;
    }
}
