package dev.clusca.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code chain.cu}: the same bits on any grid and however far ahead its weights are brought. What they are is compared where the operations are. */
class ChainKernelTest {
    @ParameterizedTest
    @CsvSource({
        // layers, clusters, width, hidden, blocks, depth
        "3, 4, 32, 128, 5, 2",
        "3, 4, 32, 128, 16, 3",
        "2, 9, 64, 96, 3, 4",
        "2, 16, 64, 96, 8, 5",
        "2, 8, 96, 288, 7, 6",
        "2, 8, 96, 288, 40, 7",
        "1, 3, 32, 32, 1, 2",
        "2, 5, 40, 136, 9, 3",
        "3, 20, 32, 64, 11, 3",
    })
    void bitsHangNeitherOnTheGridNorOnTheDepth(int layers, int clusters, int width, int hidden, int blocks, int depth) {
        try (Gpu gpu = new Gpu()) {
            ChainLaunch chain = ChainLaunch.of(gpu, layers, clusters, width, hidden);
            chain.launch(Math.max(chain.parts(), 2), 2);
            List<double[]> expected = chain.results().stream().map(gpu::result).toList();
            chain.launch(blocks, depth);
            for (int i = 0; i < expected.size(); i++) {
                assertThat(gpu.result(chain.results().get(i)))
                        .as("result %d", i)
                        .isEqualTo(expected.get(i));
            }
            assertThat(gpu.intResult(chain.flags()))
                    .as("what blocks count themselves with")
                    .containsOnly(0);
        }
    }

    /** U of a cluster with a representative changes, and of one without it nothing. */
    @Test
    void whatAClusterWithoutMembersKeepsIsLeftAlone() {
        try (Gpu gpu = new Gpu()) {
            ChainLaunch chain = ChainLaunch.of(gpu, 2, 5, 32, 64);
            chain.launch(4, 2);
            int[] representatives = intsOf(gpu, chain.representatives());
            Tensor propagated = chain.propagated();
            double[] before = gpu.host.read(propagated);
            double[] after = gpu.result(propagated);
            for (int row = 0; row < representatives.length; row++) {
                boolean changed = false;
                for (int c = 0; c < chain.width(); c++) {
                    changed |= before[row * chain.width() + c] != after[row * chain.width() + c];
                }
                assertThat(changed).as("row %d", row).isEqualTo(representatives[row] >= 0);
            }
        }
    }

    private static int[] intsOf(Gpu gpu, Tensor tensor) {
        double[] values = gpu.host.read(tensor);
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) values[i];
        }
        return ints;
    }
}
