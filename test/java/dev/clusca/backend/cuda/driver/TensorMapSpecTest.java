package dev.clusca.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The description of a bulk copy. */
class TensorMapSpecTest {
    @Test
    void hasOneStrideFewerThanAxes() {
        assertThat(spec(List.of(64L, 32L), List.of(128L)).sizes()).hasSize(2);
        assertThatThrownBy(() -> spec(List.of(64L, 32L), List.of(2L, 128L)))
                .hasMessageContaining("2 sizes, 2 strides")
                .hasMessageContaining("one stride fewer than axes");
    }

    private static TensorMapSpec spec(List<Long> sizes, List<Long> strides) {
        return new TensorMapSpec(9, 4096, sizes, strides, List.of(64, 8), List.of(1, 1), 0, 3, 2, 0);
    }
}
