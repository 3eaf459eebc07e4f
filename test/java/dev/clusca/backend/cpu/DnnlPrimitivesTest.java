package dev.clusca.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.clusca.backend.Activation;
import dev.clusca.bindings.cpu.CpuLevel;
import dev.clusca.bindings.dnnl.DnnlEngine;
import dev.clusca.bindings.dnnl.DnnlMatmul;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** oneDNN has plain loops for what it has no fast code for, a thousand times slower; none of the products in use may fall there. */
class DnnlPrimitivesTest {
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void runFastCode(DType dtype) {
        assumeTrue(
                dtype == DType.F32 || CpuLevel.available().contains(CpuLevel.V4),
                "oneDNN multiplies bfloat16 on processors with AVX-512 only");
        try (DnnlEngine engine = new DnnlEngine();
                DnnlPrimitives products = new DnnlPrimitives(engine);
                Arena arena = Arena.ofShared()) {
            for (int[] extents : new int[][] {{1152, 4608}, {1152, 32}, {384, 1152}, {96, 97}}) {
                Tensor weights = Tensor.of(arena.allocate(2), DType.BF16, Shape.of(1));
                CpuLinear layer =
                        new CpuLinear(extents[0], extents[1], dtype, weights, null, new CpuChoice(CpuLevel.V4, true));
                for (int rows : new int[] {1, 16, 33, 256}) {
                    for (Activation activation : Activation.values()) {
                        assertFast(products.linear(layer, rows, activation, DType.F32));
                    }
                }
            }
            for (int[] s : new int[][] {{256, 16, 72}, {97, 4, 24}, {1024, 6, 64}}) {
                DnnlPrimitives.AttentionProducts attention =
                        products.attention(new DnnlPrimitives.AttentionKey(dtype, 2, s[1], s[1], s[0], s[0], s[2]));
                assertFast(attention.scores());
                assertFast(attention.sums());
            }
        }
    }

    private static void assertFast(DnnlMatmul product) {
        assertThat(product.implementation()).doesNotContain("ref");
    }
}
