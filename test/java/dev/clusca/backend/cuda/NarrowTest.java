package dev.clusca.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.clusca.Repository;
import dev.clusca.tensor.DType;
import dev.clusca.tensor.Shape;
import dev.clusca.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class NarrowTest {
    @Test
    void bitsAreThoseOfTheKernels() throws IOException {
        String expected = Arrays.stream(Narrow.values())
                .map(n -> "NARROW_" + n.name() + " = " + (1 << n.ordinal()))
                .collect(Collectors.joining(", ", "enum Narrow { ", " };"));
        assertThat(Files.readString(Repository.path("kernels", "inc", "epilogue.cuh")))
                .contains(expected);
    }

    @Test
    void onlyBf16IsNarrow() {
        assertThat(Narrow.X.of(null)).isZero();
        assertThat(Narrow.X.of(Tensor.wrap(256, DType.F32, Shape.of(1)))).isZero();
        assertThat(Narrow.X.of(Tensor.wrap(256, DType.BF16, Shape.of(1)))).isEqualTo(8);
    }
}
